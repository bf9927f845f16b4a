//! Writes into a table that it never declared, on n = 2 reads from it, after a row that is in order.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;

struct UnknownTable;

impl Plugin for UnknownTable {
    fn manifest() -> Manifest {
        plain("unknowntable")
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        put(cx, id(&event), n(&event.data), None);
        if n(&event.data) == 2 {
            cx.get("nothing", &[Value::Integer(1)]);
            return Ok(());
        }
        cx.insert("nothing", &thing_row(1, 1, None))
            .expect("the row is new");
        Ok(())
    }
}

export!(UnknownTable);
