//! Takes memory without end, except where n is negative.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;
use std::hint::black_box;

struct MemoryBomb;

impl Plugin for MemoryBomb {
    fn manifest() -> Manifest {
        plain("memorybomb")
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        let n = n(&event.data);
        put(cx, id(&event), n, None);
        let mut kept = Vec::new();
        while black_box(n) >= 0 {
            // Taken and not filled, so that the memory ends before the fuel does.
            kept.push(black_box(Vec::<u8>::with_capacity(1 << 20)));
        }
        Ok(())
    }
}

export!(MemoryBomb);
