//! The contract's imports: each call of a guest counted, converted, and passed to the lent capability.

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};

use super::bindings::types::{
    Command, CreateError, Event, Failure, Find, Level, NewEvent, QueryResult, Task, Value,
    WriteError,
};
use super::bindings::{
    self, creation, find_in, level_in, materialization, query_out, row_in, row_out,
};
use super::state::{CallState, Capability, CreationHandle, MaterializationHandle};
use crate::model::capability::{StateRead, WriteResult};
use crate::model::{self, Creation, HandlerError, LogLine, Materialization, Violation};

type Answer<T> = wasmtime::Result<T>;

impl CallState {
    fn materialization(&mut self, bytes: usize) -> Answer<&mut dyn Materialization> {
        self.count_call(bytes)?;
        match &mut self.capability {
            Capability::Materialization(cx) => Ok(cx.as_mut()),
            _ => Err(not_lent("materialization")),
        }
    }

    fn creation(&mut self) -> Answer<&mut dyn Creation> {
        self.count_call(0)?;
        match &mut self.capability {
            Capability::Creation(cx) => Ok(cx.as_mut()),
            _ => Err(not_lent("creation")),
        }
    }

    /// Reads are the same for both capabilities.
    fn state(&mut self, bytes: usize) -> Answer<&mut dyn StateRead> {
        self.count_call(bytes)?;
        match &mut self.capability {
            Capability::Materialization(cx) => Ok(cx.as_mut()),
            Capability::Creation(cx) => Ok(cx.as_mut()),
            Capability::None => Err(not_lent("state")),
        }
    }

    fn unless_stopped<T>(&mut self, result: Result<T, Violation>) -> Answer<T> {
        result.map_err(|violation| self.stop(violation))
    }

    fn write_unless_stopped(&mut self, result: WriteResult) -> Answer<Result<(), WriteError>> {
        Ok(self
            .unless_stopped(result)?
            .map_err(bindings::write_error_out))
    }

    fn read_get(&mut self, table: &str, key: Vec<Value>) -> Answer<Option<Vec<Value>>> {
        let result = self
            .state(table.len() + weight(&key))?
            .get(table, row_in(key));
        let row = self.unless_stopped(result)?.map(row_out);
        self.count_bytes(row.as_deref().map_or(0, weight))?;
        Ok(row)
    }

    fn read_find(&mut self, table: &str, find: Find) -> Answer<Vec<Vec<Value>>> {
        let bounds = [&find.lower, &find.upper].into_iter().flatten();
        let bounds: usize = bounds.map(|bound| weight(&bound.values)).sum();
        let asked = self.state(table.len() + weight(&find.prefix) + bounds)?;
        let result = asked.find(table, find_in(find));
        let rows: Vec<_> = self
            .unless_stopped(result)?
            .into_iter()
            .map(row_out)
            .collect();
        self.count_bytes(rows.iter().map(|row| weight(row)).sum())?;
        Ok(rows)
    }

    fn read_query(&mut self, sql: &str, parameters: Vec<Value>) -> Answer<QueryResult> {
        let mut fuel = self.budget.fuel;
        let asked = self.state(sql.len() + weight(&parameters))?;
        let result = asked.query(sql, row_in(parameters), &mut fuel);
        self.budget.fuel = fuel;
        let result = query_out(self.unless_stopped(result)?);
        self.count_bytes(result.rows.iter().map(|row| weight(row)).sum())?;
        Ok(result)
    }

    /// What was to be passed to the version below is no event, or no command.
    fn misasked(&mut self, error: &model::Error) -> wasmtime::Error {
        self.stop(Violation(format!("previous: {error}")))
    }

