//! The capability lent to one handler call: names and column orders of one component, over the event's state.

mod below;

use std::any::Any;
use std::sync::Arc;

use uuid::Uuid;

use super::event_state::EventState;
use super::program::{Handler, Program, View, ViewTable};
use crate::model::capability::{StateRead, WriteResult};
use crate::model::error::shown;
use crate::model::layout::fits;
use crate::model::{
    Budget, Command, Created, Creation, Error, ErrorKind, Event, Find, Found, HandlerError,
    LogLine, Materialization, QueryResult, Row, TableLayout, Task, Value, Violation, WriteError,
    limits,
};
use crate::runtime::Runtime;

/// What a handler holds for one call.
pub struct Scope {
    /// Away only while a version below runs.
    event_state: Option<Box<EventState>>,
    program: Arc<Program>,
    runtime: Arc<Runtime>,
    handler: Handler,
    view: Arc<View>,
    /// Set for a creator.
    command: Option<CommandIds>,
    /// Calls above this one, of versions that called the one below them.
    depth: usize,
}

/// Where a creator's ids and time come from.
#[derive(Debug, Clone)]
pub struct CommandIds {
    pub id: Uuid,
    pub time: String,
    pub made: u32,
}

impl Scope {
    pub fn new(
        event_state: Box<EventState>,
        program: Arc<Program>,
        runtime: Arc<Runtime>,
        handler: Handler,
        command: Option<CommandIds>,
    ) -> Box<Scope> {
        let view = program.link(handler).view.clone();
        Box::new(Scope {
            event_state: Some(event_state),
            program,
            runtime,
            handler,
            view,
            command,
            depth: 0,
        })
    }

    /// The event's state, given back after the call.
    pub fn into_event_state(self) -> Box<EventState> {
        self.event_state
            .expect("the event state is back when a call has ended")
    }

    fn present(&mut self) -> &mut EventState {
        let event_state = self.event_state.as_mut();
        event_state.expect("the event state is here while a handler runs")
    }

    /// The event's state, for a call of the handler into the host.
    fn event_state(&mut self) -> &mut EventState {
        let event_state = self.present();
        event_state.usage.host_calls += 1;
        event_state
    }

    /// Turns a refusal of the store into the plugin's violation; anything else is a fault of the host.
    fn blame(&mut self, error: Error) -> Violation {
        // A limit of time or space is not the same everywhere.
        if error.kind == ErrorKind::Refused && error.problem.is_none() {
            return Violation(error.message);
        }
        let text = error.message.clone();
        if let Some(event_state) = self.event_state.as_mut() {
            event_state.fault = Some(error);
        }
        Violation(text)
    }

