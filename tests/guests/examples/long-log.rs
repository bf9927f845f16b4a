//! Logs ten megabytes, cut into n lines.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;

struct LongLog;

impl Plugin for LongLog {
    fn manifest() -> Manifest {
        plain("longlog")
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        put(cx, id(&event), n(&event.data), None);
        let lines = usize::try_from(n(&event.data)).map_or(1, |lines| lines.max(1));
        let line = "x".repeat((10 << 20) / lines);
        for _ in 0..lines {
            cx.log(Level::Info, &line);
        }
        Ok(())
    }
}

export!(LongLog);
