//! What the contract's `partitioner` answers. No world of the contract needs to have it, so its types are written out here.

use wasmtime::component::{ComponentType, Lift};

use crate::model;
use crate::model::partition;

#[derive(ComponentType, Lift)]
#[component(record)]
pub struct Partitioning {
    events: Vec<EventPartition>,
    tables: Vec<TablePartition>,
}

#[derive(ComponentType, Lift)]
#[component(record)]
pub struct EventPartition {
    #[component(name = "event-type")]
    event_type: String,
    source: PartitionSource,
}

#[derive(ComponentType, Lift)]
#[component(variant)]
pub enum PartitionSource {
    #[component(name = "subject")]
    Subject(String),
    #[component(name = "field")]
    Field(String),
}

#[derive(ComponentType, Lift)]
#[component(record)]
pub struct TablePartition {
    table: String,
    column: String,
}

impl From<Partitioning> for model::Partitioning {
    fn from(declared: Partitioning) -> Self {
        let event = |it: EventPartition| partition::EventPartition {
            event: it.event_type,
            source: match it.source {
                PartitionSource::Subject(prefix) => model::PartitionSource::Subject(prefix),
                PartitionSource::Field(name) => model::PartitionSource::Field(name),
            },
        };
        let table = |it: TablePartition| partition::TablePartition {
            table: it.table,
            column: it.column,
        };
        model::Partitioning {
            events: declared.events.into_iter().map(event).collect(),
            tables: declared.tables.into_iter().map(table).collect(),
        }
    }
}