    fn table<'v>(view: &'v View, name: &str) -> Result<&'v ViewTable, Violation> {
        view.tables.get(name).ok_or_else(|| {
            Violation(format!(
                "{} uses table '{}', which its manifest does not name",
                view.version,
                name.escape_debug()
            ))
        })
    }

    fn writable<'v>(view: &'v View, name: &str) -> Result<&'v ViewTable, Violation> {
        let table = view.tables.get(name).filter(|table| table.writable);
        table.ok_or_else(|| {
            Violation(format!(
                "{} writes table '{}', which is not its own: a plugin writes only its own tables",
                view.version,
                name.escape_debug()
            ))
        })
    }

    fn key(view: &View, layout: &TableLayout, key: Vec<Value>) -> Result<Vec<Value>, Violation> {
        let right = key.len() == layout.key.len()
            && key
                .iter()
                .zip(&layout.key)
                .all(|(value, &at)| fits(value, &layout.columns[at]));
        if right {
            return Ok(key.into_iter().map(normal).collect());
        }
        let given: Vec<_> = key.iter().map(Value::kind_name).collect();
        let wanted: Vec<_> = layout
            .key
            .iter()
            .map(|&at| {
                format!(
                    "{} {}",
                    layout.columns[at].name,
                    layout.columns[at].kind.sql()
                )
            })
            .collect();
        Err(Violation(format!(
            "{}: the key of table '{}' is ({}), not ({})",
            view.version,
            layout.sql_name,
            wanted.join(", "),
            given.join(", ")
        )))
    }

    /// A row of the component's columns, checked; as a key and the values in the component's order.
    fn row(
        view: &View,
        table: &ViewTable,
        layout: &TableLayout,
        row: &mut [Value],
    ) -> Result<(), Violation> {
        if row.len() != table.columns.len() {
            return Err(Violation(format!(
                "{}: a row of table '{}' has {} columns, not {}",
                view.version,
                layout.sql_name,
                table.columns.len(),
                row.len()
            )));
        }
        let mut bytes = 0;
        for (value, &at) in row.iter_mut().zip(&table.columns) {
            let column = &layout.columns[at];
            if !fits(value, column) {
                let what = match value {
                    Value::Real(number) if !number.is_finite() => format!("the number {number}"),
                    other => other.kind_name().to_owned(),
                };
                return Err(Violation(format!(
                    "{}: column '{}' of table '{}' is {}{}; it cannot hold {what}",
                    view.version,
                    column.name,
                    layout.sql_name,
                    column.kind.sql(),
                    if column.nullable { "" } else { " NOT NULL" },
                )));
            }
            bytes += value.weight();
            if let Value::Real(number) = value {
                *number += 0.0; // -0.0 becomes 0.0, as SQLite would store it
            }
        }
        if bytes > limits::ROW_BYTES_MAX {
            return Err(Violation(format!(
                "{}: a row of table '{}' has {bytes} bytes; {} at most",
                view.version,
                layout.sql_name,
                limits::ROW_BYTES_MAX
            )));
        }
        Ok(())
    }

    /// The component's row as a row of the layout: columns it does not know keep what they had, or get their default.
    fn widen(
        table: &ViewTable,
        layout: &TableLayout,
        row: Vec<Value>,
        current: Option<&Row>,
    ) -> Row {
        if table.identity {
            return row.into();
        }
        let mut wide: Vec<Value> = match current {
            Some(current) => current.to_vec(),
            None => (0..layout.columns.len())
                .map(|at| layout.missing(at))
                .collect(),
        };
        for (value, &at) in row.into_iter().zip(&table.columns) {
            wide[at] = value;
        }
        wide.into()
    }

    fn write(&mut self, name: &str, mut row: Vec<Value>, mode: Mode) -> WriteResult {
        let view = self.view.clone();
        let table = Self::writable(&view, name)?;
        let event_state = self.event_state();
        let layout = event_state.layouts.tables[table.table].clone();
        Self::row(&view, table, &layout, &mut row)?;
        let key: Vec<Value> = layout
            .key
            .iter()
            .map(|at| {
                let column = table.columns.iter().position(|column| column == at);
                column.map(|column| row[column].clone())
            })
            .collect::<Option<_>>()
            .ok_or_else(|| {
                Violation(format!(
                    "{}: the row of table '{name}' lacks its key",
                    view.version
                ))
            })?;
        let result = Self::put(event_state, table, &layout, key, row, mode);
        result
            .map_err(|error| self.blame(error))?
            .map_or(Ok(Ok(())), |error| Ok(Err(error)))
    }

    fn put(
        event_state: &mut EventState,
        table: &ViewTable,
        layout: &TableLayout,
        key: Vec<Value>,
        row: Vec<Value>,
        mode: Mode,
    ) -> crate::model::Result<Option<WriteError>> {
        let current = event_state.get(table.table, &key)?;
        match (mode, &current) {
            (Mode::Insert, Some(_)) => return Ok(Some(WriteError::RowExists)),
            (Mode::Update, None) => return Ok(Some(WriteError::RowMissing)),
            _ => {}
        }
        let row = Self::widen(table, layout, row, current.as_ref());
        if let Some(column) = layout
            .columns
            .iter()
            .zip(row.iter())
            .find_map(|(column, value)| (!fits(value, column)).then_some(column))
        {
            return Err(Error::refused(format!(
                "a row of table '{}' needs column '{}', which this version does not know and which has no default",
                layout.sql_name, column.name
            )));
        }
        if let Some(index) = event_state.unique_conflict(table.table, &row)? {
            return Ok(Some(WriteError::UniqueViolated(index)));
        }
        event_state.put(table.table, key, current, Some(row))?;
        Ok(None)
    }
}

#[derive(Clone, Copy)]
enum Mode {
    Insert,
    Update,
    Upsert,
}

fn normal(value: Value) -> Value {
    match value {
        Value::Real(number) => Value::Real(number + 0.0),
        other => other,
    }
}

/// The component's columns of a row.
fn narrow(table: &ViewTable, row: &Row) -> Vec<Value> {
    if table.identity {
        row.to_vec()
    } else {
        table.columns.iter().map(|&at| row[at].clone()).collect()
    }
}

/// Where the named columns are in the layout: each is one that the component declares.
fn wanted_columns(
    table: &ViewTable,
    layout: &TableLayout,
    names: &[String],
) -> Result<Vec<usize>, Violation> {
    if names.len() > limits::COLUMNS_PER_TABLE_MAX {
        return Err(Violation(format!(
            "a find over {} asks for {} columns; {} at most",
            layout.name(),
            names.len(),
            limits::COLUMNS_PER_TABLE_MAX
        )));
    }
    let place = |name: &String| {
        let mut columns = table.columns.iter().copied();
        let found = columns.find(|&at| layout.columns[at].name == *name);
        found.ok_or_else(|| {
            let name = shown(name);
            Violation(format!(
                "a find over {} asks for column '{name}', which its manifest does not have",
                layout.name()
            ))
        })
    };
    names.iter().map(place).collect()
}

/// The values of a row that say where it stands in the order of a find.
fn place_in_order(layout: &TableLayout, find: &Find, row: &Row) -> Vec<Value> {
    let order = layout.order(find.index.as_deref()).unwrap_or_default();
    order.iter().map(|&at| row[at].clone()).collect()
}

impl StateRead for Scope {
    fn get(&mut self, name: &str, key: Vec<Value>) -> Result<Option<Vec<Value>>, Violation> {
        let view = self.view.clone();
        let table = Self::table(&view, name)?;
        let event_state = self.event_state();
        let key = Self::key(&view, &event_state.layouts.tables[table.table], key)?;
        match event_state.get(table.table, &key) {
            Ok(row) => Ok(row.map(|row| narrow(table, &row))),
            Err(error) => Err(self.blame(error)),
        }
    }