    fn write_log(&mut self, level: Level, message: String) -> Answer<()> {
        let result = self.state(message.len())?.log(LogLine {
            by: None,
            level: level_in(level),
            message,
        });
        self.unless_stopped(result)
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

fn not_lent(what: &str) -> wasmtime::Error {
    wasmtime::Error::msg(format!("no {what} is lent to this call"))
}

/// Puts `previous` and `query` over those of the bindings: what runs below, and SQL, use up the caller's fuel, which its
/// store alone can tell.
pub(super) fn share_fuel(linker: &mut Linker<CallState>) -> Answer<()> {
    linker.allow_shadowing(true);
    linker
        .instance("daybook:plugin/materialization@1.0.0")?
        .func_wrap(
            "[method]materialization.query",
            |mut store: StoreContextMut<'_, CallState>,
             (_, sql, values): (Resource<MaterializationHandle>, String, Vec<Value>)| {
                with_fuel(&mut store, |state| state.read_query(&sql, values))
            },
        )?;
    linker
        .instance("daybook:plugin/materialization@1.0.0")?
        .func_wrap(
            "[method]materialization.previous",
            |mut store: StoreContextMut<'_, CallState>, (cx, event): (Resource<_>, Event)| {
                with_fuel(&mut store, |state| {
                    materialization::HostMaterialization::previous(state, cx, event)
                })
            },
        )?;
    linker
        .instance("daybook:plugin/creation@1.0.0")?
        .func_wrap(
            "[method]creation.query",
            |mut store: StoreContextMut<'_, CallState>,
             (_, sql, values): (Resource<CreationHandle>, String, Vec<Value>)| {
                with_fuel(&mut store, |state| state.read_query(&sql, values))
            },
        )?;
    linker
        .instance("daybook:plugin/creation@1.0.0")?
        .func_wrap(
            "[method]creation.previous",
            |mut store: StoreContextMut<'_, CallState>, (cx, command): (Resource<_>, Command)| {
                with_fuel(&mut store, |state| {
                    creation::HostCreation::previous(state, cx, command)
                })
            },
        )?;
    linker.allow_shadowing(false);
    Ok(())
}

/// Lets the store's fuel be spent from the state's budget.
fn with_fuel<T>(
    store: &mut StoreContextMut<'_, CallState>,
    work: impl FnOnce(&mut CallState) -> Answer<T>,
) -> Answer<(T,)> {
    store.data_mut().budget.fuel = store.get_fuel()?;
    let answer = work(store.data_mut());
    let left = store.data().budget.fuel;
    store.set_fuel(left)?;
    Ok((answer?,))
}

impl materialization::Host for CallState {}
impl creation::Host for CallState {}
impl super::bindings::types::Host for CallState {}

impl materialization::HostMaterialization for CallState {
    fn get(
        &mut self,
        _: Resource<MaterializationHandle>,
        table: String,
        key: Vec<Value>,
    ) -> Answer<Option<Vec<Value>>> {
        self.read_get(&table, key)
    }

    fn find(
        &mut self,
        _: Resource<MaterializationHandle>,
        table: String,
        find: Find,
    ) -> Answer<Vec<Vec<Value>>> {
        self.read_find(&table, find)
    }

    fn query(
        &mut self,
        _: Resource<MaterializationHandle>,
        sql: String,
        parameters: Vec<Value>,
    ) -> Answer<QueryResult> {
        self.read_query(&sql, parameters)
    }

    fn insert(
        &mut self,
        _: Resource<MaterializationHandle>,
        table: String,
        row: Vec<Value>,
    ) -> Answer<Result<(), WriteError>> {
        let bytes = table.len() + weight(&row);
        let result = self.materialization(bytes)?.insert(&table, row_in(row));
        self.write_unless_stopped(result)
    }

    fn update(
        &mut self,
        _: Resource<MaterializationHandle>,
        table: String,
        row: Vec<Value>,
    ) -> Answer<Result<(), WriteError>> {
        let bytes = table.len() + weight(&row);
        let result = self.materialization(bytes)?.update(&table, row_in(row));
        self.write_unless_stopped(result)
    }

    fn upsert(
        &mut self,
        _: Resource<MaterializationHandle>,
        table: String,
        row: Vec<Value>,
    ) -> Answer<Result<(), WriteError>> {
        let bytes = table.len() + weight(&row);
        let result = self.materialization(bytes)?.upsert(&table, row_in(row));
        self.write_unless_stopped(result)
    }

