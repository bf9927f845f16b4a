//! From the 1,500th call of an instance on its rows have another `n`.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;
use std::sync::atomic::{AtomicI64, Ordering};

static CALLS: AtomicI64 = AtomicI64::new(0);

struct LateLeak;

impl Plugin for LateLeak {
    fn manifest() -> Manifest {
        plain("lateleak")
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        let calls = CALLS.fetch_add(1, Ordering::Relaxed) + 1;
        let late = i64::from(calls >= 1_500);
        put(cx, id(&event), n(&event.data) + late, None);
        Ok(())
    }
}

export!(LateLeak);
