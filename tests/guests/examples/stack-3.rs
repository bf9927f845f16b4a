//! The third version of `stack`, which extends the second and asks it, as its command says (`stack`).

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;
use daybook_guests::stack;

struct Stack;

impl Plugin for Stack {
    fn manifest() -> Manifest {
        stack::manifest(3)
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        stack::materialize(3, &event, cx)
    }

    fn create(command: Command, cx: &Creation) -> Result<Vec<NewEvent>, CreateError> {
        stack::create(3, &command, cx)
    }
}

export!(Stack);
