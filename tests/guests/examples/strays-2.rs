//! The plugin `strays` of 2020-02-01: it says that its events are of the partition `n`.

#![cfg(target_arch = "wasm32")]

use daybook_guests::{plugin::*, strays};

struct Strays;

impl Plugin for Strays {
    fn manifest() -> Manifest {
        Manifest {
            partitions: Some(strays::PARTITIONS.into()),
            ..strays::manifest("2020-02-01")
        }
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        strays::materialize(&event, cx, 1)
    }
}

export!(Strays);
