//! Asks for n tasks of a megabyte each.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;

struct ManyTasks;

impl Plugin for ManyTasks {
    fn manifest() -> Manifest {
        plain("manytasks")
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        let data = format!("\"{}\"", "x".repeat(1_000_000));
        for _ in 0..n(&event.data) {
            cx.enqueue(&Task {
                kind: "note".into(),
                key: None,
                data: data.clone(),
                not_before: None,
            });
        }
        put(cx, id(&event), n(&event.data), None);
        Ok(())
    }
}

export!(ManyTasks);
