//! The contract's imports.

use wasmtime::StoreContextMut;
use wasmtime::component::{HasSelf, Linker};

use super::types::{
    Command, CreateError, Event, Failure, Found, Level, NewEvent, QueryResult, Search, Task,
    Timestamp, Value, WriteError,
};
use super::{
    changes, command_in, creating, event_in, find_in, found_out, instant, level_in, query_out,
    row_in, row_out, state, state_sql, task_in, write_error_out,
};
use crate::runtime::lent::{Answer, Write, with_fuel};
use crate::runtime::state::CallState;

/// Adds what components import. `previous` and `query` go over those of the bindings: what runs below, and SQL, use up the
/// caller's fuel, which its store alone can tell.
pub fn add_to_linker(linker: &mut Linker<CallState>) -> Answer<()> {
    state::add_to_linker::<_, HasSelf<_>>(linker, |state| state)?;
    state_sql::add_to_linker::<_, HasSelf<_>>(linker, |state| state)?;
    changes::add_to_linker::<_, HasSelf<_>>(linker, |state| state)?;
    creating::add_to_linker::<_, HasSelf<_>>(linker, |state| state)?;
    linker.allow_shadowing(true);
    linker
        .instance("daybook:plugin/state-sql@1.0.0")?
        .func_wrap(
            "query",
            |mut store: StoreContextMut<'_, CallState>, (sql, values): (String, Vec<Value>)| {
                with_fuel(&mut store, |state| {
                    state_sql::Host::query(state, sql, values)
                })
            },
        )?;
    linker.instance("daybook:plugin/changes@1.0.0")?.func_wrap(
        "previous",
        |mut store: StoreContextMut<'_, CallState>, (event,): (Event,)| {
            with_fuel(&mut store, |state| changes::Host::previous(state, event))
        },
    )?;
    linker
        .instance("daybook:plugin/creating@1.0.0")?
        .func_wrap(
            "previous",
            |mut store: StoreContextMut<'_, CallState>, (command,): (Command,)| {
                with_fuel(&mut store, |state| creating::Host::previous(state, command))
            },
        )?;
    linker.allow_shadowing(false);
    Ok(())
}

impl super::types::Host for CallState {}

impl state::Host for CallState {
    fn get(&mut self, table: String, key: Vec<Value>) -> Answer<Option<Vec<Value>>> {
        Ok(self.read_get(&table, row_in(key))?.map(row_out))
    }

    fn find(&mut self, table: String, search: Search) -> Answer<Found> {
        let find = find_in(search).map_err(|violation| self.stop(violation))?;
        Ok(found_out(self.read_find(&table, find)?))
    }
}

impl state_sql::Host for CallState {
    fn query(&mut self, sql: String, parameters: Vec<Value>) -> Answer<QueryResult> {
        Ok(query_out(self.read_query(&sql, row_in(parameters))?))
    }
}

impl changes::Host for CallState {
    fn insert(&mut self, table: String, row: Vec<Value>) -> Answer<Result<(), WriteError>> {
        let written = self.write_row(Write::Insert, &table, row_in(row))?;
        Ok(written.map_err(write_error_out))
    }

    fn update(&mut self, table: String, row: Vec<Value>) -> Answer<Result<(), WriteError>> {
        let written = self.write_row(Write::Update, &table, row_in(row))?;
        Ok(written.map_err(write_error_out))
    }

    fn upsert(&mut self, table: String, row: Vec<Value>) -> Answer<Result<(), WriteError>> {
        let written = self.write_row(Write::Upsert, &table, row_in(row))?;
        Ok(written.map_err(write_error_out))
    }

    fn delete(&mut self, table: String, key: Vec<Value>) -> Answer<Result<(), WriteError>> {
        let written = self.delete_row(&table, row_in(key))?;
        Ok(written.map_err(write_error_out))
    }

    fn enqueue(&mut self, task: Task) -> Answer<()> {
        let task = task_in(task).map_err(|violation| self.stop(violation))?;
        self.ask_task(task)
    }

    fn log(&mut self, level: Level, message: String) -> Answer<()> {
        self.write_log(level_in(level), message)
    }

    fn previous(&mut self, event: Event) -> Answer<Result<(), Failure>> {
        let bytes = event.data.len();
        let ran = self.run_below(event_in(event), bytes)?;
        Ok(ran.map_err(Failure::from))
    }
}

impl creating::Host for CallState {
    fn now(&mut self) -> Answer<Timestamp> {
        let text = self.command_time()?;
        let (seconds, nanoseconds) = instant(&text);
        Ok(Timestamp {
            text,
            seconds,
            nanoseconds,
        })
    }

    fn make_id(&mut self) -> Answer<String> {
        self.new_id()
    }

    fn log(&mut self, level: Level, message: String) -> Answer<()> {
        self.write_log(level_in(level), message)
    }

    fn previous(&mut self, command: Command) -> Answer<Result<Vec<NewEvent>, CreateError>> {
        let bytes = command.data.len();
        Ok(match self.ask_below(command_in(command), bytes)? {
            Ok(Ok(events)) => Ok(events.into_iter().map(Into::into).collect()),
            Ok(Err(rejection)) => Err(CreateError::Rejected(rejection.into())),
            Err(failure) => Err(CreateError::Failed(failure.into())),
        })
    }
}
