//! Asks for tasks as its event says (`asks`).

#![cfg(target_arch = "wasm32")]

use daybook_guests::asks;
use daybook_guests::plugin::*;

struct Asks;

impl Plugin for Asks {
    fn manifest() -> Manifest {
        asks::manifest("2020-01-01")
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        asks::materialize(&event, cx, "");
        Ok(())
    }

    fn create(command: Command, _cx: &Creation) -> Result<Vec<NewEvent>, CreateError> {
        asks::create(&command)
    }
}

export!(Asks);
