//! The plugin `strays` of 2020-01-01: it says nothing of partitions.

#![cfg(target_arch = "wasm32")]

use daybook_guests::{plugin::*, strays};

struct Strays;

impl Plugin for Strays {
    fn manifest() -> Manifest {
        strays::manifest("2020-01-01")
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        strays::materialize(&event, cx, 1)
    }
}

export!(Strays);
