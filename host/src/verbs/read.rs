//! A directory that is read.

use std::cell::RefCell;
use std::io::Read;
use std::sync::Arc;

use super::{Reads, Rows, StateOf};
use crate::book::Reader;
use crate::history::OnProgress;
use crate::model::{PluginVersion, QueryColumn, Result, Seq, Value};
use crate::runtime::Runtime;
use crate::store::{CommandFilter, CopyMarks, EventFilter, HandlerLogFilter, TaskFilter};
use crate::wire::{
    AnsweredCommand, ChangelogEntry, CloudEvent, CommandSchedule, Commands, GatewayKind,
    HandlerLogLine, HistoryHashes, LogHead, RecordedEvent, Snapshot, Subject, Task, Version,
    WhyNot,
};

impl Reads for Reader {
    fn reach(&self, position: Seq) -> Result<()> {
        Reader::reach(self, position)
    }

    fn log_head(&self) -> Result<LogHead> {
        Ok((&Reader::log_head(self)?).into())
    }

    fn hashes(&self) -> Result<HistoryHashes> {
        Ok((&Reader::hashes(self)?).into())
    }

    fn events(&self, filter: &EventFilter, count_max: usize) -> Result<Vec<CloudEvent<'static>>> {
        let events = Reader::events(self, filter, count_max)?;
        let repairs = self.repairs(&events)?;
        let listed = events.iter().map(|event| {
            let note = repairs.get(&event.seq).copied().unwrap_or_default();
            CloudEvent::from(event).with(note).into_owned()
        });
        Ok(listed.collect())
    }

    fn event(&self, seq: Seq) -> Result<RecordedEvent<'static>> {
        Ok(RecordedEvent::from(&self.show(seq)?).into_owned())
    }

    fn subject(&self, filter: &EventFilter, count_max: usize) -> Result<Subject<'static>> {
        let page = Reader::subject(self, filter, count_max)?;
        let subject = filter.subject.as_deref().unwrap_or_default();
        Ok(Subject::new(subject, &page, self.head()?.0).into_owned())
    }

    fn commands(&self, filter: &CommandFilter, count_max: usize) -> Result<Commands> {
        let (page, next) = Reader::commands(self, filter, count_max)?;
        Ok(Commands::new(&page, next, self.head()?.0))
    }

    fn command(&self, id: &str) -> Result<AnsweredCommand<'static>> {
        Ok(AnsweredCommand::from(&Reader::command(self, id)?).into_owned())
    }

    fn versions(&self) -> Result<Vec<Version>> {
        Ok(Reader::versions(self)?.iter().map(Into::into).collect())
    }

    fn why_not(&self, version: &PluginVersion) -> Result<WhyNot> {
        Ok(WhyNot::new(version, &self.needs(version)?))
    }

    fn changelog(&self, plugin: Option<&str>) -> Result<Vec<ChangelogEntry>> {
        let entries = Reader::changelog(self, plugin)?;
        Ok(entries.iter().map(Into::into).collect())
    }

    fn snapshots(&self) -> Result<Vec<Snapshot>> {
        Ok(Reader::snapshots(self)?.iter().map(Into::into).collect())
    }

    fn tasks(&self, filter: &TaskFilter, count_max: usize) -> Result<Vec<Task>> {
        let rows = Reader::tasks(self, filter, count_max)?;
        Ok(rows.iter().map(Into::into).collect())
    }

    fn task(&self, id: &str) -> Result<Task> {
        Ok((&Reader::task(self, id)?).into())
    }

    fn gateway_kinds(&self) -> Result<Vec<GatewayKind>> {
        let kinds = Reader::gateway_kinds(self)?;
        Ok(kinds.iter().map(Into::into).collect())
    }

    fn handler_log(
        &self,
        filter: &HandlerLogFilter,
        count_max: usize,
    ) -> Result<Vec<HandlerLogLine>> {
        let lines = self.log().handler_log(filter, count_max)?;
        Ok(lines.iter().map(Into::into).collect())
    }

    fn schedules(&self) -> Result<Vec<CommandSchedule>> {
        let schedules = Reader::schedules(self)?;
        Ok(schedules.iter().map(Into::into).collect())
    }

    fn copy_log(&self, marks: &CopyMarks) -> Result<Box<dyn Read + '_>> {
        Ok(Box::new(self.copy(marks)?))
    }

    fn select(
        &self,
        state: StateOf<'_>,
        sql: &str,
        rows: &mut dyn Rows,
        progress: OnProgress<'_>,
    ) -> Result<bool> {
        let rows = RefCell::new(rows);
        let start = |columns: &[QueryColumn]| rows.borrow_mut().columns(columns);
        let visit = |row: Vec<Value>| rows.borrow_mut().row(row);
        match state {
            StateOf::Projection(name) => self.query(name, sql, start, visit)?,
            StateOf::Past { moment, as_known } => {
                let position = self.position_at(moment)?;
                let runtime = Arc::new(Runtime::new()?);
                let past = self.past_state(runtime, position, as_known, progress)?;
                past.query(sql, start, visit)?;
            }
        }
        Ok(false)
    }
}
