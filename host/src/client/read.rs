//! What is read of a served book.

use std::io::Read;

use super::{Client, encoded, path_with};
use crate::book::LIVE;
use crate::history::OnProgress;
use crate::model::{PluginVersion, Result, Seq};
use crate::store::{CommandFilter, CopyMarks, EventFilter, HandlerLogFilter, TaskFilter};
use crate::study::Moment;
use crate::verbs::{Reads, Rows, StateOf};
use crate::wire::{
    AnsweredCommand, Changelog, ChangelogEntry, CloudEvent, CommandSchedule, CommandSchedules,
    Commands, CopyRequest, Events, GatewayKind, GatewayKinds, HandlerLog, HandlerLogLine,
    HistoryHashes, LogHead, QueryReply, QueryRequest, ROWS_MAX, RecordedEvent, Snapshot, Snapshots,
    Subject, Task, Tasks, Version, Versions, WhyNot,
};

/// Events, and tasks, of one page that are asked for.
const PAGE_MAX: usize = 1_000;

/// Events of a subject, with all they did, of one page.
const SUBJECT_PAGE_MAX: usize = 200;

impl Reads for Client {
    fn reach(&self, position: Seq) -> Result<()> {
        self.min_position.set(Some(position));
        Ok(())
    }

    fn log_head(&self) -> Result<LogHead> {
        self.get("/head")
    }

    fn hashes(&self) -> Result<HistoryHashes> {
        self.get("/hashes")
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

    fn subject(&self, filter: &EventFilter, count_max: usize) -> Result<Subject<'static>> {
        let subject = encoded(filter.subject.as_deref().unwrap_or_default());
        let after = match filter.descending {
            false => filter.from.map(|from| from.0.saturating_sub(1)),
            true => filter.to.map(|to| to.0.saturating_add(1)),
        };
        let parameters = [
            (
                "limit",
                Some(count_max.clamp(1, SUBJECT_PAGE_MAX).to_string()),
            ),
            ("order", filter.descending.then(|| "-seq".to_owned())),
            ("after", after.map(|after| after.to_string())),
        ];
        self.get(&path_with(&format!("/subjects/{subject}"), &parameters))
    }

    fn commands(&self, filter: &CommandFilter, count_max: usize) -> Result<Commands> {
        let parameters = [
            ("limit", Some(count_max.clamp(1, PAGE_MAX).to_string())),
            ("type", filter.command_type.clone()),
            ("actor", filter.actor.clone()),
            ("subject", filter.subject.clone()),
            ("outcome", filter.outcome.clone()),
            ("code", filter.code.clone()),
            ("since", filter.since.clone()),
            ("until", filter.until.clone()),
            ("order", filter.descending.then(|| "-time".to_owned())),
            ("after", filter.after.map(|number| number.to_string())),
        ];
        self.get(&path_with("/commands", &parameters))
    }

    fn command(&self, id: &str) -> Result<AnsweredCommand<'static>> {
        self.get(&format!("/commands/{}", encoded(id)))
    }

    fn versions(&self) -> Result<Vec<Version>> {
        self.get("/versions").map(|it: Versions| it.versions)
    }

    fn why_not(&self, version: &PluginVersion) -> Result<WhyNot> {
        self.get(&format!("/versions/{version}/why-not"))
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
            ("subject", filter.subject.clone()),
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
        let mut query = QueryRequest {
            sql: sql.to_owned(),
            limit: Some(ROWS_MAX),
            ..QueryRequest::default()
        };
        match state {
            StateOf::Projection(name) if name != LIVE => query.projection = Some(name.to_owned()),
            StateOf::Projection(_) => {}
            StateOf::Past { moment, as_known } => {
                query.as_known = as_known;
                match moment {
                    Moment::Happened(time) => query.as_of_event_time = Some(time.clone()),
                    moment => query.as_of = Some(moment.to_string().into()),
                }
            }
        }
        let reply: QueryReply = self.tell(&self.reaching("/query"), &query)?.read()?;
        rows.columns(&reply.query_columns()?)?;
        for row in reply.rows {
            rows.row(row.into_iter().map(|cell| cell.0).collect())?;
        }
        Ok(reply.truncated)
    }
}
