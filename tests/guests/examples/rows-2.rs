//! Another version of `rows`, on its own: its table has no column `text`, and it only inserts and deletes.

#![cfg(target_arch = "wasm32")]

use daybook_guests::json::Json;
use daybook_guests::plugin::*;

struct Rows;

impl Plugin for Rows {
    fn manifest() -> Manifest {
        let mut table = thing();
        table.columns.truncate(2);
        Manifest {
            version: "2020-02-01".into(),
            tables: vec![table],
            events: vec![event_type("rows", "Happened", r#"{"type":"object"}"#)],
            ..plain("rows")
        }
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        let data = Json::parse(&event.data);
        let number = |name: &str| data.get(name).integer().unwrap_or(0);
        let written = match data.get("do").text() {
            Some("insert") => cx.insert(
                "thing",
                &vec![Value::Integer(number("id")), Value::Integer(number("n"))],
            ),
            Some("delete") => cx.delete("thing", &[Value::Integer(number("id"))]),
            _ => Ok(()),
        };
        written.expect("rows come once and go once");
        Ok(())
    }
}

export!(Rows);
