//! The state under a running event: the projection, and above it the event's own writes.
//!
//! A probe stands on a projection of another lineup: rows are mapped by column name, nothing is ever written.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::overlay::{Overlay, Write, rows_before};
use super::partitions::Confined;
use super::program::{Handler, Link, Program};
use crate::model::clock::processor_seconds;
use crate::model::layout::RowMap;
use crate::model::undo::RowUndo;
use crate::model::value::SuppliedRow;
use crate::model::{
    Budget, Calls, Digest, Error, Event, Find, HandlerError, Layouts, Level, LogLine, QueryResult,
    Result, Row, Seq, Task, Value, limits,
};
use crate::runtime::{Creating, Instances, Materializing, Perturbed, Terms};
use crate::store::{Bounds, Projection};

/// Everything one event's handlers share. Boxed, and handed from call to call.
#[derive(Debug)]
pub struct EventState {
    pub projection: Projection,
    pub layouts: Arc<Layouts>,
    /// Set in a probe whose tables are not the projection's.
    mapping: Option<Vec<Option<(usize, RowMap)>>>,
    pub overlay: Overlay,
    pub tasks: Vec<Task>,
    pub log: Vec<LogLine>,
    log_bytes: usize,
    written_bytes: usize,
    /// Of rows that stood where it wrote.
    replaced_bytes: usize,
    pub usage: Usage,
    /// Processor time that its SQL took: of no use but to end it.
    sql_seconds: f64,
    /// Writes of this event are in the projection already, because a `find` or `query` needed them.
    shown_to_sql: bool,
    /// Single rows that were read below the event's own writes; only collected in a diff.
    pub touched: Vec<SuppliedRow>,
    pub tracing: bool,
    /// A `find`, a `query` or a unique index looked at more than single rows.
    pub searched: bool,
    /// Only for a probe: what a version below would do first.
    pub below: Option<Below>,
    /// Instances that wait for their next call.
    pub instances: Instances,
    /// How calls are made.
    pub calls: Calls,
    /// Code of which an instance could not be reset after a call.
    pub dropped: BTreeSet<Digest>,
    /// What takes back what events changed here that are undone later.
    pub undone: BTreeMap<Seq, Vec<RowUndo>>,
    /// Only in a certification.
    pub perturbed: Perturbed,
    /// A fault of the host behind a violation that the guest was shown.
    pub(super) fault: Option<Error>,
    /// The rows that the handler which runs may touch; none: any.
    pub(super) confined: Option<Confined>,
    /// What a handler of this event touched beyond those.
    pub strayed: Option<String>,
}

/// What a version below did with an event on this very state, so that it need not run again.
#[derive(Debug)]
pub struct Below {
    pub handler: Handler,
    pub event: Event,
    /// Table, key and the row after, in the layouts of this event's state.
    pub writes: Vec<SuppliedRow>,
    pub tasks: Vec<Task>,
    pub used: Budget,
}

/// What an event's handlers used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    pub fuel: u64,
    pub host_calls: u64,
    pub rows_read: u64,
    pub rows_written: u64,
    pub bytes_read: u64,
}

impl Usage {
    /// What it takes off a call's budget.
    pub fn budget(&self) -> Budget {
        Budget {
            fuel: self.fuel,
            host_calls: u32::try_from(self.host_calls).unwrap_or(u32::MAX),
        }
    }
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, other: Usage) {
        self.fuel += other.fuel;
        self.host_calls += other.host_calls;
        self.rows_read += other.rows_read;
        self.rows_written += other.rows_written;
        self.bytes_read += other.bytes_read;
    }
}

impl EventState {
    pub fn new(projection: Projection) -> Box<EventState> {
        Box::new(EventState {
            layouts: projection.layouts().clone(),
            projection,
            mapping: None,
            overlay: Overlay::default(),
            tasks: Vec::new(),
            log: Vec::new(),
            log_bytes: 0,
            written_bytes: 0,
            replaced_bytes: 0,
            usage: Usage::default(),
            sql_seconds: 0.0,
            shown_to_sql: false,
            touched: Vec::new(),
            tracing: false,
            searched: false,
            below: None,
            instances: Instances::default(),
            calls: Calls::default(),
            dropped: BTreeSet::new(),
            undone: BTreeMap::new(),
            perturbed: Perturbed::default(),
            fault: None,
            confined: None,
            strayed: None,
        })
    }

