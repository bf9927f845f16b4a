//! Asks for a task of a kind that its manifest does not list, after a row that is in order.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;

struct UndeclaredTask;

impl Plugin for UndeclaredTask {
    fn manifest() -> Manifest {
        plain("undeclaredtask")
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        put(cx, id(&event), n(&event.data), None);
        cx.enqueue(&Task {
            kind: "secret".into(),
            key: None,
            data: "{}".into(),
            not_before: None,
        });
        Ok(())
    }
}

export!(UndeclaredTask);
