//! The second version of `stack`, which extends the first and asks it, as its command says (`stack`).

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;
use daybook_guests::stack;

struct Stack;

impl Plugin for Stack {
    fn manifest() -> Manifest {
        stack::manifest(2)
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        stack::materialize(2, &event, cx)
    }

    fn create(command: Command, cx: &Creation) -> Result<Vec<NewEvent>, CreateError> {
        stack::create(2, &command, cx)
    }
}

export!(Stack);
