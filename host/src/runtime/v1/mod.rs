//! Contract 1.0 on the host's side, and the conversions of its types to the model's.

wasmtime::component::bindgen!({
    path: "../wit/v1",
    world: "plugin",
    imports: { default: trappable },
});

use std::collections::BTreeMap;

use serde_json::Value as Json;
use wasmtime::component::{ComponentType, Lower};

mod calls;
mod manifest;

pub use self::daybook::plugin::{changes, creating, state, state_sql, types};
use crate::model;
use crate::model::event::KEPT_SEQ;
use crate::model::{Result, clock};
pub use calls::add_to_linker;
pub use manifest::describe;

type Attributes = Vec<(String, String)>;

/// A moment lent to a component: its text is not copied on the way.
#[derive(ComponentType, Lower)]
#[component(record)]
pub struct TimestampRef<'a> {
    text: &'a str,
    seconds: i64,
    nanoseconds: u32,
}

impl<'a> TimestampRef<'a> {
    fn of(text: &'a str) -> TimestampRef<'a> {
        let (seconds, nanoseconds) = instant(text);
        TimestampRef {
            text,
            seconds,
            nanoseconds,
        }
    }
}

/// Every time of the log was parsed when it came in. One that cannot be parsed, of a damaged log, is beyond all calendars, so
/// that no handler takes it for a time.
fn instant(text: &str) -> (i64, u32) {
    clock::instant(text).unwrap_or((i64::MIN, 0))
}

/// An event lent to a component.
#[derive(ComponentType, Lower)]
#[component(record)]
pub struct EventRef<'a> {
    seq: u64,
    id: &'a str,
    source: &'a str,
    #[component(name = "event-type")]
    event_type: &'a str,
    subject: Option<&'a str>,
    time: TimestampRef<'a>,
    version: String,
    attributes: Attributes,
    data: &'a str,
}

impl<'a> From<&'a model::Event> for EventRef<'a> {
    fn from(event: &'a model::Event) -> Self {
        EventRef {
            seq: event.told_seq().0,
            id: &event.id,
            source: &event.source,
            event_type: event.event_type.as_str(),
            subject: event.subject.as_deref(),
            time: TimestampRef::of(&event.time),
            version: version_out(event),
            attributes: attributes_out(event.extensions.as_deref()),
            data: &event.data,
        }
    }
}

/// Extensions as the canonical text of each, in the order of their names. A position that an event keeps is its `seq`.
fn attributes_out(extensions: Option<&str>) -> Attributes {
    let Some(text) = extensions else {
        return Attributes::new();
    };
    let members: BTreeMap<String, Json> = serde_json::from_str(text).unwrap_or_default();
    let told = members.into_iter().filter(|(name, _)| name != KEPT_SEQ);
    told.map(|(name, value)| match value {
        Json::String(text) => (name, text),
        other => (name, other.to_string()),
    })
    .collect()
}

fn attributes_in(attributes: Attributes) -> Option<String> {
    let members = attributes
        .into_iter()
        .map(|(name, text)| (name, text.into()));
    let members: serde_json::Map<String, Json> = members.collect();
    (!members.is_empty()).then(|| Json::Object(members).to_string())
}

fn version_out(event: &model::Event) -> String {
    { event.version }.map_or_else(String::new, |version| version.to_string())
}

/// A command lent to a component.
#[derive(ComponentType, Lower)]
#[component(record)]
pub struct CommandRef<'a> {
    id: &'a str,
    #[component(name = "command-type")]
    command_type: &'a str,
    subject: Option<&'a str>,
    time: TimestampRef<'a>,
    actor: Option<&'a str>,
    attributes: Attributes,
    data: &'a str,
}

impl<'a> From<&'a model::Command> for CommandRef<'a> {
    fn from(command: &'a model::Command) -> Self {
        CommandRef {
            id: &command.id,
            command_type: command.command_type.as_str(),
            subject: command.subject.as_deref(),
            time: TimestampRef::of(&command.time),
            actor: command.actor.as_deref(),
            attributes: Attributes::new(),
            data: &command.data,
        }
    }
}

impl From<types::Value> for model::Value {
    fn from(value: types::Value) -> Self {
        match value {
            types::Value::Null => model::Value::Null,
            types::Value::Integer(number) => model::Value::Integer(number),
            types::Value::Real(number) => model::Value::Real(number),
            types::Value::Text(text) => model::Value::Text(text),
            types::Value::Blob(bytes) => model::Value::Blob(bytes),
        }
    }
}

impl From<model::Value> for types::Value {
    fn from(value: model::Value) -> Self {
        match value {
            model::Value::Null => types::Value::Null,
            model::Value::Integer(number) => types::Value::Integer(number),
            model::Value::Real(number) => types::Value::Real(number),
            model::Value::Text(text) => types::Value::Text(text),
            model::Value::Blob(bytes) => types::Value::Blob(bytes),
        }
    }
}

fn row_in(row: Vec<types::Value>) -> Vec<model::Value> {
    row.into_iter().map(model::Value::from).collect()
}

