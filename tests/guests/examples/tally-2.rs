//! Adds up (`tally`): a later version, which adds everything twice and has a lower limit.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;
use daybook_guests::tally;

struct Tally;

impl Plugin for Tally {
    fn manifest() -> Manifest {
        tally::manifest("2020-02-01")
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        tally::materialize(&event, cx, 2)
    }

    fn create(command: Command, _cx: &Creation) -> Result<Vec<NewEvent>, CreateError> {
        tally::create(&command, 50)
    }
}

export!(Tally);
