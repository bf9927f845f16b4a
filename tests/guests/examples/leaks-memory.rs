//! Takes 16 KiB in every call and never gives them back.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;
use std::hint::black_box;

struct LeaksMemory;

impl Plugin for LeaksMemory {
    fn manifest() -> Manifest {
        plain("leaksmemory")
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        std::mem::forget(black_box(Vec::<u8>::with_capacity(16 << 10)));
        put(cx, id(&event), n(&event.data), None);
        Ok(())
    }
}

export!(LeaksMemory);
