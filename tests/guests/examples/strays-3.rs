//! The plugin `strays` of 2020-03-01: it says what the second does, adds twice as much, and fails for n = 13.

#![cfg(target_arch = "wasm32")]

use daybook_guests::{plugin::*, strays};

struct Strays;

impl Plugin for Strays {
    fn manifest() -> Manifest {
        Manifest {
            partitions: Some(strays::PARTITIONS.into()),
            ..strays::manifest("2020-03-01")
        }
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        strays::materialize(&event, cx, 2)
    }
}

export!(Strays);