    fn find(&mut self, name: &str, find: Find) -> Result<Found, Violation> {
        let view = self.view.clone();
        let table = Self::table(&view, name)?;
        let event_state = self.event_state();
        let layout = event_state.layouts.tables[table.table].clone();
        let wanted = find.columns.as_deref();
        let wanted = wanted.map(|names| wanted_columns(table, &layout, names));
        let wanted = wanted.transpose()?;
        match event_state.find(table.table, &find) {
            Ok(rows) => Ok(Found {
                next: { find.limit.zip(rows.last()) }
                    .filter(|(limit, _)| rows.len() == *limit as usize)
                    .map(|(_, last)| place_in_order(&layout, &find, last)),
                rows: { rows.iter() }
                    .map(|row| match &wanted {
                        Some(columns) => columns.iter().map(|&at| row[at].clone()).collect(),
                        None => narrow(table, row),
                    })
                    .collect(),
            }),
            Err(error) => Err(self.blame(error)),
        }
    }

    fn query(
        &mut self,
        sql: &str,
        parameters: Vec<Value>,
        fuel: &mut u64,
    ) -> Result<QueryResult, Violation> {
        let view = self.view.clone();
        match self
            .event_state()
            .query(&view.scope, &view.sql_tables, sql, &parameters, fuel)
        {
            Ok(result) => Ok(result),
            Err(error) => Err(self.blame(error)),
        }
    }

    fn log(&mut self, line: LogLine) -> Result<(), Violation> {
        let by = Some(self.view.version.clone());
        self.event_state().add_log(LogLine { by, ..line });
        Ok(())
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any + Send> {
        self
    }
}

impl Materialization for Scope {
    fn insert(&mut self, table: &str, row: Vec<Value>) -> WriteResult {
        self.write(table, row, Mode::Insert)
    }

    fn update(&mut self, table: &str, row: Vec<Value>) -> WriteResult {
        self.write(table, row, Mode::Update)
    }

    fn upsert(&mut self, table: &str, row: Vec<Value>) -> WriteResult {
        self.write(table, row, Mode::Upsert)
    }

    fn delete(&mut self, name: &str, key: Vec<Value>) -> WriteResult {
        let view = self.view.clone();
        let table = Self::writable(&view, name)?;
        let event_state = self.event_state();
        let key = Self::key(&view, &event_state.layouts.tables[table.table], key)?;
        let result = match event_state.get(table.table, &key) {
            Ok(None) => return Ok(Err(WriteError::RowMissing)),
            Ok(current) => event_state.put(table.table, key, current, None),
            Err(error) => Err(error),
        };
        result.map(Ok).map_err(|error| self.blame(error))
    }

    fn enqueue(&mut self, task: Task) -> Result<(), Violation> {
        let view = self.view.clone();
        let refuse = |what: String| Violation(format!("{}: {what}", view.version));
        if !view.task_kinds.contains(&task.kind) {
            return Err(refuse(format!(
                "it asks for a task of kind '{}', which its manifest does not name",
                task.kind.escape_debug()
            )));
        }
        if task.data.len() > limits::PAYLOAD_BYTES_MAX {
            return Err(refuse(format!(
                "a task of {} bytes; {} at most",
                task.data.len(),
                limits::PAYLOAD_BYTES_MAX
            )));
        }
        if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&task.data) {
            return Err(refuse(format!(
                "the data of a '{}' task is not JSON: {error}",
                task.kind
            )));
        }
        if let Some(time) = task
            .not_before
            .as_deref()
            .filter(|time| !crate::model::clock::is_rfc3339(time))
        {
            return Err(refuse(format!(
                "'{}' is not an RFC 3339 time",
                time.escape_debug()
            )));
        }
        let asked = self.event_state().ask(task);
        asked.map_err(|error| refuse(error.message))
    }

    fn previous(&mut self, event: Event, budget: &mut Budget) -> Result<(), HandlerError> {
        self.materialize_below(&event, budget)
    }
}

impl Creation for Scope {
    fn now(&mut self) -> String {
        self.event_state();
        self.command
            .as_ref()
            .map(|command| command.time.clone())
            .unwrap_or_default()
    }

    fn make_id(&mut self) -> Result<String, Violation> {
        self.event_state();
        let command = self
            .command
            .as_mut()
            .ok_or_else(|| Violation("only a creator can make ids".to_owned()))?;
        let id = Uuid::new_v5(&command.id, format!("id:{}", command.made).as_bytes());
        command.made += 1;
        Ok(id.to_string())
    }

    fn previous(&mut self, command: Command, budget: &mut Budget) -> Result<Created, HandlerError> {
        self.create_below(&command, budget)
    }
}

/// The scope inside a capability that the runtime gives back.
pub fn give_back(lent: Box<dyn Any + Send>) -> Box<Scope> {
    lent.downcast::<Scope>()
        .expect("the runtime gives back what it was lent")
}
