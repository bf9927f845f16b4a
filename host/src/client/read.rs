//! What is read of a served book.

use std::io::Read;

use super::{Client, encoded, path_with};
use crate::book::LIVE;
use crate::history::OnProgress;
use crate::model::{Result, Seq};
use crate::store::{CopyMarks, EventFilter, HandlerLogFilter, TaskFilter};
use crate::study::Moment;
use crate::verbs::{Reads, Rows, StateOf, only_by_directory};
use crate::wire::{
    Changelog, ChangelogEntry, CloudEvent, CommandSchedule, CommandSchedules, CopyRequest, Events,
    GatewayKind, GatewayKinds, HandlerLog, HandlerLogLine, LogHead, QueryReply, QueryRequest,
    ROWS_MAX, RecordedEvent, Snapshot, Snapshots, Task, Tasks, Version, Versions,
};

/// Events, and tasks, of one page that are asked for.
const PAGE_MAX: usize = 1_000;

impl Reads for Client {
    fn log_head(&self) -> Result<LogHead> {
        self.get("/head")
    }

    fn events(&self, filter: &EventFilter, count_max: usize) -> Result<Vec<CloudEvent<'static>>> {
        let parameters = [
            ("limit", Some(count_max.min(PAGE_MAX).to_string())),
            ("from", filter.from.map(|seq| seq.to_string())),
            ("to", filter.to.map(|seq| seq.to_string())),
            ("type", filter.event_type.clone()),
            ("subject", filter.subject.clone()),
            ("order", filter.descending.then(|| "-seq".to_owned())),
        ];
        let page: Events<'static> = self.get(&path_with("/events", &parameters))?;
        Ok(page.events)
    }

    fn event(&self, seq: Seq) -> Result<RecordedEvent<'static>> {
        self.get(&format!("/events/{seq}"))
    }

    fn versions(&self) -> Result<Vec<Version>> {
        self.get("/versions").map(|it: Versions| it.versions)
    }

    fn changelog(&self, plugin: Option<&str>) -> Result<Vec<ChangelogEntry>> {
        let parameters = [("plugin", plugin.map(str::to_owned))];
        let changelog: Changelog = self.get(&path_with("/changelog", &parameters))?;
        Ok(changelog.versions)
    }

    fn snapshots(&self) -> Result<Vec<Snapshot>> {
        self.get("/snapshots").map(|it: Snapshots| it.snapshots)
    }

    fn tasks(&self, filter: &TaskFilter, count_max: usize) -> Result<Vec<Task>> {
        let parameters = [
            ("limit", Some(count_max.clamp(1, PAGE_MAX).to_string())),
            ("kind", filter.kind.clone()),
            ("state", filter.state.map(|state| state.to_string())),
            ("event", filter.event.map(|seq| seq.to_string())),
            ("after", filter.after.map(|place| place.to_string())),
        ];
        let page: Tasks = self.get(&path_with("/tasks", &parameters))?;
        Ok(page.tasks)
    }

    fn task(&self, id: &str) -> Result<Task> {
        self.get(&format!("/tasks/{}", encoded(id)))
    }

    fn gateway_kinds(&self) -> Result<Vec<GatewayKind>> {
        self.get("/gateway").map(|it: GatewayKinds| it.kinds)
    }

    fn handler_log(
        &self,
        filter: &HandlerLogFilter,
        count_max: usize,
    ) -> Result<Vec<HandlerLogLine>> {
        let parameters = [
            ("limit", Some(count_max.clamp(1, PAGE_MAX).to_string())),
            ("after", filter.after.map(|after| after.to_string())),
            ("event", filter.event.map(|seq| seq.to_string())),
            ("command", filter.command.clone()),
        ];
        let page: HandlerLog = self.get(&path_with("/log", &parameters))?;
        Ok(page.lines)
    }

    fn schedules(&self) -> Result<Vec<CommandSchedule>> {
        self.get("/schedules")
            .map(|it: CommandSchedules| it.schedules)
    }

    fn copy_log(&self, marks: &CopyMarks) -> Result<Box<dyn Read + '_>> {
        self.stream("/log/copy", &CopyRequest::from(marks))
    }

    fn select(
        &self,
        state: StateOf<'_>,
        sql: &str,
        rows: &mut dyn Rows,
        _: OnProgress<'_>,
    ) -> Result<bool> {
        let (as_of, as_of_event_time) = match state {
            StateOf::Projection(name) if name != LIVE => {
                return Err(only_by_directory("a replay's state"));
            }
            StateOf::Projection(_) => (None, None),
            StateOf::Past(Moment::Happened(time)) => (None, Some(time.clone())),
            StateOf::Past(moment) => (Some(moment.to_string().into()), None),
        };
        let query = QueryRequest {
            sql: sql.to_owned(),
            parameters: Vec::new(),
            limit: Some(ROWS_MAX),
            as_of,
            as_of_event_time,
        };
        let reply: QueryReply = self.tell("/query", &query)?.read()?;
        rows.columns(&reply.columns)?;
        for row in reply.rows {
            rows.row(row.into_iter().map(|cell| cell.0).collect())?;
        }
        Ok(reply.truncated)
    }
}
