//! Owns what the guests share at the contract's level: the bindings, the well-behaved plugin that each of them
//! departs from, and its manifest. Only compiled for WebAssembly.

use crate::json::{Json, quote};
use bindings::daybook::plugin::types;
use bindings::exports::daybook::plugin::{creator, describer, materializer};

pub use crate::contract::{
    Bound, Column, ColumnKind, Command, CommandType, CreateError, Creation, Event, EventType,
    Failure, Find, ForeignTable, Index, Key, Level, Manifest, Materialization, NewEvent,
    QueryResult, Rejection, Row, Table, Task, TaskKind, Value, WriteError,
};
pub use bindings::export;

/// The contract, without an SDK between it and the guest.
pub mod bindings {
    wit_bindgen::generate!({
        path: "../../wit/v1",
        world: "plugin",
        pub_export_macro: true,
        default_bindings_module: "daybook_guests::plugin::bindings",
    });
}

/// A plugin that behaves. A guest replaces the function in which it does not.
pub trait Plugin {
    /// What `describe` returns; usually [`plain`].
    fn manifest() -> Manifest;

    /// Keeps the event's `n` in a row of `thing`.
    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        put(cx, id(&event), n(&event.data), None);
        Ok(())
    }

    /// Emits one `Happened` with the command's `n`.
    fn create(command: Command, _cx: &Creation) -> Result<Vec<NewEvent>, CreateError> {
        let data = format!("{{\"n\":{}}}", n(&command.data));
        Ok(vec![happened(&command, data)])
    }
}

impl<T: Plugin> describer::Guest for T {
    fn describe() -> String {
        T::manifest().json()
    }
}

impl<T: Plugin> materializer::Guest for T {
    fn materialize(event: types::Event) -> Result<(), types::Failure> {
        T::materialize(event.into(), &Materialization).map_err(Into::into)
    }
}

impl<T: Plugin> creator::Guest for T {
    fn create(command: types::Command) -> Result<Vec<types::NewEvent>, types::CreateError> {
        let events = T::create(command.into(), &Creation);
        let events = events.map_err(types::CreateError::from)?;
        Ok(events.into_iter().map(Into::into).collect())
    }
}

/// The payload's schema where a guest asks for nothing but `n`.
pub const SCHEMA_OF_N: &str =
    r#"{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}"#;

/// The manifest of a plugin that behaves: version 2020-01-01, the table `thing`, event `Happened`, which it
/// materializes, command `Do`, task kind `note`.
///
/// The date stands in the component as text, in one piece: a test makes a later version by writing another over it.
pub fn plain(plugin: &str) -> Manifest {
    Manifest {
        plugin: plugin.into(),
        version: std::hint::black_box("2020-01-01").into(),
        extends: None,
        description: "a guest of the host's tests".into(),
        changes: vec!["first version".into()],
        tables: vec![thing()],
        reads: vec![],
        events: vec![event_type(plugin, "Happened", SCHEMA_OF_N)],
        materializes: vec![format!("{plugin}.Happened")],
        commands: vec![CommandType {
            name: format!("{plugin}.Do"),
            description: "ask for it to happen".into(),
            schema: SCHEMA_OF_N.into(),
        }],
        tasks: vec![TaskKind {
            name: "note".into(),
            description: "tell somebody".into(),
        }],
        partitions: None,
    }
}

/// The table `thing(id integer primary key, n integer, text text null)`.
pub fn thing() -> Table {
    Table {
        name: "thing".into(),
        columns: vec![
            column("id", ColumnKind::Integer),
            column("n", ColumnKind::Integer),
            Column {
                nullable: true,
                ..column("text", ColumnKind::Text)
            },
        ],
        primary_key: vec!["id".into()],
        indexes: vec![],
    }
}

/// A column that is not nullable and has no default.
pub fn column(name: &str, kind: ColumnKind) -> Column {
    Column {
        name: name.into(),
        kind,
        format: None,
        nullable: false,
        default_value: None,
    }
}

/// An event type of the plugin.
pub fn event_type(plugin: &str, name: &str, schema: &str) -> EventType {
    EventType {
        name: format!("{plugin}.{name}"),
        description: "something happened".into(),
        schema: schema.into(),
    }
}

/// The payload's `n`; 0 where it has none.
pub fn n(data: &str) -> i64 {
    Json::parse(data).get("n").integer().unwrap_or(0)
}

/// The event's position, which is the key of the row that a guest writes for it.
pub fn id(event: &Event) -> i64 {
    event.seq.cast_signed()
}

/// A row of `thing`.
pub fn thing_row(id: i64, n: i64, text: Option<&str>) -> Row {
    let text = text.map_or(Value::Null, |text| Value::Text(text.into()));
    vec![Value::Integer(id), Value::Integer(n), text]
}

/// Inserts a row of `thing`.
pub fn put(cx: &Materialization, id: i64, n: i64, text: Option<&str>) {
    cx.insert("thing", &thing_row(id, n, text))
        .expect("the row is new");
}

/// The event `Happened` of the command's plugin.
pub fn happened(command: &Command, data: String) -> NewEvent {
    let (plugin, _) = command.command_type.split_once('.').expect("a full type");
    NewEvent {
        event_type: format!("{plugin}.Happened"),
        subject: None,
        data,
    }
}

/// A payload's value as a column's.
pub fn value(json: &Json) -> Value {
    match json {
        Json::Integer(integer) => Value::Integer(*integer),
        Json::Real(real) => Value::Real(*real),
        Json::Text(text) => Value::Text(text.clone()),
        Json::Boolean(boolean) => Value::Integer((*boolean).into()),
        Json::Null | Json::List(_) | Json::Object(_) => Value::Null,
    }
}

/// Rows as JSON text, `[[1,"a"],[2,null]]`, for a row that tells what a read returned.
pub fn rows_text(rows: &[Row]) -> String {
    let rows: Vec<_> = rows.iter().map(|row| row_text(row)).collect();
    format!("[{}]", rows.join(","))
}

/// One row as JSON text, `[1,"a",null]`. A blob is its bytes, as an array.
pub fn row_text(row: &[Value]) -> String {
    let values: Vec<_> = row
        .iter()
        .map(|value| match value {
            Value::Null => "null".into(),
            Value::Integer(integer) => integer.to_string(),
            Value::Real(real) => format!("{real:?}"),
            Value::Text(text) => quote(text),
            Value::Blob(bytes) => format!("{bytes:?}"),
        })
        .collect();
    format!("[{}]", values.join(","))
}
