//! Owns the targets that read what comes as text or bytes beside components: events, effects, expectations, logs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use daybook::book::Incoming;
use daybook::diff::Expectations;
use daybook::model::effects::decode;
use daybook::model::manifest::{Column, ColumnKind, Table};
use daybook::model::{
    Change, Effects, Layouts, PluginName, Row, TableLayout, Task, Value, state_given,
};
use daybook_tests::TestBook;

/// Text, where it is some.
fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// An event is refused, or has what it says.
pub fn event(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let Ok(event) = Incoming::parse(text) else {
        return;
    };
    let json: serde_json::Value = serde_json::from_str(text).expect("what was parsed is JSON");
    assert_eq!(json["type"], event.event_type.as_str());
    let data: serde_json::Value = serde_json::from_str(&event.data).expect("a payload is JSON");
    if let Some(given) = json.get("data") {
        assert_eq!(&data, given);
    }
}

pub fn event_seeds() -> Vec<Vec<u8>> {
    let event = r#"{"specversion":"1.0","id":"e1","source":"/here","type":"deposit.Deposited","subject":"a/1","time":"2024-06-01T14:00:00.5+02:00","datacontenttype":"application/json; charset=utf-8","traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01","data":{"account":1,"amount":12.50}}"#;
    [
        event,
        r#"{"type":"a.B"}"#,
        r#"{"type":"a.B","data":null,"id":null,"x":1,"y":true,"z":"\u0000"}"#,
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

/// A table with a column of each kind.
fn layouts() -> &'static Layouts {
    static ONE: OnceLock<Layouts> = OnceLock::new();
    ONE.get_or_init(|| {
        let column = |name: &str, kind| Column {
            name: name.to_owned(),
            kind,
            format: None,
            nullable: true,
            default: None,
        };
        let table = Table {
            name: "thing".to_owned(),
            columns: vec![
                Column {
                    nullable: false,
                    ..column("id", ColumnKind::Integer)
                },
                column("real", ColumnKind::Real),
                column("text", ColumnKind::Text),
                column("blob", ColumnKind::Blob),
            ],
            primary_key: vec!["id".to_owned()],
            indexes: Vec::new(),
        };
        let plugin = PluginName::new("fuzz").expect("a name");
        let layout = table.layout(&plugin).expect("a layout");
        Layouts::new(vec![Arc::new(layout)])
    })
}

fn known() -> BTreeMap<[u8; 16], Arc<TableLayout>> {
    let tables = layouts().tables.iter();
    tables.map(|it| (it.digest, it.clone())).collect()
}

/// Recorded bytes are refused, or are the canonical ones of what they say.
pub fn effects(bytes: &[u8]) {
    let Ok((changes, tasks)) = decode(bytes, &known()) else {
        return;
    };
    let changes = changes.into_iter().map(|change| Change {
        table: 0,
        before: change.before,
        after: change.after,
    });
    let effects = Effects {
        changes: changes.collect(),
        tasks,
    };
    let (again, _) = effects.encode(layouts());
    let (changes, tasks) = decode(&again, &known()).expect("what was encoded can be read");
    assert_eq!(changes.len(), effects.changes.len());
    assert_eq!(tasks, effects.tasks);
}

pub fn effects_seeds() -> Vec<Vec<u8>> {
    let row = |id: i64, text: &str| -> Row {
        vec![
            Value::Integer(id),
            Value::Real(0.5),
            Value::Text(text.to_owned()),
            Value::Null,
        ]
        .into()
    };
    let effects = Effects {
        changes: vec![
            Change {
                table: 0,
                before: None,
                after: Some(row(1, "a")),
            },
            Change {
                table: 0,
                before: Some(row(2, "b")),
                after: Some(row(2, "c")),
            },
            Change {
                table: 0,
                before: Some(row(3, "d")),
                after: None,
            },
        ],
        tasks: vec![Task {
            kind: "mail".to_owned(),
            key: Some("k".to_owned()),
            data: "{}".to_owned(),
            not_before: Some("2026-01-01T00:00:00Z".to_owned()),
        }],
    };
    vec![
        effects.encode(layouts()).0,
        Effects::default().encode(layouts()).0,
    ]
}

pub fn expectations(bytes: &[u8]) {
    if let Some(text) = text(bytes) {
        // Read or refused in words.
        let _ = Expectations::parse(text);
    }
}

pub fn expectations_seeds() -> Vec<Vec<u8>> {
    let plugins = daybook_tests::workspace::root().join("plugins");
    let mut found = Vec::new();
    for plugin in std::fs::read_dir(plugins)
        .expect("the workspace has plugins")
        .flatten()
    {
        for dated in std::fs::read_dir(plugin.path())
            .into_iter()
            .flatten()
            .flatten()
        {
            found.extend(std::fs::read(dated.path().join("expect.toml")).ok());
        }
    }
    found
}

/// Rows that an event gives are refused in words, or come out as they came in.
pub fn given(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    if let Ok(tables) = state_given::parse(text) {
        let again = state_given::data(&tables).to_string();
        assert_eq!(state_given::parse(&again).as_ref(), Ok(&tables));
    }
}

pub fn given_seeds() -> Vec<Vec<u8>> {
    let one = r#"{"tables": [{"table": "bank.account", "columns": ["id", "balance"], "put": [[3, 150], [4, null]], "key": ["id"], "delete": [[4]]}]}"#;
    vec![one.as_bytes().to_vec()]
}

/// A log that somebody hands over is taken whole, or refused whole in words.
pub fn fixture(bytes: &[u8]) {
    static BOOK: OnceLock<Mutex<TestBook>> = OnceLock::new();
    let Some(text) = text(bytes) else { return };
    let book = BOOK.get_or_init(|| Mutex::new(TestBook::with_guests(&["asks-1"])));
    let mut book = book.lock().unwrap_or_else(PoisonError::into_inner);
    let mut events = Vec::new();
    for line in text.lines() {
        match Incoming::parse(line) {
            Ok(event) => events.push(event),
            Err(_) => return,
        }
    }
    let head = book.head();
    match book.append(events) {
        Ok(receipts) => {
            let new = receipts.iter().filter(|it| !it.duplicate).count();
            assert_eq!(book.head().0, head.0 + new as u64);
        }
        Err(_) => assert_eq!(book.head(), head),
    }
}

pub fn fixture_seeds() -> Vec<Vec<u8>> {
    let line = |n: u64| {
        format!(
            r#"{{"specversion":"1.0","id":"f{n}","source":"/fuzz","type":"asks.Happened","time":"2026-01-01T00:00:00Z","data":{{"n":{n},"kind":"note","count":2}}}}"#
        )
    };
    vec![format!("{}\n{}\n", line(1), line(2)).into_bytes()]
}
