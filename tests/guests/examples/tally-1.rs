//! Adds up (`tally`): adds what its event says.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;
use daybook_guests::tally;

struct Tally;

impl Plugin for Tally {
    fn manifest() -> Manifest {
        tally::manifest("2020-01-01")
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        tally::materialize(&event, cx, 1)
    }

    fn create(command: Command, _cx: &Creation) -> Result<Vec<NewEvent>, CreateError> {
        tally::create(&command, 90)
    }
}

export!(Tally);
