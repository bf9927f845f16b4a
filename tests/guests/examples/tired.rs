//! Counts its calls in its log, which is no effect, and traps in every 150th call of an instance; its effects are always
//! the same. On n = 13 it fails after a write, in every instance.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;
use std::sync::atomic::{AtomicI64, Ordering};

static CALLS: AtomicI64 = AtomicI64::new(0);

/// This call's number within its instance.
fn count() -> i64 {
    CALLS.fetch_add(1, Ordering::Relaxed) + 1
}

struct Tired;

impl Plugin for Tired {
    fn manifest() -> Manifest {
        plain("tired")
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        let n = n(&event.data);
        let calls = count();
        cx.log(Level::Info, &format!("call {calls}"));
        put(cx, id(&event), n, None);
        assert!(calls % 150 != 0, "tired");
        if n == 13 {
            return Err(Failure {
                code: "thirteen".into(),
                message: "n is 13".into(),
            });
        }
        Ok(())
    }

    fn create(command: Command, cx: &Creation) -> Result<Vec<NewEvent>, CreateError> {
        let calls = count();
        cx.log(Level::Info, &format!("call {calls}"));
        assert!(calls % 150 != 0, "tired");
        let data = format!("{{\"n\":{}}}", n(&command.data));
        Ok(vec![happened(&command, data)])
    }
}

export!(Tired);
