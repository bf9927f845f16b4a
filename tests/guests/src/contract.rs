//! Owns the contract's shapes as the guests write them: what a guest does not speak of is left out, and is filled in where it
//! crosses. Only compiled for WebAssembly.

use super::plugin::bindings::daybook::plugin::{changes, creating, state, state_sql, types};
use crate::json::quote;

pub use types::{Bound, Key, Level, QueryResult, Rejection, Row, Value, WriteError};

pub struct Event {
    pub seq: u64,
    pub id: String,
    pub source: String,
    pub event_type: String,
    pub subject: Option<String>,
    pub time: String,
    pub version: String,
    pub data: String,
    pub whole: types::Event,
}

impl Clone for Event {
    fn clone(&self) -> Self {
        Event::from(self.whole.clone())
    }
}

impl From<types::Event> for Event {
    fn from(event: types::Event) -> Self {
        Event {
            seq: event.seq,
            id: event.id.clone(),
            source: event.source.clone(),
            event_type: event.event_type.clone(),
            subject: event.subject.clone(),
            time: event.time.text.clone(),
            version: event.version.clone(),
            data: event.data.clone(),
            whole: event,
        }
    }
}

impl Event {
    fn whole(&self) -> types::Event {
        types::Event {
            seq: self.seq,
            id: self.id.clone(),
            source: self.source.clone(),
            event_type: self.event_type.clone(),
            subject: self.subject.clone(),
            version: self.version.clone(),
            data: self.data.clone(),
            ..self.whole.clone()
        }
    }
}

pub struct Command {
    pub id: String,
    pub command_type: String,
    pub subject: Option<String>,
    pub time: String,
    pub actor: Option<String>,
    pub data: String,
    pub whole: types::Command,
}

impl Clone for Command {
    fn clone(&self) -> Self {
        Command::from(self.whole.clone())
    }
}

impl From<types::Command> for Command {
    fn from(command: types::Command) -> Self {
        Command {
            id: command.id.clone(),
            command_type: command.command_type.clone(),
            subject: command.subject.clone(),
            time: command.time.text.clone(),
            actor: command.actor.clone(),
            data: command.data.clone(),
            whole: command,
        }
    }
}

impl Command {
    fn whole(&self) -> types::Command {
        types::Command {
            id: self.id.clone(),
            command_type: self.command_type.clone(),
            subject: self.subject.clone(),
            actor: self.actor.clone(),
            data: self.data.clone(),
            ..self.whole.clone()
        }
    }
}

#[derive(Clone)]
pub struct NewEvent {
    pub event_type: String,
    pub subject: Option<String>,
    pub data: String,
}

impl From<NewEvent> for types::NewEvent {
    fn from(event: NewEvent) -> Self {
        types::NewEvent {
            event_type: event.event_type,
            subject: event.subject,
            attributes: vec![],
            data: event.data,
        }
    }
}

impl From<types::NewEvent> for NewEvent {
    fn from(event: types::NewEvent) -> Self {
        NewEvent {
            event_type: event.event_type,
            subject: event.subject,
            data: event.data,
        }
    }
}

pub struct Task {
    pub kind: String,
    pub key: Option<String>,
    pub data: String,
    pub not_before: Option<String>,
}

#[derive(Debug)]
pub struct Failure {
    pub code: String,
    pub message: String,
}

impl From<Failure> for types::Failure {
    fn from(failure: Failure) -> Self {
        types::Failure {
            code: failure.code,
            message: failure.message,
            details: None,
            trace: None,
        }
    }
}

impl From<types::Failure> for Failure {
    fn from(failure: types::Failure) -> Self {
        Failure {
            code: failure.code,
            message: failure.message,
        }
    }
}

#[derive(Debug)]
pub enum CreateError {
    Rejected(Rejection),
    Failed(Failure),
}

impl From<CreateError> for types::CreateError {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::Rejected(rejection) => types::CreateError::Rejected(rejection),
            CreateError::Failed(failure) => types::CreateError::Failed(failure.into()),
        }
    }
}

impl From<types::CreateError> for CreateError {
    fn from(error: types::CreateError) -> Self {
        match error {
            types::CreateError::Rejected(rejection) => CreateError::Rejected(rejection),
            types::CreateError::Failed(failure) => CreateError::Failed(failure.into()),
        }
    }
}

