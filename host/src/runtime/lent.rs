//! What a guest asks of the host, in the model's terms: counted, and passed to the capability lent to its call.

use wasmtime::StoreContextMut;

use super::state::{CallState, Capability};
use crate::model::capability::{StateRead, WriteResult};
use crate::model::{
    Command, Created, Creation, Error, Event, Failure, Find, Found, HandlerError, Level, LogLine,
    Materialization, QueryResult, Task, Value, Violation, WriteError,
};

pub(super) type Answer<T> = wasmtime::Result<T>;

/// A write of a whole row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Write {
    Insert,
    Update,
    Upsert,
}

/// Bytes of what a call says before it traps that its error repeats; the log has all of it.
const LAST_WORDS_BYTES_MAX: usize = 2_000;

impl CallState {
    fn materialization(&mut self, bytes: usize) -> Answer<&mut dyn Materialization> {
        self.count_call(bytes)?;
        if !matches!(self.capability, Capability::Materialization(_)) {
            return Err(self.not_lent("changes are a materializer's alone"));
        }
        match &mut self.capability {
            Capability::Materialization(cx) => Ok(cx.as_mut()),
            _ => unreachable!("it was looked at"),
        }
    }

    fn creation(&mut self) -> Answer<&mut dyn Creation> {
        self.count_call(0)?;
        if !matches!(self.capability, Capability::Creation(_)) {
            return Err(self.not_lent("what belongs to a command is a creator's alone"));
        }
        match &mut self.capability {
            Capability::Creation(cx) => Ok(cx.as_mut()),
            _ => unreachable!("it was looked at"),
        }
    }

    /// Reads are the same for both capabilities.
    fn state(&mut self, bytes: usize) -> Answer<&mut dyn StateRead> {
        self.count_call(bytes)?;
        if matches!(self.capability, Capability::None) {
            return Err(self.not_lent("what describes a plugin sees no state"));
        }
        match &mut self.capability {
            Capability::Materialization(cx) => Ok(cx.as_mut()),
            Capability::Creation(cx) => Ok(cx.as_mut()),
            Capability::None => unreachable!("it was looked at"),
        }
    }

    fn not_lent(&mut self, why: &str) -> wasmtime::Error {
        self.stop(Violation(format!(
            "it asked for what this call may not do: {why}"
        )))
    }

    fn unless_stopped<T>(&mut self, result: Result<T, Violation>) -> Answer<T> {
        result.map_err(|violation| self.stop(violation))
    }

    pub(super) fn read_get(&mut self, table: &str, key: Vec<Value>) -> Answer<Option<Vec<Value>>> {
        let result = self.state(table.len() + weight(&key))?.get(table, key);
        let row = self.unless_stopped(result)?;
        self.count_bytes(row.as_deref().map_or(0, weight))?;
        Ok(row)
    }

    pub(super) fn read_find(&mut self, table: &str, find: Find) -> Answer<Found> {
        let bounds = [&find.lower, &find.upper].into_iter().flatten();
        let bounds: usize = bounds.map(|bound| weight(&bound.values)).sum();
        let after = find.after.as_deref().map_or(0, weight);
        let asked = self.state(table.len() + weight(&find.prefix) + bounds + after)?;
        let result = asked.find(table, find);
        let found = self.unless_stopped(result)?;
        self.count_bytes(found.rows.iter().map(|row| weight(row)).sum())?;
        Ok(found)
    }

    pub(super) fn read_query(&mut self, sql: &str, parameters: Vec<Value>) -> Answer<QueryResult> {
        let mut fuel = self.budget.fuel;
        let asked = self.state(sql.len() + weight(&parameters))?;
        let result = asked.query(sql, parameters, &mut fuel);
        self.budget.fuel = fuel;
        let result = self.unless_stopped(result)?;
        self.count_bytes(result.rows.iter().map(|row| weight(row)).sum())?;
        Ok(result)
    }

