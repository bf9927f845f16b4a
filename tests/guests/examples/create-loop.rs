//! Never returns from `create`, except where n is negative.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;
use std::hint::black_box;

struct CreateLoop;

impl Plugin for CreateLoop {
    fn manifest() -> Manifest {
        plain("createloop")
    }

    fn create(command: Command, _cx: &Creation) -> Result<Vec<NewEvent>, CreateError> {
        let n = n(&command.data);
        while black_box(n) >= 0 {}
        Ok(vec![happened(&command, format!("{{\"n\":{n}}}"))])
    }
}

export!(CreateLoop);
