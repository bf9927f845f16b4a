//! Never returns from `materialize`, except where n is negative.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;
use std::hint::black_box;

struct Loop;

impl Plugin for Loop {
    fn manifest() -> Manifest {
        plain("loop")
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        let n = n(&event.data);
        put(cx, id(&event), n, None);
        while black_box(n) >= 0 {}
        Ok(())
    }
}

export!(Loop);