    /// Lets another program's handlers stand here, for a probe.
    pub fn lend_to(&mut self, program: &Program) {
        if *program.layouts == *self.layouts {
            return;
        }
        let own = self.projection.layouts().clone();
        let mapping = program
            .layouts
            .tables
            .iter()
            .map(|table| {
                let at = own.position(&table.sql_name)?;
                Some((at, RowMap::between(&own.tables[at], table)))
            })
            .collect();
        self.mapping = Some(mapping);
        self.layouts = program.layouts.clone();
    }

    pub fn take_back(&mut self) {
        self.mapping = None;
        self.layouts = self.projection.layouts().clone();
    }

    /// Before an event.
    pub fn begin(&mut self) {
        self.overlay.clear();
        self.tasks.clear();
        self.log.clear();
        self.log_bytes = 0;
        self.written_bytes = 0;
        self.replaced_bytes = 0;
        self.usage = Usage::default();
        self.sql_seconds = 0.0;
        self.fault = None;
        self.strayed = None;
        self.shown_to_sql = false;
        self.touched.clear();
        self.searched = false;
    }

    /// On which terms a version's materializer is called.
    pub fn terms_to_materialize(&mut self, link: &Link, budget: Budget) -> Terms<Materializing> {
        Terms {
            budget,
            instance: match self.calls {
                Calls::Fresh => None,
                Calls::Reset | Calls::Proved => self.instances.materializing.take(&link.code),
            },
            perturbed: self.perturbed,
            calls: self.calls,
        }
    }

    /// On which terms a version's creator is called.
    pub fn terms_to_create(&mut self, link: &Link, budget: Budget) -> Terms<Creating> {
        Terms {
            budget,
            instance: match self.calls {
                Calls::Fresh => None,
                Calls::Reset | Calls::Proved => self.instances.creating.take(&link.code),
            },
            perturbed: self.perturbed,
            calls: self.calls,
        }
    }

    /// After a call: its instance waits for the next one.
    pub fn after_materialize(&mut self, link: &Link, instance: Option<Materializing>) {
        match instance {
            Some(instance) => self.instances.materializing.put(instance),
            None => self.drop_instance(link),
        }
    }

    /// The same for a creator.
    pub fn after_create(&mut self, link: &Link, instance: Option<Creating>) {
        match instance {
            Some(instance) => self.instances.creating.put(instance),
            None => self.drop_instance(link),
        }
    }

    fn drop_instance(&mut self, link: &Link) {
        if self.calls != Calls::Fresh {
            self.dropped.insert(link.code.digest);
        }
    }

    /// The fault of the host behind how a handler ended, if there is one.
    pub fn fault(&mut self, error: &HandlerError) -> Option<Error> {
        let fault = { self.fault.take() }.or_else(|| error.host_fault().cloned());
        if fault.is_some() {
            // It may be for want of instances.
            self.instances.clear();
        }
        fault
    }

    /// The row as the projection has it.
    fn under(&mut self, table: usize, key: &[Value]) -> Result<Option<Row>> {
        match &self.mapping {
            None => self.projection.get(table, key),
            Some(mapping) => match &mapping[table] {
                None => Ok(None),
                Some((at, map)) => Ok(self.projection.get(*at, key)?.map(|row| map.map(&row))),
            },
        }
    }

    /// Refuses what is beyond the rows that the handler which runs may touch.
    fn confine(
        &mut self,
        touches: impl FnOnce(&Confined, &Layouts) -> Option<Error>,
    ) -> Result<()> {
        let strays = { self.confined.as_ref() }.and_then(|it| touches(it, &self.layouts));
        strays.map_or(Ok(()), |error| {
            self.strayed.get_or_insert_with(|| error.message.clone());
            Err(error)
        })
    }

    pub fn get(&mut self, table: usize, key: &[Value]) -> Result<Option<Row>> {
        self.confine(|it, layouts| it.row(table, &layouts.tables[table], key))?;
        if let Some(at) = self.overlay.find(table, key) {
            return Ok(self.overlay.row(at).clone());
        }
        let row = self.under(table, key)?;
        if self.tracing {
            self.touched.push((table, key.to_vec(), row.clone()));
        }
        self.usage.rows_read += 1;
        Ok(row)
    }

