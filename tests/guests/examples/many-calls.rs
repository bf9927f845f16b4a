//! Calls the host a million times, except where n is negative.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;

/// How often the host is called.
const CALLS: i64 = 1_000_000;

struct ManyCalls;

impl Plugin for ManyCalls {
    fn manifest() -> Manifest {
        plain("manycalls")
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        let n = n(&event.data);
        put(cx, id(&event), n, None);
        let calls = if n < 0 { 0 } else { CALLS };
        for key in 0..calls {
            cx.get("thing", &[Value::Integer(key)]);
        }
        Ok(())
    }
}

export!(ManyCalls);
