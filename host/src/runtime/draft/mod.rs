//! The contract as it was before it was frozen. Books have components of it, which run as they did; new ones are refused.
//!
//! Only what differs from the contract is here. A call has a fresh instance of its own.

wasmtime::component::bindgen!({
    path: "../wit/draft",
    world: "plugin",
    imports: { default: trappable },
    with: {
        "daybook:plugin/materialization.materialization": super::state::MaterializationHandle,
        "daybook:plugin/creation.creation": super::state::CreationHandle,
    },
});

use wasmtime::component::{ComponentType, Lower};

mod calls;
mod manifest;
mod partitions;

pub use self::daybook::plugin::{creation, materialization, types};
use crate::model;
pub use calls::add_to_linker;
pub use manifest::describe;

/// An event lent to a component: its texts are not copied on the way.
#[derive(ComponentType, Lower)]
#[component(record)]
pub struct EventRef<'a> {
    seq: u64,
    id: &'a str,
    source: &'a str,
    #[component(name = "event-type")]
    event_type: &'a str,
    subject: Option<&'a str>,
    time: &'a str,
    version: String,
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
            time: &event.time,
            version: event
                .version
                .map(|version| version.to_string())
                .unwrap_or_default(),
            data: &event.data,
        }
    }
}

/// A command lent to a component.
#[derive(ComponentType, Lower)]
#[component(record)]
pub struct CommandRef<'a> {
    id: &'a str,
    #[component(name = "command-type")]
    command_type: &'a str,
    subject: Option<&'a str>,
    time: &'a str,
    actor: Option<&'a str>,
    data: &'a str,
}

impl<'a> From<&'a model::Command> for CommandRef<'a> {
    fn from(command: &'a model::Command) -> Self {
        CommandRef {
            id: &command.id,
            command_type: command.command_type.as_str(),
            subject: command.subject.as_deref(),
            time: &command.time,
            actor: command.actor.as_deref(),
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

pub fn row_in(row: Vec<types::Value>) -> Vec<model::Value> {
    row.into_iter().map(model::Value::from).collect()
}

pub fn row_out(row: Vec<model::Value>) -> Vec<types::Value> {
    row.into_iter().map(types::Value::from).collect()
}

pub fn find_in(find: types::Find) -> model::Find {
    let bound = |bound: types::Bound| model::Bound {
        values: row_in(bound.values),
        inclusive: bound.inclusive,
    };
    model::Find {
        index: find.index,
        prefix: row_in(find.prefix),
        lower: find.lower.map(bound),
        upper: find.upper.map(bound),
        descending: find.descending,
        limit: find.limit,
        ..model::Find::default()
    }
}

pub fn query_out(result: model::QueryResult) -> types::QueryResult {
    types::QueryResult {
        columns: result.columns,
        rows: result.rows.into_iter().map(row_out).collect(),
    }
}

pub fn level_in(level: types::Level) -> model::Level {
    match level {
        types::Level::Debug => model::Level::Debug,
        types::Level::Info => model::Level::Info,
        types::Level::Warn => model::Level::Warn,
        types::Level::Error => model::Level::Error,
    }
}

pub fn write_error_out(error: model::WriteError) -> types::WriteError {
    match error {
        model::WriteError::RowExists => types::WriteError::RowExists,
        model::WriteError::RowMissing => types::WriteError::RowMissing,
        model::WriteError::UniqueViolated(index) => types::WriteError::UniqueViolated(index),
    }
}

impl From<types::NewEvent> for model::NewEvent {
    fn from(event: types::NewEvent) -> Self {
        model::NewEvent {
            event_type: event.event_type,
            subject: event.subject,
            attributes: Vec::new(),
            data: event.data,
        }
    }
}

impl From<model::NewEvent> for types::NewEvent {
    fn from(event: model::NewEvent) -> Self {
        types::NewEvent {
            event_type: event.event_type,
            subject: event.subject,
            data: event.data,
        }
    }
}

impl From<types::Failure> for model::Failure {
    fn from(failure: types::Failure) -> Self {
        model::Failure {
            code: failure.code,
            message: failure.message,
            ..model::Failure::default()
        }
    }
}

impl From<model::Failure> for types::Failure {
    fn from(failure: model::Failure) -> Self {
        types::Failure {
            code: failure.code,
            message: failure.message,
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

pub fn event_in(event: types::Event) -> model::Result<model::Event> {
    let version = if event.version.is_empty() {
        None
    } else {
        Some(event.version.parse()?)
    };
    Ok(model::Event {
        seq: model::Seq(event.seq),
        id: event.id,
        source: event.source,
        event_type: model::TypeName::new(&event.event_type)?,
        subject: event.subject,
        time: event.time,
        version,
        data: event.data,
        extensions: None,
    })
}

pub fn command_in(command: types::Command) -> model::Result<model::Command> {
    Ok(model::Command {
        id: command.id,
        command_type: model::TypeName::new(&command.command_type)?,
        subject: command.subject,
        time: command.time,
        actor: command.actor,
        data: command.data,
    })
}
