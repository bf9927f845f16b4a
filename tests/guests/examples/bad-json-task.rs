//! Asks for a task whose data is not JSON, after a row that is in order.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;

struct BadJsonTask;

impl Plugin for BadJsonTask {
    fn manifest() -> Manifest {
        plain("badjsontask")
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        put(cx, id(&event), n(&event.data), None);
        cx.enqueue(&Task {
            kind: "note".into(),
            key: None,
            data: "{not JSON".into(),
            not_before: None,
        });
        Ok(())
    }
}

export!(BadJsonTask);
