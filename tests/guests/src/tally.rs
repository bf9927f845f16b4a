//! A plugin that adds up, for the simulation: `{"key": 1, "n": 2, "text": "a"}` adds n to row 1 and gives it the text, and
//! asks for a note under that key; `{"key": 1, "n": -1}` deletes the row, and fails where there is none. Its command logs
//! its payload as the event. Only compiled for WebAssembly.

use crate::json::{Json, quote};
use crate::plugin::*;

const SCHEMA: &str = r#"{"type":"object","properties":{"key":{"type":"integer"},"n":{"type":"integer"},"text":{"type":"string"}},"required":["key","n"]}"#;

pub fn manifest(version: &'static str) -> Manifest {
    let plain = plain("tally");
    let commands = plain.commands.into_iter();
    Manifest {
        version: version.into(),
        events: vec![event_type("tally", "Happened", SCHEMA)],
        commands: commands
            .map(|command| CommandType {
                schema: SCHEMA.into(),
                ..command
            })
            .collect(),
        ..plain
    }
}

/// Adds, so many times.
pub fn materialize(event: &Event, cx: &Materialization, times: i64) -> Result<(), Failure> {
    let data = Json::parse(&event.data);
    let key = data.get("key").integer().unwrap_or(0);
    let n = data.get("n").integer().unwrap_or(0);
    let text = data.get("text").text();
    let row_key = [Value::Integer(key)];
    let known = match cx.get("thing", &row_key).as_deref() {
        Some([_, Value::Integer(known), _]) => Some(*known),
        _ => None,
    };
    let failed = |message: String| Failure {
        code: "missing".into(),
        message,
    };
    let written = match (n, known) {
        (-1, None) => return Err(failed(format!("there is no row {key}"))),
        (-1, Some(_)) => cx.delete("thing", &row_key),
        (_, None) => cx.insert("thing", &thing_row(key, times * n, text)),
        (_, Some(known)) => cx.update("thing", &thing_row(key, known + times * n, text)),
    };
    written.map_err(|error| failed(format!("row {key}: {error:?}")))?;
    cx.enqueue(&Task {
        kind: "note".into(),
        key: Some(key.to_string()),
        data: format!("{{\"n\":{n},\"text\":{}}}", quote(text.unwrap_or_default())),
        not_before: None,
    });
    Ok(())
}

/// Rejects an n above a limit.
pub fn create(command: &Command, limit: i64) -> Result<Vec<NewEvent>, CreateError> {
    let n = n(&command.data);
    match n > limit {
        true => Err(CreateError::Rejected(Rejection {
            code: "too-much".into(),
            message: format!("n is {n}, above {limit}"),
            details: None,
        })),
        false => Ok(vec![happened(command, command.data.clone())]),
    }
}
