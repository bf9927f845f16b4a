//! The third version of `cascade`, which extends the second. Its payloads count in `count` what earlier ones have in `n`:
//! those are read as if they were its own, whichever version they are stamped with, and the versions before it get
//! them as they know them. It tells in the row which version the event is stamped with.

#![cfg(target_arch = "wasm32")]

use daybook_guests::json::Json;
use daybook_guests::plugin::*;

const SCHEMA: &str = r#"{"type":"object","properties":{"n":{"type":"integer"},"count":{"type":"integer"}},"anyOf":[{"required":["n"]},{"required":["count"]}]}"#;
const SCHEMA_OF_COUNT: &str =
    r#"{"type":"object","properties":{"count":{"type":"integer"}},"required":["count"]}"#;

struct Cascade;

/// What an event counts: in its own form since this version, in the earlier one before.
fn upcast(event: &Event) -> i64 {
    let payload = Json::parse(&event.data);
    match payload.get("count").integer() {
        Some(count) => count,
        None => n(&event.data),
    }
}

impl Plugin for Cascade {
    fn manifest() -> Manifest {
        Manifest {
            version: "2020-04-01".into(),
            extends: Some("2020-02-01".into()),
            changes: vec!["payloads have a count".into()],
            events: vec![event_type("cascade", "Happened", SCHEMA)],
            commands: vec![CommandType {
                name: "cascade.Do".into(),
                description: "ask for it to happen so often".into(),
                schema: SCHEMA_OF_COUNT.into(),
            }],
            tasks: vec![],
            ..plain("cascade")
        }
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        let known = Event {
            data: format!("{{\"n\":{}}}", upcast(&event)),
            ..event.clone()
        };
        cx.previous(&known)?;
        let before = cx.get("thing", &[Value::Integer(id(&event))]);
        let Some([_, Value::Integer(count), Value::Text(text)]) = before.as_deref() else {
            panic!("the version before wrote no row");
        };
        let text = format!("{text}, then third of {}", event.version);
        cx.upsert("thing", &thing_row(id(&event), *count, Some(&text)))
            .expect("there is no unique index");
        Ok(())
    }

    fn create(command: Command, _cx: &Creation) -> Result<Vec<NewEvent>, CreateError> {
        let payload = Json::parse(&command.data);
        let count = payload
            .get("count")
            .integer()
            .expect("the schema asks for it");
        Ok(vec![happened(&command, format!("{{\"count\":{count}}}"))])
    }
}

export!(Cascade);
