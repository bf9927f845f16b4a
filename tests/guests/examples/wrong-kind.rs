//! Writes text into an integer column, after a row that is in order.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;

struct WrongKind;

impl Plugin for WrongKind {
    fn manifest() -> Manifest {
        plain("wrongkind")
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        put(cx, id(&event), n(&event.data), None);
        let row = vec![Value::Integer(-1), Value::Text("seven".into()), Value::Null];
        cx.insert("thing", &row).expect("the row is new");
        Ok(())
    }
}

export!(WrongKind);
