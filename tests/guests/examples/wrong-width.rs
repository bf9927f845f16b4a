//! Writes a row with too few columns, on n = 2 one with too many, after a row that is in order.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;

struct WrongWidth;

impl Plugin for WrongWidth {
    fn manifest() -> Manifest {
        plain("wrongwidth")
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        put(cx, id(&event), n(&event.data), None);
        let width = if n(&event.data) == 2 { 4 } else { 2 };
        cx.insert("thing", &vec![Value::Integer(-1); width])
            .expect("the row is new");
        Ok(())
    }
}

export!(WrongWidth);