#[derive(Clone)]
pub struct Find {
    pub index: Option<String>,
    pub prefix: Vec<Value>,
    pub lower: Option<Bound>,
    pub upper: Option<Bound>,
    pub descending: bool,
    pub limit: Option<u32>,
}

fn rows(table: &str, find: &Find) -> Vec<Row> {
    let search = types::Search {
        index: find.index.clone(),
        columns: None,
        prefix: find.prefix.clone(),
        lower: find.lower.clone(),
        upper: find.upper.clone(),
        descending: find.descending,
        limit: find.limit,
        after: None,
    };
    state::find(table, &search).rows
}

/// What a materializer may do.
pub struct Materialization;

impl Materialization {
    pub fn get(&self, table: &str, key: &[Value]) -> Option<Row> {
        state::get(table, key)
    }

    pub fn find(&self, table: &str, find: &Find) -> Vec<Row> {
        rows(table, find)
    }

    pub fn query(&self, sql: &str, parameters: &[Value]) -> QueryResult {
        state_sql::query(sql, parameters)
    }

    pub fn insert(&self, table: &str, row: &[Value]) -> Result<(), WriteError> {
        changes::insert(table, row)
    }

    pub fn update(&self, table: &str, row: &[Value]) -> Result<(), WriteError> {
        changes::update(table, row)
    }

    pub fn upsert(&self, table: &str, row: &[Value]) -> Result<(), WriteError> {
        changes::upsert(table, row)
    }

    pub fn delete(&self, table: &str, key: &[Value]) -> Result<(), WriteError> {
        changes::delete(table, key)
    }

    pub fn enqueue(&self, task: &Task) {
        changes::enqueue(&types::Task {
            kind: task.kind.clone(),
            key: task.key.clone(),
            data: task.data.clone(),
            not_before: task.not_before.clone(),
            attributes: vec![],
        });
    }

    pub fn log(&self, level: Level, message: &str) {
        changes::log(level, message);
    }

    pub fn previous(&self, event: &Event) -> Result<(), Failure> {
        changes::previous(&event.whole()).map_err(Failure::from)
    }
}

/// What a creator may do.
pub struct Creation;

impl Creation {
    pub fn get(&self, table: &str, key: &[Value]) -> Option<Row> {
        state::get(table, key)
    }

    pub fn find(&self, table: &str, find: &Find) -> Vec<Row> {
        rows(table, find)
    }

    pub fn query(&self, sql: &str, parameters: &[Value]) -> QueryResult {
        state_sql::query(sql, parameters)
    }

    pub fn now(&self) -> String {
        creating::now().text
    }

    pub fn make_id(&self) -> String {
        creating::make_id()
    }

    pub fn log(&self, level: Level, message: &str) {
        creating::log(level, message);
    }

    pub fn previous(&self, command: &Command) -> Result<Vec<NewEvent>, CreateError> {
        let events = creating::previous(&command.whole());
        let events = events.map_err(CreateError::from)?;
        Ok(events.into_iter().map(NewEvent::from).collect())
    }
}

#[derive(Clone, Copy)]
pub enum ColumnKind {
    Integer,
    Real,
    Text,
    Blob,
}

#[derive(Clone)]
pub struct Column {
    pub name: String,
    pub kind: ColumnKind,
    /// As the manifest writes it: `money(CZK,2)`.
    pub format: Option<String>,
    pub nullable: bool,
    pub default_value: Option<Value>,
}

#[derive(Clone)]
pub struct Index {
    pub name: String,
    pub columns: Vec<String>,
    pub unique: bool,
}

#[derive(Clone)]
pub struct Table {
    pub name: String,
    pub columns: Vec<Column>,
    pub primary_key: Vec<String>,
    pub indexes: Vec<Index>,
}

#[derive(Clone)]
pub struct EventType {
    pub name: String,
    pub description: String,
    pub schema: String,
}

#[derive(Clone)]
pub struct CommandType {
    pub name: String,
    pub description: String,
    pub schema: String,
}

#[derive(Clone)]
pub struct TaskKind {
    pub name: String,
    pub description: String,
}

