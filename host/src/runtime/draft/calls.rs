//! The draft's imports.

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};

use super::types::{
    Command, CreateError, Event, Failure, Find, Level, NewEvent, QueryResult, Task, Value,
    WriteError,
};
use super::{
    command_in, creation, event_in, find_in, level_in, materialization, query_out, row_in, row_out,
    write_error_out,
};
use crate::model;
use crate::runtime::lent::{Answer, Write, with_fuel};
use crate::runtime::state::{CallState, CreationHandle, MaterializationHandle};

/// Adds what the draft's components import. `previous` and `query` go over those of the bindings: what runs below, and SQL,
/// use up the caller's fuel, which its store alone can tell.
pub fn add_to_linker(linker: &mut Linker<CallState>) -> Answer<()> {
    materialization::add_to_linker::<_, wasmtime::component::HasSelf<_>>(linker, |state| state)?;
    creation::add_to_linker::<_, wasmtime::component::HasSelf<_>>(linker, |state| state)?;
    linker.allow_shadowing(true);
    let mut lent = linker.instance("daybook:plugin/materialization@1.0.0")?;
    lent.func_wrap(
        "[method]materialization.query",
        |mut store: StoreContextMut<'_, CallState>,
         (cx, sql, values): (Resource<MaterializationHandle>, String, Vec<Value>)| {
            with_fuel(&mut store, |state| {
                materialization::HostMaterialization::query(state, cx, sql, values)
            })
        },
    )?;
    lent.func_wrap(
        "[method]materialization.previous",
        |mut store: StoreContextMut<'_, CallState>, (cx, event): (Resource<_>, Event)| {
            with_fuel(&mut store, |state| {
                materialization::HostMaterialization::previous(state, cx, event)
            })
        },
    )?;
    let mut lent = linker.instance("daybook:plugin/creation@1.0.0")?;
    lent.func_wrap(
        "[method]creation.query",
        |mut store: StoreContextMut<'_, CallState>,
         (cx, sql, values): (Resource<CreationHandle>, String, Vec<Value>)| {
            with_fuel(&mut store, |state| {
                creation::HostCreation::query(state, cx, sql, values)
            })
        },
    )?;
    lent.func_wrap(
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

impl materialization::Host for CallState {}
impl creation::Host for CallState {}
impl super::types::Host for CallState {}

impl materialization::HostMaterialization for CallState {
    fn get(
        &mut self,
        _: Resource<MaterializationHandle>,
        table: String,
        key: Vec<Value>,
    ) -> Answer<Option<Vec<Value>>> {
        Ok(self.read_get(&table, row_in(key))?.map(row_out))
    }

    fn find(
        &mut self,
        _: Resource<MaterializationHandle>,
        table: String,
        find: Find,
    ) -> Answer<Vec<Vec<Value>>> {
        let found = self.read_find(&table, find_in(find))?;
        Ok(found.rows.into_iter().map(row_out).collect())
    }

    fn query(
        &mut self,
        _: Resource<MaterializationHandle>,
        sql: String,
        parameters: Vec<Value>,
    ) -> Answer<QueryResult> {
        Ok(query_out(self.read_query(&sql, row_in(parameters))?))
    }

    fn insert(
        &mut self,
        _: Resource<MaterializationHandle>,
        table: String,
        row: Vec<Value>,
    ) -> Answer<Result<(), WriteError>> {
        let written = self.write_row(Write::Insert, &table, row_in(row))?;
        Ok(written.map_err(write_error_out))
    }

    fn update(
        &mut self,
        _: Resource<MaterializationHandle>,
        table: String,
        row: Vec<Value>,
    ) -> Answer<Result<(), WriteError>> {
        let written = self.write_row(Write::Update, &table, row_in(row))?;
        Ok(written.map_err(write_error_out))
    }

    fn upsert(
        &mut self,
        _: Resource<MaterializationHandle>,
        table: String,
        row: Vec<Value>,
    ) -> Answer<Result<(), WriteError>> {
        let written = self.write_row(Write::Upsert, &table, row_in(row))?;
        Ok(written.map_err(write_error_out))
    }

    fn delete(
        &mut self,
        _: Resource<MaterializationHandle>,
        table: String,
        key: Vec<Value>,
    ) -> Answer<Result<(), WriteError>> {
        let written = self.delete_row(&table, row_in(key))?;
        Ok(written.map_err(write_error_out))
    }

    fn enqueue(&mut self, _: Resource<MaterializationHandle>, task: Task) -> Answer<()> {
        self.ask_task(model::Task {
            kind: task.kind,
            key: task.key,
            data: task.data,
            not_before: task.not_before,
        })
    }

    fn log(
        &mut self,
        _: Resource<MaterializationHandle>,
        level: Level,
        message: String,
    ) -> Answer<()> {
        self.write_log(level_in(level), message)
    }

    fn previous(
        &mut self,
        _: Resource<MaterializationHandle>,
        event: Event,
    ) -> Answer<Result<(), Failure>> {
        let bytes = event.data.len();
        let ran = self.run_below(event_in(event), bytes)?;
        Ok(ran.map_err(Failure::from))
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
        Ok(self.read_get(&table, row_in(key))?.map(row_out))
    }

    fn find(
        &mut self,
        _: Resource<CreationHandle>,
        table: String,
        find: Find,
    ) -> Answer<Vec<Vec<Value>>> {
        let found = self.read_find(&table, find_in(find))?;
        Ok(found.rows.into_iter().map(row_out).collect())
    }

    fn query(
        &mut self,
        _: Resource<CreationHandle>,
        sql: String,
        parameters: Vec<Value>,
    ) -> Answer<QueryResult> {
        Ok(query_out(self.read_query(&sql, row_in(parameters))?))
    }

    fn now(&mut self, _: Resource<CreationHandle>) -> Answer<String> {
        self.command_time()
    }

    fn make_id(&mut self, _: Resource<CreationHandle>) -> Answer<String> {
        self.new_id()
    }

    fn log(&mut self, _: Resource<CreationHandle>, level: Level, message: String) -> Answer<()> {
        self.write_log(level_in(level), message)
    }

    fn previous(
        &mut self,
        _: Resource<CreationHandle>,
        command: Command,
    ) -> Answer<Result<Vec<NewEvent>, CreateError>> {
        let bytes = command.data.len();
        Ok(match self.ask_below(command_in(command), bytes)? {
            Ok(Ok(events)) => Ok(events.into_iter().map(Into::into).collect()),
            Ok(Err(rejection)) => Err(CreateError::Rejected(rejection.into())),
            Err(failure) => Err(CreateError::Failed(failure.into())),
        })
    }

    fn drop(&mut self, _: Resource<CreationHandle>) -> Answer<()> {
        Ok(())
    }
}
