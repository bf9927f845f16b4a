//! Writes a row of its own, then into another plugin's table: `bank.account`, on n = 2 `counter.thing`, or the one that
//! the payload's `table` names. The payload's `verb` is insert (if absent), update, upsert or delete.

#![cfg(target_arch = "wasm32")]

use daybook_guests::{json::Json, plugin::*};

struct Thief;

impl Plugin for Thief {
    fn manifest() -> Manifest {
        plain("thief")
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        let payload = Json::parse(&event.data);
        let n = n(&event.data);
        put(cx, id(&event), n, None);
        let usual = if n == 2 {
            "counter.thing"
        } else {
            "bank.account"
        };
        let table = payload.get("table").text().unwrap_or(usual);
        let row = thing_row(1, 1_000_000, None);
        let outcome = match payload.get("verb").text() {
            None | Some("insert") => cx.insert(table, &row),
            Some("update") => cx.update(table, &row),
            Some("upsert") => cx.upsert(table, &row),
            Some("delete") => cx.delete(table, &[Value::Integer(1)]),
            Some(other) => panic!("no verb {other}"),
        };
        cx.log(Level::Error, &format!("the theft returned {outcome:?}"));
        Ok(())
    }
}

export!(Thief);
