//! A plugin that asks for whatever tasks its event says: `{"n": 1, "kind": "note", "key": "a", "count": 2, "not_before":
//! "…", "data": "<JSON text>"}` asks for two notes under the key a. What is left out: one note without a key, whose data has
//! `n` and the task's place. Its command logs its payload as the event. Only compiled for WebAssembly.

use crate::json::{Json, quote};
use crate::plugin::*;

/// Kinds that may be asked for.
const KINDS: [&str; 4] = ["note", "letter", "daybook.command", "daybook.react"];

/// Anything with an `n`.
const SCHEMA: &str = r#"{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}"#;

pub fn manifest(version: &'static str) -> Manifest {
    let plain = plain("asks");
    let kind = |name: &&str| TaskKind {
        name: (*name).into(),
        description: "whatever the event says".into(),
    };
    let commands = plain.commands.into_iter();
    Manifest {
        version: version.into(),
        events: vec![event_type("asks", "Happened", SCHEMA)],
        commands: commands
            .map(|command| CommandType {
                schema: SCHEMA.into(),
                ..command
            })
            .collect(),
        tasks: KINDS.iter().map(kind).collect(),
        ..plain
    }
}

/// Keeps the event's `n`, and asks. `more` stands in the data of tasks.
pub fn materialize(event: &Event, cx: &Materialization, more: &str) {
    let asked = Json::parse(&event.data);
    let n = n(&event.data);
    put(cx, id(event), n, None);
    for at in 0..asked.get("count").integer().unwrap_or(1) {
        let own = format!("{{\"n\":{n},\"at\":{at}{more}}}");
        cx.enqueue(&Task {
            kind: asked.get("kind").text().unwrap_or("note").into(),
            key: asked.get("key").text().map(str::to_owned),
            data: asked.get("data").text().map_or(own, str::to_owned),
            not_before: asked.get("not_before").text().map(str::to_owned),
        });
    }
}

/// Rejects 13, and logs everything else as it came.
pub fn create(command: &Command) -> Result<Vec<NewEvent>, CreateError> {
    match n(&command.data) {
        13 => Err(CreateError::Rejected(Rejection {
            code: "thirteen".into(),
            message: format!("n is {}", quote("13")),
            details: None,
        })),
        _ => Ok(vec![happened(command, command.data.clone())]),
    }
}
