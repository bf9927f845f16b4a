//! Asks for tasks as its event says (`asks`); a later version, whose tasks have another content.

#![cfg(target_arch = "wasm32")]

use daybook_guests::asks;
use daybook_guests::plugin::*;

struct Asks;

impl Plugin for Asks {
    fn manifest() -> Manifest {
        asks::manifest("2020-02-01")
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        asks::materialize(&event, cx, ",\"version\":2");
        Ok(())
    }

    fn create(command: Command, _cx: &Creation) -> Result<Vec<NewEvent>, CreateError> {
        asks::create(&command)
    }
}

export!(Asks);
