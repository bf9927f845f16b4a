//! The host's functions, as the contexts call them.

use super::bindings::creating::daybook::plugin as for_creators;
use super::bindings::materializing::daybook::plugin as for_materializers;
use crate::contract::types::{
    Command, CreateError, Event, Failure, Found, Key, Level, NewEvent, QueryResult, Row, Search,
    Task, Timestamp, Value, WriteError,
};

/// What a materializer's call may do.
pub struct Materialization;

impl Materialization {
    pub(crate) fn get(&self, table: &str, key: &[Value]) -> Option<Row> {
        for_materializers::state::get(table, key)
    }

    pub(crate) fn find(&self, table: &str, search: &Search) -> Found {
        for_materializers::state::find(table, search)
    }

    pub(crate) fn query(&self, sql: &str, parameters: &[Value]) -> QueryResult {
        for_materializers::state_sql::query(sql, parameters)
    }

    pub(crate) fn insert(&self, table: &str, row: &[Value]) -> Result<(), WriteError> {
        for_materializers::changes::insert(table, row)
    }

    pub(crate) fn update(&self, table: &str, row: &[Value]) -> Result<(), WriteError> {
        for_materializers::changes::update(table, row)
    }

    pub(crate) fn upsert(&self, table: &str, row: &[Value]) -> Result<(), WriteError> {
        for_materializers::changes::upsert(table, row)
    }

    pub(crate) fn delete(&self, table: &str, key: &Key) -> Result<(), WriteError> {
        for_materializers::changes::delete(table, key)
    }

    pub(crate) fn enqueue(&self, task: &Task) {
        for_materializers::changes::enqueue(task);
    }

    pub(crate) fn log(&self, level: Level, message: &str) {
        for_materializers::changes::log(level, message);
    }

    pub(crate) fn previous(&self, event: &Event) -> Result<(), Failure> {
        for_materializers::changes::previous(event)
    }
}

/// What a creator's call may do.
pub struct Creation;

impl Creation {
    pub(crate) fn get(&self, table: &str, key: &[Value]) -> Option<Row> {
        for_creators::state::get(table, key)
    }

    pub(crate) fn find(&self, table: &str, search: &Search) -> Found {
        for_creators::state::find(table, search)
    }

    pub(crate) fn query(&self, sql: &str, parameters: &[Value]) -> QueryResult {
        for_creators::state_sql::query(sql, parameters)
    }

    pub(crate) fn now(&self) -> Timestamp {
        for_creators::creating::now()
    }

    pub(crate) fn make_id(&self) -> String {
        for_creators::creating::make_id()
    }

    pub(crate) fn previous(&self, command: &Command) -> Result<Vec<NewEvent>, CreateError> {
        for_creators::creating::previous(command)
    }

    pub(crate) fn log(&self, level: Level, message: &str) {
        for_creators::creating::log(level, message);
    }
}

/// For a panic in a materializer.
#[cfg(target_os = "unknown")]
pub(crate) fn log_of_changes(message: &str) {
    for_materializers::changes::log(Level::Error, message);
}

/// For a panic in a creator.
#[cfg(target_os = "unknown")]
pub(crate) fn log_of_creating(message: &str) {
    for_creators::creating::log(Level::Error, message);
}