    /// Writes a row whose key was read in this event (`get`), `current` being what was read. So the row is one that the
    /// handler may touch.
    pub fn put(
        &mut self,
        table: usize,
        key: Vec<Value>,
        current: Option<Row>,
        row: Option<Row>,
    ) -> Result<()> {
        let weight = |row: &Row| -> usize { row.iter().map(Value::weight).sum() };
        self.usage.rows_written += 1;
        self.replaced_bytes += current.as_ref().map_or(0, weight);
        self.count_written(row.as_ref().map_or(8, weight))?;
        self.overlay.write(table, key, || current, row);
        if self.overlay.len() > limits::CHANGES_PER_EVENT_MAX {
            return Err(Error::refused(format!(
                "it changes more than {} rows for one event",
                limits::CHANGES_PER_EVENT_MAX
            )));
        }
        Ok(())
    }

    /// Asks for a task.
    pub fn ask(&mut self, task: Task) -> Result<()> {
        if self.tasks.len() == limits::TASKS_PER_EVENT_MAX {
            return Err(Error::refused(format!(
                "more than {} tasks for one event",
                limits::TASKS_PER_EVENT_MAX
            )));
        }
        let texts = [Some(&task.kind), Some(&task.data), task.key.as_ref()];
        self.count_written(texts.into_iter().flatten().map(String::len).sum())?;
        self.tasks.push(task);
        Ok(())
    }

    fn count_written(&mut self, bytes: usize) -> Result<()> {
        self.written_bytes += bytes;
        if self.written_bytes > limits::EFFECTS_BYTES_PER_EVENT_MAX {
            return Err(Error::refused(format!(
                "it writes more than {} bytes for one event",
                limits::EFFECTS_BYTES_PER_EVENT_MAX
            )));
        }
        if self.written_bytes + self.replaced_bytes > limits::EFFECTS_BYTES_WITH_BEFORE_MAX {
            return Err(Error::refused(format!(
                "it writes and replaces more than {} bytes for one event",
                limits::EFFECTS_BYTES_WITH_BEFORE_MAX
            )));
        }
        Ok(())
    }

    /// Does what the version below is known to do with an event that is passed on to it. False: it has to run, because
    /// nothing is known, or the event or the state is not the one that it is known of.
    pub fn pass_on(
        &mut self,
        handler: Handler,
        event: &Event,
        budget: &mut Budget,
    ) -> Result<bool> {
        let untouched = self.overlay.mark() == 0 && self.tasks.is_empty();
        let known = |below: &mut Below| {
            untouched
                && below.handler == handler
                && below.event == *event
                && below.used.fuel <= budget.fuel
                && below.used.host_calls <= budget.host_calls
        };
        let Some(below) = self.below.take_if(known) else {
            return Ok(false);
        };
        budget.spend(below.used);
        self.tasks = below.tasks;
        for (table, key, row) in below.writes {
            let current = self.get(table, &key)?;
            self.put(table, key, current, row)?;
        }
        Ok(true)
    }

    /// Makes the event's writes visible to SQL.
    fn sync(&mut self) -> Result<()> {
        self.searched = true;
        if self.overlay.len() == 0 {
            return Ok(());
        }
        if self.mapping.is_some() {
            return Err(Error::refused(
                "a search after a write cannot be tried on the tables of another version",
            ));
        }
        for entry in self.overlay.unsynced() {
            self.projection
                .put(entry.table, &entry.key, entry.after.clone())?;
            entry.synced = true;
            self.shown_to_sql = true;
        }
        Ok(())
    }

    pub fn find(&mut self, table: usize, find: &Find) -> Result<Vec<Row>> {
        self.confine(|it, layouts| it.find(table, &layouts.tables[table], find))?;
        self.sync()?;
        let rows_max = limits::ROWS_READ_PER_CALL_MAX.saturating_sub(self.usage.rows_read as usize);
        let bytes_max =
            limits::BYTES_READ_PER_CALL_MAX.saturating_sub(self.usage.bytes_read as usize);
        let rows = match &self.mapping {
            None => self.projection.find(table, find, rows_max, bytes_max)?,
            Some(mapping) => match &mapping[table] {
                None => Vec::new(),
                Some((at, map)) => self
                    .projection
                    .find(*at, find, rows_max, bytes_max)?
                    .iter()
                    .map(|row| map.map(row))
                    .collect(),
            },
        };
        self.count_rows(
            rows.len(),
            rows.iter()
                .flat_map(|row| row.iter())
                .map(Value::weight)
                .sum(),
        )?;
        Ok(rows)
    }

