//! Owns the capability of calls that need no book.

use std::any::Any;

use daybook::model::capability::{StateRead, WriteResult};
use daybook::model::{
    Budget, Event, Find, Found, HandlerError, LogLine, Materialization, QueryResult, Task, Value,
    Violation,
};

/// A state without rows, for calls that need no book. Each write is told, and changes nothing.
pub struct NoRows<F>(pub F);

impl<F: FnMut()> NoRows<F> {
    fn written(&mut self) -> WriteResult {
        (self.0)();
        Ok(Ok(()))
    }
}

impl<F: FnMut() + Send + 'static> StateRead for NoRows<F> {
    fn get(&mut self, _: &str, _: Vec<Value>) -> Result<Option<Vec<Value>>, Violation> {
        Ok(None)
    }
    fn find(&mut self, _: &str, _: Find) -> Result<Found, Violation> {
        Ok(Found::default())
    }
    fn query(&mut self, _: &str, _: Vec<Value>, _: &mut u64) -> Result<QueryResult, Violation> {
        Ok(QueryResult::default())
    }
    fn log(&mut self, _: LogLine) -> Result<(), Violation> {
        Ok(())
    }
    fn into_any(self: Box<Self>) -> Box<dyn Any + Send> {
        self
    }
}

impl<F: FnMut() + Send + 'static> Materialization for NoRows<F> {
    fn insert(&mut self, _: &str, _: Vec<Value>) -> WriteResult {
        self.written()
    }
    fn update(&mut self, _: &str, _: Vec<Value>) -> WriteResult {
        self.written()
    }
    fn upsert(&mut self, _: &str, _: Vec<Value>) -> WriteResult {
        self.written()
    }
    fn delete(&mut self, _: &str, _: Vec<Value>) -> WriteResult {
        self.written()
    }
    fn enqueue(&mut self, _: Task) -> Result<(), Violation> {
        Ok(())
    }
    fn previous(&mut self, _: Event, _: &mut Budget) -> Result<(), HandlerError> {
        Ok(())
    }
}
