//! Keeps what the wall clock and the monotonic clock of WASI say: both must be functions of the event.

#![cfg(target_os = "wasi")]

use daybook_guests::plugin::*;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

struct Clock;

impl Plugin for Clock {
    fn manifest() -> Manifest {
        plain("clock")
    }

    /// `n` is the wall clock in milliseconds since 1970; the text has both clocks in full.
    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        let monotonic = Instant::now();
        let wall = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("the wall clock is past 1970");
        let text = format!("wall {} ns, monotonic {monotonic:?}", wall.as_nanos());
        let milliseconds = wall.as_millis().try_into().expect("a date of our time");
        put(cx, id(&event), milliseconds, Some(&text));
        Ok(())
    }
}

export!(Clock);
