//! The host's handles, lent for one call.

use std::mem::ManuallyDrop;

use super::bindings::creating::daybook::plugin::creation;
use super::bindings::materializing::daybook::plugin::materialization;
use crate::contract::types::{
    Command, CreateError, Event, Failure, Find, Key, Level, NewEvent, QueryResult, Row, Task,
    Value, WriteError,
};

/// The handle of a materializer's call. The bindings hold it too and give it back, so this one must not.
pub struct Materialization(ManuallyDrop<materialization::Materialization>);

impl Materialization {
    /// Another name for the handle that the bindings lend.
    pub(crate) fn new(lent: &materialization::Materialization) -> Self {
        // SAFETY: the handle is valid for the whole call, and this value lives no longer.
        Self(ManuallyDrop::new(unsafe {
            materialization::Materialization::from_handle(lent.handle())
        }))
    }

    pub(crate) fn get(&self, table: &str, key: &[Value]) -> Option<Row> {
        self.0.get(table, key)
    }

    pub(crate) fn find(&self, table: &str, find: &Find) -> Vec<Row> {
        self.0.find(table, find)
    }

    pub(crate) fn query(&self, sql: &str, parameters: &[Value]) -> QueryResult {
        self.0.query(sql, parameters)
    }

    pub(crate) fn insert(&self, table: &str, row: &[Value]) -> Result<(), WriteError> {
        self.0.insert(table, row)
    }

    pub(crate) fn update(&self, table: &str, row: &[Value]) -> Result<(), WriteError> {
        self.0.update(table, row)
    }

    pub(crate) fn upsert(&self, table: &str, row: &[Value]) -> Result<(), WriteError> {
        self.0.upsert(table, row)
    }

    pub(crate) fn delete(&self, table: &str, key: &Key) -> Result<(), WriteError> {
        self.0.delete(table, key)
    }

    pub(crate) fn enqueue(&self, task: &Task) {
        self.0.enqueue(task);
    }

    pub(crate) fn log(&self, level: Level, message: &str) {
        self.0.log(level, message);
    }

    pub(crate) fn previous(&self, event: &Event) -> Result<(), Failure> {
        self.0.previous(event)
    }

    /// For a panic: the handle is that of the call that runs.
    #[cfg(target_os = "unknown")]
    pub(crate) fn log_by_handle(handle: u32, level: Level, message: &str) {
        // SAFETY: the call that runs was lent this handle, and it is not given back here.
        let lent =
            ManuallyDrop::new(unsafe { materialization::Materialization::from_handle(handle) });
        lent.log(level, message);
    }
}

/// The handle of a creator's call. The bindings hold it too and give it back, so this one must not.
pub struct Creation(ManuallyDrop<creation::Creation>);

impl Creation {
    /// Another name for the handle that the bindings lend.
    pub(crate) fn new(lent: &creation::Creation) -> Self {
        // SAFETY: the handle is valid for the whole call, and this value lives no longer.
        Self(ManuallyDrop::new(unsafe {
            creation::Creation::from_handle(lent.handle())
        }))
    }

    pub(crate) fn get(&self, table: &str, key: &[Value]) -> Option<Row> {
        self.0.get(table, key)
    }

    pub(crate) fn find(&self, table: &str, find: &Find) -> Vec<Row> {
        self.0.find(table, find)
    }

    pub(crate) fn query(&self, sql: &str, parameters: &[Value]) -> QueryResult {
        self.0.query(sql, parameters)
    }

    pub(crate) fn now(&self) -> String {
        self.0.now()
    }

    pub(crate) fn make_id(&self) -> String {
        self.0.make_id()
    }

    pub(crate) fn previous(&self, command: &Command) -> Result<Vec<NewEvent>, CreateError> {
        self.0.previous(command)
    }

    pub(crate) fn log(&self, level: Level, message: &str) {
        self.0.log(level, message);
    }

    /// For a panic: the handle is that of the call that runs.
    #[cfg(target_os = "unknown")]
    pub(crate) fn log_by_handle(handle: u32, level: Level, message: &str) {
        // SAFETY: the call that runs was lent this handle, and it is not given back here.
        let lent = ManuallyDrop::new(unsafe { creation::Creation::from_handle(handle) });
        lent.log(level, message);
    }
}
