//! A plugin whose events are of the partition `n`: `{"n": 1, "do": "get", "id": 2}` touches row 2 as well, in the way that
//! `do` says; without one it adds to its own row. What it asks as a whole is `find-all`, `find-text` and `sql`. Only compiled
//! for WebAssembly.

use crate::json::Json;
use crate::plugin::*;

/// Its events are of the partition `n`, which is the key of `thing`.
pub const PARTITIONS: &str = r#"{"events":[{"event":"strays.Happened","field":"n"}],"tables":[{"table":"thing","column":"id"}]}"#;

const SCHEMA: &str = r#"{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}"#;

/// Of a date that extends nothing. Its table has an index, which does not begin with the partition.
pub fn manifest(version: &'static str) -> Manifest {
    let plain = plain("strays");
    let by_text = Index {
        name: "by_text".into(),
        columns: vec!["text".into(), "id".into()],
        unique: true,
    };
    Manifest {
        version: version.into(),
        events: vec![event_type("strays", "Happened", SCHEMA)],
        tables: vec![
            Table {
                indexes: vec![by_text],
                ..thing()
            },
            Table {
                name: "whole".into(),
                ..thing()
            },
        ],
        ..plain
    }
}

/// Does what the event says, and adds `more` to its own row. n = 13 fails where `more` is not 1.
pub fn materialize(event: &Event, cx: &Materialization, more: i64) -> Result<(), Failure> {
    let asked = Json::parse(&event.data);
    let (own, id) = (n(&event.data), asked.get("id").integer().unwrap_or(0));
    if own == 13 && more != 1 {
        return Err(Failure {
            code: "thirteen".into(),
            message: "it is thirteen".into(),
        });
    }
    let key = |id: i64| vec![Value::Integer(id)];
    let find = |index: Option<&str>, prefix: Vec<Value>| Find {
        index: index.map(str::to_owned),
        prefix,
        lower: None,
        upper: None,
        descending: false,
        limit: None,
    };
    let text = || Value::Text("x".into());
    match asked.get("do").text() {
        Some("get") => drop(cx.get("thing", &key(id))),
        Some("put") => drop(cx.upsert("thing", &thing_row(id, 0, None))),
        Some("delete") => drop(cx.delete("thing", &key(id))),
        Some("find") => drop(cx.find("thing", &find(None, key(id)))),
        Some("find-all") => drop(cx.find("thing", &find(None, vec![]))),
        Some("find-text") => drop(cx.find("thing", &find(Some("by_text"), vec![text()]))),
        Some("find-both") => drop(cx.find(
            "thing",
            &find(Some("by_text"), vec![text(), Value::Integer(id)]),
        )),
        Some("sql") => drop(cx.query("SELECT 1", &[])),
        Some("whole") => drop(cx.get("whole", &key(own))),
        _ => {}
    }
    let count = match cx.get("thing", &key(own)).as_deref() {
        Some([_, Value::Integer(count), _]) => *count,
        _ => 0,
    };
    cx.upsert("thing", &thing_row(own, count + more, Some("y")))
        .expect("its text and its number are no other row's");
    Ok(())
}
