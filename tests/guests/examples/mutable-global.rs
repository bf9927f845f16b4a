//! Counts its calls in a global and keeps the count: with an instance per call it is always 1.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;
use std::sync::atomic::{AtomicI64, Ordering};

static CALLS: AtomicI64 = AtomicI64::new(0);

/// This call's number within its instance.
fn count() -> i64 {
    CALLS.fetch_add(1, Ordering::Relaxed) + 1
}

struct Counter;

impl Plugin for Counter {
    fn manifest() -> Manifest {
        plain("counter")
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        put(cx, id(&event), count(), None);
        Ok(())
    }

    fn create(command: Command, _cx: &Creation) -> Result<Vec<NewEvent>, CreateError> {
        Ok(vec![happened(&command, format!("{{\"n\":{}}}", count()))])
    }
}

export!(Counter);