fn row_out(row: Vec<model::Value>) -> Vec<types::Value> {
    row.into_iter().map(types::Value::from).collect()
}

/// `Err`: the cursor is none that this host gave.
fn find_in(find: types::Search) -> std::result::Result<model::Find, model::Violation> {
    let bound = |bound: types::Bound| model::Bound {
        values: row_in(bound.values),
        inclusive: bound.inclusive,
    };
    Ok(model::Find {
        index: find.index,
        columns: find.columns,
        prefix: row_in(find.prefix),
        lower: find.lower.map(bound),
        upper: find.upper.map(bound),
        descending: find.descending,
        limit: find.limit,
        after: find.after.as_deref().map(cursor_in).transpose()?,
    })
}

fn cursor_in(mut bytes: &[u8]) -> std::result::Result<Vec<model::Value>, model::Violation> {
    let mut values = Vec::new();
    while !bytes.is_empty() {
        let value = model::Value::decode(&mut bytes);
        values.push(value.ok_or_else(|| {
            model::Violation("a find goes on after a cursor that no find gave".to_owned())
        })?);
    }
    Ok(values)
}

fn found_out(found: model::Found) -> types::Found {
    types::Found {
        rows: found.rows.into_iter().map(row_out).collect(),
        next: found.next.map(|values| {
            let mut bytes = Vec::new();
            values.iter().for_each(|value| value.encode(&mut bytes));
            bytes
        }),
    }
}

fn query_out(result: model::QueryResult) -> types::QueryResult {
    types::QueryResult {
        columns: result.columns,
        rows: result.rows.into_iter().map(row_out).collect(),
    }
}

fn level_in(level: types::Level) -> model::Level {
    match level {
        types::Level::Debug => model::Level::Debug,
        types::Level::Info => model::Level::Info,
        types::Level::Warn => model::Level::Warn,
        types::Level::Error => model::Level::Error,
    }
}

fn write_error_out(error: model::WriteError) -> types::WriteError {
    let (code, index) = match error {
        model::WriteError::RowExists => ("row-exists", None),
        model::WriteError::RowMissing => ("row-missing", None),
        model::WriteError::UniqueViolated(index) => ("unique-violated", Some(index)),
    };
    types::WriteError {
        code: code.to_owned(),
        index,
    }
}

/// `Err`: the host gives a task's attributes no meaning yet, and keeps none.
fn task_in(task: types::Task) -> std::result::Result<model::Task, model::Violation> {
    match task.attributes.first() {
        Some((name, _)) => Err(model::Violation(format!(
            "a task of kind '{}' has the attribute '{}'; contract 1.0 has none for tasks",
            model::error::shown(&task.kind),
            model::error::shown(name)
        ))),
        None => Ok(model::Task {
            kind: task.kind,
            key: task.key,
            data: task.data,
            not_before: task.not_before,
        }),
    }
}

impl From<types::NewEvent> for model::NewEvent {
    fn from(event: types::NewEvent) -> Self {
        model::NewEvent {
            event_type: event.event_type,
            subject: event.subject,
            attributes: event.attributes,
            data: event.data,
        }
    }
}

impl From<model::NewEvent> for types::NewEvent {
    fn from(event: model::NewEvent) -> Self {
        types::NewEvent {
            event_type: event.event_type,
            subject: event.subject,
            attributes: event.attributes,
            data: event.data,
        }
    }
}

impl From<types::Failure> for model::Failure {
    fn from(failure: types::Failure) -> Self {
        model::Failure {
            code: failure.code,
            message: failure.message,
            details: failure.details,
            trace: failure.trace,
        }
    }
}

impl From<model::Failure> for types::Failure {
    fn from(failure: model::Failure) -> Self {
        types::Failure {
            code: failure.code,
            message: failure.message,
            details: failure.details,
            trace: failure.trace,
        }
    }
}

impl From<types::Rejection> for model::Rejection {
    fn from(rejection: types::Rejection) -> Self {
        model::Rejection {
            code: rejection.code,
            message: rejection.message,
            details: rejection.details,
        }
    }
}

impl From<model::Rejection> for types::Rejection {
    fn from(rejection: model::Rejection) -> Self {
        types::Rejection {
            code: rejection.code,
            message: rejection.message,
            details: rejection.details,
        }
    }
}

/// A version below is passed what this one was given or made of it; it sees the position, so that is what is passed on.
fn event_in(event: types::Event) -> Result<model::Event> {
    let version = match event.version.is_empty() {
        true => None,
        false => Some(event.version.parse()?),
    };
    Ok(model::Event {
        seq: model::Seq(event.seq),
        id: event.id,
        source: event.source,
        event_type: model::TypeName::new(&event.event_type)?,
        subject: event.subject,
        time: event.time.text,
        version,
        data: event.data,
        extensions: attributes_in(event.attributes),
    })
}

fn command_in(command: types::Command) -> Result<model::Command> {
    Ok(model::Command {
        id: command.id,
        command_type: model::TypeName::new(&command.command_type)?,
        subject: command.subject,
        time: command.time.text,
        actor: command.actor,
        data: command.data,
    })
}
