//! Calls from the host, carried to the plugin: the bindings' export traits, for every plugin at once.

use super::bindings::creating::daybook::plugin::creation;
use super::bindings::creating::exports::daybook::plugin::creator;
use super::bindings::describing::exports::daybook::plugin::describer;
use super::bindings::materializing::daybook::plugin::materialization;
use super::bindings::materializing::exports::daybook::plugin::materializer;
use super::bindings::partitioning::exports::daybook::plugin::partitioner;
use super::host;
use crate::contract::manifest::Manifest;
use crate::contract::partitions::{EventPartition, PartitionSource, TablePartition};
use crate::contract::types::{Command, CreateError, Event, NewEvent};
use crate::cx::{Creation, Materialization};
use crate::failure::Done;
use crate::plugin::Plugin;

impl<P: Plugin> describer::Guest for P {
    fn describe() -> Manifest {
        P::manifest()
    }
}

impl<P: Plugin> partitioner::Guest for P {
    fn partitions() -> partitioner::Partitioning {
        let declared = P::partitions();
        let event = |it: EventPartition| partitioner::EventPartition {
            event_type: it.event_type,
            source: match it.source {
                PartitionSource::Subject(prefix) => partitioner::PartitionSource::Subject(prefix),
                PartitionSource::Field(name) => partitioner::PartitionSource::Field(name),
            },
        };
        let table = |it: TablePartition| partitioner::TablePartition {
            table: it.table,
            column: it.column,
        };
        partitioner::Partitioning {
            events: declared.events.into_iter().map(event).collect(),
            tables: declared.tables.into_iter().map(table).collect(),
        }
    }
}

impl<P: Plugin> materializer::Guest for P {
    fn materialize(event: Event, lent: &materialization::Materialization) -> Done {
        let host = host::Materialization::new(lent);
        #[cfg(target_os = "unknown")]
        super::panics::log_with(lent.handle(), host::Materialization::log_by_handle);
        P::materialize(event, &Materialization::new(host, P::NAME))
    }
}

impl<P: Plugin> creator::Guest for P {
    fn create(command: Command, lent: &creation::Creation) -> Result<Vec<NewEvent>, CreateError> {
        let host = host::Creation::new(lent);
        #[cfg(target_os = "unknown")]
        super::panics::log_with(lent.handle(), host::Creation::log_by_handle);
        let events = P::create(command, &Creation::new(host, P::NAME))?;
        let asked = events.into_iter().map(|event| event.into_raw(P::NAME));
        Ok(asked.collect())
    }
}
