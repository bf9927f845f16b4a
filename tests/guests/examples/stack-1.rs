//! The first version of `stack`: its creator stands at the end of what the others ask (`stack`).

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;
use daybook_guests::stack;

struct Stack;

impl Plugin for Stack {
    fn manifest() -> Manifest {
        stack::manifest(1)
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        stack::materialize(1, &event, cx)
    }

    fn create(command: Command, cx: &Creation) -> Result<Vec<NewEvent>, CreateError> {
        stack::create(1, &command, cx)
    }
}

export!(Stack);