    pub fn query(
        &mut self,
        scope: &str,
        tables: &Arc<BTreeSet<String>>,
        sql: &str,
        parameters: &[Value],
        fuel: &mut u64,
    ) -> Result<QueryResult> {
        self.confine(|it, _| Some(it.query()))?;
        self.sync()?;
        let rows_max = limits::ROWS_READ_PER_CALL_MAX.saturating_sub(self.usage.rows_read as usize);
        let bytes_max =
            limits::BYTES_READ_PER_CALL_MAX.saturating_sub(self.usage.bytes_read as usize);
        let steps_max = *fuel / limits::FUEL_PER_SQL_STEP;
        let bounds = Bounds {
            rows_max,
            bytes_max,
            steps_max,
            seconds_max: limits::SQL_SECONDS_MAX - self.sql_seconds,
        };
        let began = processor_seconds();
        let (result, steps) = self
            .projection
            .query(scope, tables, sql, parameters, bounds);
        self.sql_seconds += processor_seconds() - began;
        *fuel = fuel.saturating_sub(steps.saturating_mul(limits::FUEL_PER_SQL_STEP));
        let result = result?;
        let bytes = result.rows.iter().flatten().map(Value::weight).sum();
        self.count_rows(result.rows.len(), bytes)?;
        Ok(result)
    }

    fn count_rows(&mut self, rows: usize, bytes: usize) -> Result<()> {
        self.usage.rows_read += rows as u64;
        self.usage.bytes_read += bytes as u64;
        if self.usage.bytes_read as usize > limits::BYTES_READ_PER_CALL_MAX {
            return Err(Error::refused(format!(
                "it reads more than {} bytes in one call",
                limits::BYTES_READ_PER_CALL_MAX
            )));
        }
        Ok(())
    }

    /// The unique index in which another row has these values.
    pub fn unique_conflict(&mut self, table: usize, row: &Row) -> Result<Option<String>> {
        if !self.layouts.tables[table].has_unique_index() {
            return Ok(None);
        }
        if self.mapping.is_some() {
            return Err(Error::refused(
                "a unique index cannot be tried on the tables of another version",
            ));
        }
        self.sync()?;
        self.projection.unique_conflict(table, row)
    }

    pub fn add_log(&mut self, mut line: LogLine) {
        let room = limits::LOG_BYTES_PER_CALL_MAX.saturating_sub(self.log_bytes);
        if room == 0 {
            return;
        }
        self.log_bytes += line.message.len();
        if line.message.len() > room {
            let cut = line.message.floor_char_boundary(room);
            line.message.truncate(cut);
            line.message
                .push_str("… (the rest of this call's log is cut)");
        }
        self.log.push(line);
    }

    /// Output through WASI is part of the handler's log.
    pub fn add_printed(&mut self, printed: &[u8]) {
        for line in String::from_utf8_lossy(printed).lines() {
            self.add_log(LogLine {
                by: None,
                level: Level::Info,
                message: line.to_owned(),
            });
        }
    }

    /// Takes back every write of the event, also those that SQL was shown.
    pub fn undo(&mut self) -> Result<()> {
        let writes = self.overlay.take_writes();
        self.tasks.clear();
        self.hide(&writes)
    }

    /// Puts rows that SQL was shown back to what they were before the event.
    pub fn hide(&mut self, writes: &[Write]) -> Result<()> {
        match std::mem::take(&mut self.shown_to_sql) {
            true => self.projection.replace(rows_before(writes)),
            false => Ok(()),
        }
    }

    /// Gives the event's net writes to the projection.
    pub fn apply(&mut self) -> Result<()> {
        // A row that came back to what it was may have been shown to SQL in between: it is written all the same.
        for entry in self.overlay.unsynced() {
            self.projection
                .put(entry.table, &entry.key, entry.after.clone())?;
        }
        self.overlay.clear();
        Ok(())
    }
}
