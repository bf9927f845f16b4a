//! On n = 13, writes two rows, asks for a task, says why, then panics. Behaves otherwise.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;

struct TrapAfterWrites;

impl Plugin for TrapAfterWrites {
    fn manifest() -> Manifest {
        plain("trapafterwrites")
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        let n = n(&event.data);
        put(cx, id(&event), n, None);
        if n == 13 {
            put(cx, -id(&event), n, Some("second"));
            cx.enqueue(&Task {
                kind: "note".into(),
                key: None,
                data: "{}".into(),
                not_before: None,
            });
            cx.log(Level::Error, "thirteen is too many");
            panic!("n is 13");
        }
        Ok(())
    }
}

export!(TrapAfterWrites);
