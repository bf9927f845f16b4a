//! Runs the SQL text in the payload's `sql` and keeps what came back. The command does the same as a creator and puts
//! the answer into the event `Answered`.

#![cfg(target_arch = "wasm32")]

use daybook_guests::{
    json::{Json, quote},
    plugin::*,
};

const SCHEMA: &str =
    r#"{"type":"object","properties":{"sql":{"type":"string"}},"required":["sql"]}"#;

fn sql(data: &str) -> String {
    let payload = Json::parse(data);
    payload.get("sql").text().expect("SQL").to_owned()
}

/// `["id","n"] [[1,2]]`
fn answer(result: &QueryResult) -> String {
    let columns: Vec<_> = result.columns.iter().cloned().map(Value::Text).collect();
    format!("{} {}", row_text(&columns), rows_text(&result.rows))
}

struct Sql;

impl Plugin for Sql {
    fn manifest() -> Manifest {
        let mut manifest = plain("sql");
        manifest.events[0].schema = SCHEMA.into();
        manifest.events.push(event_type("sql", "Answered", "{}"));
        manifest.commands[0].schema = SCHEMA.into();
        manifest
    }

    /// A row of its own comes first: it must go too where the SQL is refused.
    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        put(cx, id(&event), 0, None);
        let text = answer(&cx.query(&sql(&event.data), &[]));
        cx.update("thing", &thing_row(id(&event), 1, Some(&text)))
            .expect("the row is there");
        Ok(())
    }

    fn create(command: Command, cx: &Creation) -> Result<Vec<NewEvent>, CreateError> {
        let text = answer(&cx.query(&sql(&command.data), &[]));
        Ok(vec![NewEvent {
            event_type: "sql.Answered".into(),
            data: format!("{{\"text\":{}}}", quote(&text)),
            subject: None,
        }])
    }
}

export!(Sql);
