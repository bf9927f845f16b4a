//! A version of `rows` whose table has lost the column `text` while its code still needs it: it inserts, and fails on every
//! event that is about the text.

#![cfg(target_arch = "wasm32")]

use daybook_guests::json::Json;
use daybook_guests::plugin::*;

struct Rows;

impl Plugin for Rows {
    fn manifest() -> Manifest {
        let mut table = thing();
        table.columns.truncate(2);
        Manifest {
            version: "2020-03-01".into(),
            changes: vec!["texts are gone".into()],
            tables: vec![table],
            events: vec![event_type("rows", "Happened", r#"{"type":"object"}"#)],
            ..plain("rows")
        }
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        let data = Json::parse(&event.data);
        let number = |name: &str| data.get(name).integer().unwrap_or(0);
        let mut row = vec![Value::Integer(number("id")), Value::Integer(number("n"))];
        let written = match data.get("do").text() {
            Some("insert") => cx.insert("thing", &row),
            Some("text") => {
                row.push(Value::Text("the column is not there".into()));
                cx.update("thing", &row)
            }
            _ => Ok(()),
        };
        written.map_err(|error| Failure {
            code: "not-written".into(),
            message: format!("{error:?}"),
        })
    }
}

export!(Rows);
