//! The contract's imports: each call of a guest counted, converted, and passed to the lent capability.

use wasmtime::component::Resource;

use super::bindings::types::{Event, Failure, Find, Level, QueryResult, Task, Value, WriteError};
use super::bindings::{
    self, creation, find_in, level_in, materialization, query_out, row_in, row_out,
};
use super::state::{CallState, Capability, CreationHandle, MaterializationHandle};
use crate::model::capability::{StateRead, WriteResult};
use crate::model::{
    self, Creation, HandlerError, LogLine, Materialization, Seq, TypeName, Violation,
};

type Answer<T> = wasmtime::Result<T>;

impl CallState {
    fn materialization(&mut self) -> Answer<&mut dyn Materialization> {
        self.count_call()?;
        match &mut self.capability {
            Capability::Materialization(cx) => Ok(cx.as_mut()),
            _ => Err(wasmtime::Error::msg(
                "no materialization is lent to this call",
            )),
        }
    }

    fn creation(&mut self) -> Answer<&mut dyn Creation> {
        self.count_call()?;
        match &mut self.capability {
            Capability::Creation(cx) => Ok(cx.as_mut()),
            _ => Err(wasmtime::Error::msg("no creation is lent to this call")),
        }
    }

    /// Reads are the same for both capabilities.
    fn state(&mut self) -> Answer<&mut dyn StateRead> {
        self.count_call()?;
        match &mut self.capability {
            Capability::Materialization(cx) => Ok(cx.as_mut()),
            Capability::Creation(cx) => Ok(cx.as_mut()),
            Capability::None => Err(wasmtime::Error::msg("no state is lent to this call")),
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

    fn write_log(&mut self, level: Level, message: String) -> Answer<()> {
        let result = self.state()?.log(LogLine {
            level: level_in(level),
            message,
        });
        self.settle(result)
    }
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
        let event = match event_in(event) {
            Ok(event) => event,
            Err(error) => return Err(self.stop(Violation(format!("previous: {error}")))),
        };
        let result = match self.materialization()?.previous(event) {
            Ok(result) => result,
            Err(error) => return Err(self.stop(error)),
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

    fn drop(&mut self, _: Resource<CreationHandle>) -> Answer<()> {
        Ok(())
    }
}

fn event_in(event: Event) -> model::Result<model::Event> {
    let version = if event.version.is_empty() {
        None
    } else {
        Some(event.version.parse()?)
    };
    Ok(model::Event {
        seq: Seq(event.seq),
        id: event.id,
        source: event.source,
        event_type: TypeName::new(&event.event_type)?,
        subject: event.subject,
        time: event.time,
        version,
        data: event.data,
        extensions: None,
    })
}