#[derive(Clone)]
pub struct ForeignTable {
    pub plugin: String,
    pub table: String,
    pub columns: Vec<String>,
}

#[derive(Clone)]
pub struct Manifest {
    pub plugin: String,
    pub version: String,
    pub extends: Option<String>,
    pub description: String,
    pub changes: Vec<String>,
    pub tables: Vec<Table>,
    pub reads: Vec<ForeignTable>,
    pub events: Vec<EventType>,
    pub materializes: Vec<String>,
    pub commands: Vec<CommandType>,
    pub tasks: Vec<TaskKind>,
    /// JSON text.
    pub partitions: Option<String>,
}

impl Manifest {
    /// The document, as JSON text. A schema that is no JSON stays a text.
    pub fn json(&self) -> String {
        let mut members = vec![
            member("format", "1".to_owned()),
            member("plugin", quote(&self.plugin)),
            member("version", quote(&self.version)),
            member("description", quote(&self.description)),
            member("changes", texts(&self.changes)),
            member("tables", list(&self.tables, table)),
            member("reads", list(&self.reads, foreign)),
            member(
                "events",
                list(&self.events, |it| {
                    payload(&it.name, &it.description, &it.schema)
                }),
            ),
            member("materializes", texts(&self.materializes)),
            member(
                "commands",
                list(&self.commands, |it| {
                    payload(&it.name, &it.description, &it.schema)
                }),
            ),
            member(
                "tasks",
                list(&self.tasks, |it| {
                    object(&[
                        member("name", quote(&it.name)),
                        member("description", quote(&it.description)),
                    ])
                }),
            ),
        ];
        members.extend({ self.extends.iter() }.map(|it| member("extends", quote(it))));
        members.extend({ self.partitions.iter() }.map(|it| member("partitions", it.clone())));
        object(&members)
    }
}

fn member(name: &str, json: String) -> String {
    format!("{}:{json}", quote(name))
}

fn object(members: &[String]) -> String {
    format!("{{{}}}", members.join(","))
}

fn list<T>(items: &[T], one: impl Fn(&T) -> String) -> String {
    let items: Vec<_> = items.iter().map(one).collect();
    format!("[{}]", items.join(","))
}

fn texts(texts: &[String]) -> String {
    list(texts, |text| quote(text))
}

fn payload(name: &str, description: &str, schema: &str) -> String {
    let is_object = schema.trim_start().starts_with('{') && schema.trim_end().ends_with('}');
    object(&[
        member("name", quote(name)),
        member("description", quote(description)),
        member(
            "schema",
            match is_object {
                true => schema.to_owned(),
                false => quote(schema),
            },
        ),
    ])
}

fn foreign(foreign: &ForeignTable) -> String {
    object(&[
        member("plugin", quote(&foreign.plugin)),
        member("table", quote(&foreign.table)),
        member("columns", texts(&foreign.columns)),
    ])
}

fn table(table: &Table) -> String {
    object(&[
        member("name", quote(&table.name)),
        member("columns", list(&table.columns, column)),
        member("primary_key", texts(&table.primary_key)),
        member(
            "indexes",
            list(&table.indexes, |it| {
                object(&[
                    member("name", quote(&it.name)),
                    member("columns", texts(&it.columns)),
                    member("unique", it.unique.to_string()),
                ])
            }),
        ),
    ])
}

fn column(column: &Column) -> String {
    let kind = match column.kind {
        ColumnKind::Integer => "integer",
        ColumnKind::Real => "real",
        ColumnKind::Text => "text",
        ColumnKind::Blob => "blob",
    };
    let mut members = vec![
        member("name", quote(&column.name)),
        member("kind", quote(kind)),
        member("nullable", column.nullable.to_string()),
    ];
    members.extend({ column.format.iter() }.map(|format| member("format", quote(format))));
    members.extend({ column.default_value.iter() }.map(|value| {
        let json = match value {
            Value::Null => "null".to_owned(),
            Value::Integer(number) => number.to_string(),
            Value::Real(number) => format!("{number:?}"),
            Value::Text(text) => quote(text),
            Value::Blob(bytes) => {
                let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                format!("{{\"hex\":\"{digits}\"}}")
            }
        };
        member("default", json)
    }));
    object(&members)
}
