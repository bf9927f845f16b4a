//! Writes n rows for one event.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;

struct ManyWrites;

impl Plugin for ManyWrites {
    fn manifest() -> Manifest {
        plain("manywrites")
    }

    /// The rows' ids start at seq · 2^32, so that no two events' rows meet.
    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        for number in 0..n(&event.data) {
            put(cx, (id(&event) << 32) + number, number, None);
        }
        Ok(())
    }
}

export!(ManyWrites);