    fn delete(
        &mut self,
        _: Resource<MaterializationHandle>,
        table: String,
        key: Vec<Value>,
    ) -> Answer<Result<(), WriteError>> {
        let bytes = table.len() + weight(&key);
        let result = self.materialization(bytes)?.delete(&table, row_in(key));
        self.write_unless_stopped(result)
    }

    fn enqueue(&mut self, _: Resource<MaterializationHandle>, task: Task) -> Answer<()> {
        let bytes = task.kind.len() + task.data.len() + task.key.as_ref().map_or(0, String::len);
        let result = self.materialization(bytes)?.enqueue(model::Task {
            kind: task.kind,
            key: task.key,
            data: task.data,
            not_before: task.not_before,
        });
        self.unless_stopped(result)
    }

    fn log(
        &mut self,
        _: Resource<MaterializationHandle>,
        level: Level,
        message: String,
    ) -> Answer<()> {
        self.write_log(level, message)
    }

    fn previous(
        &mut self,
        _: Resource<MaterializationHandle>,
        event: Event,
    ) -> Answer<Result<(), Failure>> {
        self.count_call(event.data.len())?;
        let event = bindings::event_in(event).map_err(|error| self.misasked(&error))?;
        let result = match &mut self.capability {
            Capability::Materialization(cx) => cx.previous(event, &mut self.budget),
            _ => return Err(not_lent("materialization")),
        };
        match result {
            Ok(()) => Ok(Ok(())),
            Err(HandlerError::Failed { code, message }) => Ok(Err(Failure { code, message })),
            Err(error) => Err(self.stop(error)),
        }
    }

    fn drop(&mut self, _: Resource<MaterializationHandle>) -> Answer<()> {
        Ok(())
    }
}

impl creation::HostCreation for CallState {
    fn get(
        &mut self,
        _: Resource<CreationHandle>,
        table: String,
        key: Vec<Value>,
    ) -> Answer<Option<Vec<Value>>> {
        self.read_get(&table, key)
    }

    fn find(
        &mut self,
        _: Resource<CreationHandle>,
        table: String,
        find: Find,
    ) -> Answer<Vec<Vec<Value>>> {
        self.read_find(&table, find)
    }

    fn query(
        &mut self,
        _: Resource<CreationHandle>,
        sql: String,
        parameters: Vec<Value>,
    ) -> Answer<QueryResult> {
        self.read_query(&sql, parameters)
    }

    fn now(&mut self, _: Resource<CreationHandle>) -> Answer<String> {
        Ok(self.creation()?.now())
    }

    fn make_id(&mut self, _: Resource<CreationHandle>) -> Answer<String> {
        let result = self.creation()?.make_id();
        self.unless_stopped(result)
    }

    fn log(&mut self, _: Resource<CreationHandle>, level: Level, message: String) -> Answer<()> {
        self.write_log(level, message)
    }

    fn previous(
        &mut self,
        _: Resource<CreationHandle>,
        command: Command,
    ) -> Answer<Result<Vec<NewEvent>, CreateError>> {
        self.count_call(command.data.len())?;
        let command = bindings::command_in(command).map_err(|error| self.misasked(&error))?;
        let result = match &mut self.capability {
            Capability::Creation(cx) => cx.previous(command, &mut self.budget),
            _ => return Err(not_lent("creation")),
        };
        match result {
            Ok(Ok(events)) => Ok(Ok(events.into_iter().map(Into::into).collect())),
            Ok(Err(rejection)) => Ok(Err(CreateError::Rejected(rejection.into()))),
            Err(HandlerError::Failed { code, message }) => {
                Ok(Err(CreateError::Failed(Failure { code, message })))
            }
            Err(error) => Err(self.stop(error)),
        }
    }

    fn drop(&mut self, _: Resource<CreationHandle>) -> Answer<()> {
        Ok(())
    }
}
