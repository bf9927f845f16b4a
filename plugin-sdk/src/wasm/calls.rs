//! Calls from the host, carried to the plugin: the bindings' export traits, for every plugin at once.

use super::bindings::creating::exports::daybook::plugin::creator;
use super::bindings::describing::exports::daybook::plugin::describer;
use super::bindings::materializing::exports::daybook::plugin::materializer;
use super::host;
use crate::contract::types::{Command, CreateError, Event, NewEvent};
use crate::contract::{document, mistake};
use crate::cx::{Creation, Materialization};
use crate::failure::Done;
use crate::plugin::Plugin;

impl<P: Plugin> describer::Guest for P {
    fn describe() -> String {
        let manifest = document::write(&P::manifest(), &P::partitions());
        mistake::take().map_or(manifest, |words| document::write_mistake(&words))
    }
}

impl<P: Plugin> materializer::Guest for P {
    fn materialize(event: Event) -> Done {
        #[cfg(target_os = "unknown")]
        super::panics::log_with(host::log_of_changes);
        P::materialize(event, &Materialization::new(host::Materialization, P::NAME))
    }
}

impl<P: Plugin> creator::Guest for P {
    fn create(command: Command) -> Result<Vec<NewEvent>, CreateError> {
        #[cfg(target_os = "unknown")]
        super::panics::log_with(host::log_of_creating);
        let events = P::create(command, &Creation::new(host::Creation, P::NAME))?;
        let asked = events.into_iter().map(|event| event.into_raw(P::NAME));
        Ok(asked.collect())
    }
}
