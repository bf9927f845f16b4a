//! Logs a megabyte n times: what passes to the host costs the guest next to nothing.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;

struct LogFlood;

impl Plugin for LogFlood {
    fn manifest() -> Manifest {
        plain("logflood")
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        let line = "x".repeat(1 << 20);
        for _ in 0..n(&event.data) {
            cx.log(Level::Info, &line);
        }
        put(cx, id(&event), n(&event.data), None);
        Ok(())
    }
}

export!(LogFlood);