    pub(super) fn write_row(
        &mut self,
        write: Write,
        table: &str,
        row: Vec<Value>,
    ) -> Answer<Result<(), WriteError>> {
        let cx = self.materialization(table.len() + weight(&row))?;
        let result: WriteResult = match write {
            Write::Insert => cx.insert(table, row),
            Write::Update => cx.update(table, row),
            Write::Upsert => cx.upsert(table, row),
        };
        self.unless_stopped(result)
    }

    pub(super) fn delete_row(
        &mut self,
        table: &str,
        key: Vec<Value>,
    ) -> Answer<Result<(), WriteError>> {
        let bytes = table.len() + weight(&key);
        let result = self.materialization(bytes)?.delete(table, key);
        self.unless_stopped(result)
    }

    pub(super) fn ask_task(&mut self, task: Task) -> Answer<()> {
        let bytes = task.kind.len() + task.data.len() + task.key.as_ref().map_or(0, String::len);
        let result = self.materialization(bytes)?.enqueue(task);
        self.unless_stopped(result)
    }

    pub(super) fn write_log(&mut self, level: Level, message: String) -> Answer<()> {
        if level == Level::Error {
            let end = message.floor_char_boundary(LAST_WORDS_BYTES_MAX);
            self.last_words = Some(message[..end].to_owned());
        }
        let result = self.state(message.len())?.log(LogLine {
            by: None,
            level,
            message,
        });
        self.unless_stopped(result)
    }

    pub(super) fn command_time(&mut self) -> Answer<String> {
        Ok(self.creation()?.now())
    }

    pub(super) fn new_id(&mut self) -> Answer<String> {
        let result = self.creation()?.make_id();
        self.unless_stopped(result)
    }

    pub(super) fn run_below(
        &mut self,
        event: Result<Event, Error>,
        bytes: usize,
    ) -> Answer<Result<(), Failure>> {
        self.count_call(bytes)?;
        let event = event.map_err(|error| self.misasked(&error))?;
        let result = match &mut self.capability {
            Capability::Materialization(cx) => cx.previous(event, &mut self.budget),
            _ => return Err(self.not_lent("only a materializer has an event to pass on")),
        };
        match result {
            Ok(()) => Ok(Ok(())),
            Err(HandlerError::Failed(failure)) => Ok(Err(*failure)),
            Err(error) => Err(self.stop(error)),
        }
    }

    pub(super) fn ask_below(
        &mut self,
        command: Result<Command, Error>,
        bytes: usize,
    ) -> Answer<Result<Created, Failure>> {
        self.count_call(bytes)?;
        let command = command.map_err(|error| self.misasked(&error))?;
        let result = match &mut self.capability {
            Capability::Creation(cx) => cx.previous(command, &mut self.budget),
            _ => return Err(self.not_lent("only a creator has a command to pass on")),
        };
        match result {
            Ok(answer) => Ok(Ok(answer)),
            Err(HandlerError::Failed(failure)) => Ok(Err(*failure)),
            Err(error) => Err(self.stop(error)),
        }
    }

    /// What was to be passed to the version below is no event, or no command.
    fn misasked(&mut self, error: &Error) -> wasmtime::Error {
        self.stop(Violation(format!("previous: {error}")))
    }
}

/// Bytes that a row, or a part of one, weighs against limits.
fn weight(values: &[Value]) -> usize {
    let one = |value: &Value| match value {
        Value::Text(text) => text.len(),
        Value::Blob(bytes) => bytes.len(),
        _ => 8,
    };
    values.iter().map(one).sum()
}

/// Lets the store's fuel be spent from the state's budget.
pub(super) fn with_fuel<T>(
    store: &mut StoreContextMut<'_, CallState>,
    work: impl FnOnce(&mut CallState) -> Answer<T>,
) -> Answer<(T,)> {
    store.data_mut().budget.fuel = store.get_fuel()?;
    let answer = work(store.data_mut());
    let left = store.data().budget.fuel;
    store.set_fuel(left)?;
    Ok((answer?,))
}
