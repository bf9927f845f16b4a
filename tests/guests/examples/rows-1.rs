//! Does to rows of `thing` what its payload says: `{"do": "insert", "id": 1, "n": 2, "text": "a"}` (and asks for a task
//! that holds the text), `number` and `text`, which change one column each, `copy`, which inserts a row `n` with the text
//! of row `id`, and `delete`. What is not possible fails.

#![cfg(target_arch = "wasm32")]

use daybook_guests::json::{Json, quote};
use daybook_guests::plugin::*;

struct Rows;

const SCHEMA: &str = r#"{"type":"object","properties":{"do":{"type":"string"}},"required":["do"]}"#;

impl Plugin for Rows {
    fn manifest() -> Manifest {
        let plain = plain("rows");
        let commands = plain.commands.into_iter();
        Manifest {
            events: vec![event_type("rows", "Happened", SCHEMA)],
            commands: commands
                .map(|command| CommandType {
                    schema: SCHEMA.into(),
                    ..command
                })
                .collect(),
            ..plain
        }
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        let data = Json::parse(&event.data);
        let number = |name: &str| data.get(name).integer().unwrap_or(0);
        let text = data.get("text").text();
        let (id, n) = (number("id"), number("n"));
        let row = || match cx.get("thing", &[Value::Integer(id)]).as_deref() {
            Some([_, Value::Integer(n), Value::Text(text)]) => Ok((*n, Some(text.clone()))),
            Some([_, Value::Integer(n), _]) => Ok((*n, None)),
            _ => Err(failed("missing", format!("there is no row {id}"))),
        };
        let written = match data.get("do").text() {
            Some("insert") => {
                cx.enqueue(&Task {
                    kind: "note".into(),
                    key: None,
                    data: format!("{{\"text\":{}}}", quote(text.unwrap_or_default())),
                    not_before: None,
                });
                cx.insert("thing", &thing_row(id, n, text))
            }
            Some("number") => cx.update("thing", &thing_row(id, n, row()?.1.as_deref())),
            Some("text") => cx.update("thing", &thing_row(id, row()?.0, text)),
            Some("copy") => cx.insert("thing", &thing_row(n, 0, row()?.1.as_deref())),
            Some("delete") => cx.delete("thing", &[Value::Integer(id)]),
            _ => Ok(()),
        };
        written.map_err(|error| failed("not-written", format!("row {id}: {error:?}")))
    }

    fn create(command: Command, _cx: &Creation) -> Result<Vec<NewEvent>, CreateError> {
        let data = command.data.clone();
        Ok(vec![happened(&command, data)])
    }
}

fn failed(code: &str, message: String) -> Failure {
    Failure {
        code: code.into(),
        message,
    }
}

export!(Rows);
