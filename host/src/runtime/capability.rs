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
    fn materialization(&mut self) -> Answer<&mut dyn Materialization> {
        self.count_call()?;
        match &mut self.capability {
            Capability::Materialization(cx) => Ok(cx.as_mut()),
            _ => Err(not_lent("materialization")),
        }
    }

    fn creation(&mut self) -> Answer<&mut dyn Creation> {
        self.count_call()?;
        match &mut self.capability {
            Capability::Creation(cx) => Ok(cx.as_mut()),
            _ => Err(not_lent("creation")),
        }
    }

    /// Reads are the same for both capabilities.
    fn state(&mut self) -> Answer<&mut dyn StateRead> {
        self.count_call()?;
        match &mut self.capability {
            Capability::Materialization(cx) => Ok(cx.as_mut()),
            Capability::Creation(cx) => Ok(cx.as_mut()),
            Capability::None => Err(not_lent("state")),
        }
    }

    fn settle<T>(&mut self, result: Result<T, Violation>) -> Answer<T> {
        result.map_err(|violation| self.stop(violation))
    }

    fn settle_write(&mut self, result: WriteResult) -> Answer<Result<(), WriteError>> {
        Ok(self.settle(result)?.map_err(bindings::write_error_out))
    }

    fn read_get(&mut self, table: &str, key: Vec<Value>) -> Answer<Option<Vec<Value>>> {
        let result = self.state()?.get(table, row_in(key));
        Ok(self.settle(result)?.map(row_out))
    }

    fn read_find(&mut self, table: &str, find: Find) -> Answer<Vec<Vec<Value>>> {
        let result = self.state()?.find(table, find_in(find));
        Ok(self.settle(result)?.into_iter().map(row_out).collect())
    }

    fn read_query(&mut self, sql: &str, parameters: Vec<Value>) -> Answer<QueryResult> {
        let result = self.state()?.query(sql, row_in(parameters));
        Ok(query_out(self.settle(result)?))
    }

    /// What was to be passed to the version below is no event, or no command.
    fn misasked(&mut self, error: &model::Error) -> wasmtime::Error {
        self.stop(Violation(format!("previous: {error}")))
    }

    fn write_log(&mut self, level: Level, message: String) -> Answer<()> {
        let result = self.state()?.log(LogLine {
            level: level_in(level),
            message,
        });
        self.settle(result)
    }
}

fn not_lent(what: &str) -> wasmtime::Error {
    wasmtime::Error::msg(format!("no {what} is lent to this call"))
}

/// Puts `previous` over that of the bindings: what runs below uses up the caller's fuel, which its store alone can tell.
pub(super) fn share_fuel(linker: &mut Linker<CallState>) -> Answer<()> {
    linker.allow_shadowing(true);
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
    previous: impl FnOnce(&mut CallState) -> Answer<T>,
) -> Answer<(T,)> {
    store.data_mut().budget.fuel = store.get_fuel()?;
    let answer = previous(store.data_mut());
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
        let result = self.materialization()?.insert(&table, row_in(row));
        self.settle_write(result)
    }

    fn update(
        &mut self,
        _: Resource<MaterializationHandle>,
        table: String,
        row: Vec<Value>,
    ) -> Answer<Result<(), WriteError>> {
        let result = self.materialization()?.update(&table, row_in(row));
        self.settle_write(result)
    }

    fn upsert(
        &mut self,
        _: Resource<MaterializationHandle>,
        table: String,
        row: Vec<Value>,
    ) -> Answer<Result<(), WriteError>> {
        let result = self.materialization()?.upsert(&table, row_in(row));
        self.settle_write(result)
    }

    fn delete(
        &mut self,
        _: Resource<MaterializationHandle>,
        table: String,
        key: Vec<Value>,
    ) -> Answer<Result<(), WriteError>> {
        let result = self.materialization()?.delete(&table, row_in(key));
        self.settle_write(result)
    }

    fn enqueue(&mut self, _: Resource<MaterializationHandle>, task: Task) -> Answer<()> {
        let result = self.materialization()?.enqueue(model::Task {
            kind: task.kind,
            key: task.key,
            data: task.data,
            not_before: task.not_before,
        });
        self.settle(result)
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
        self.count_call()?;
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
        self.settle(result)
    }

    fn log(&mut self, _: Resource<CreationHandle>, level: Level, message: String) -> Answer<()> {
        self.write_log(level, message)
    }

    fn previous(
        &mut self,
        _: Resource<CreationHandle>,
        command: Command,
    ) -> Answer<Result<Vec<NewEvent>, CreateError>> {
        self.count_call()?;
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
