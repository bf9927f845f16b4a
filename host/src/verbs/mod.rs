//! What may be asked of a book, wherever it is: an open directory (`Reader`, `Study`, `Book`) and a server (`Client`)
//! implement the same traits, and answer with the same messages.

mod operate;
mod read;
mod study;

pub use operate::APPEND_BYTES_MAX;

use std::io::Read;

use crate::book::{Incoming, Request};
use crate::history::OnProgress;
use crate::model::{Act, Digest, Error, PluginVersion, QueryColumn, Result, Seq, Value};
use crate::store::{CommandFilter, CopyMarks, EventFilter, HandlerLogFilter, TaskFilter};
use crate::study::{Moment, Picked};
use crate::wire::{
    ActivateRequest, Activated, AmendReply, AmendRequest, AnsweredCommand, AppendedEvent, Bisected,
    CallsIn, Certified, ChangelogEntry, CloudEvent, CommandReply, CommandSchedule, Commands, Dooms,
    DoomsRequest, DroppedShadow, Forecast, GatewayKind, HandlerLogLine, HistoryHashes, KindConfig,
    LateTasks, LateTasksRequest, Loaded, LogHead, PromoteRequest, Promotion, Reason,
    ReconcileRequest, Reconciled, RecordedEvent, RedactAllRequest, RedactReply, RedactRequest,
    RemedyRequest, RemedyTaken, ReplayRequest, Replayed, RetireRequest, Retired, ScheduleRequest,
    ShadowRequest, Snapshot, Subject, Task, Track, UndoRequest, Undone, Verified, Version, WhyNot,
};

/// Which state a SELECT is about.
#[derive(Debug, Clone, Copy)]
pub enum StateOf<'a> {
    /// A projection by its name: the live one, or a replay.
    Projection(&'a str),
    /// The state as it was: by what is in force now, or as it was known then.
    Past { moment: &'a Moment, as_known: bool },
}

/// Takes what a SELECT gives.
pub trait Rows {
    /// Comes first.
    fn columns(&mut self, columns: &[QueryColumn]) -> Result<()>;
    fn row(&mut self, row: Vec<Value>) -> Result<()>;
}

/// A book to read.
pub trait Reads {
    /// What is read from now on knows of this event: whoever is asked waits for it, for a while. Refused where it does not
    /// come.
    fn reach(&self, position: Seq) -> Result<()>;

    /// Where the log stands, as a digest to be kept elsewhere.
    fn log_head(&self) -> Result<LogHead>;

    /// What the whole history came to, in a few hashes: two books are compared by them.
    fn hashes(&self) -> Result<HistoryHashes>;

    /// Events in order that match a filter: at most `count_max`, and not more than a page of whoever is asked.
    fn events(&self, filter: &EventFilter, count_max: usize) -> Result<Vec<CloudEvent<'static>>>;

    /// Everything recorded about an event.
    fn event(&self, seq: Seq) -> Result<RecordedEvent<'static>>;

    /// What there is about a subject: a page of at most `count_max` events, which the filter's subject and positions name.
    fn subject(&self, filter: &EventFilter, count_max: usize) -> Result<Subject<'static>>;

    /// Commands of the journal that match a filter: at most `count_max`, and not more than a page of whoever is asked.
    fn commands(&self, filter: &CommandFilter, count_max: usize) -> Result<Commands>;

    /// A command of the journal with the events that came of it.
    fn command(&self, id: &str) -> Result<AnsweredCommand<'static>>;

    /// Every version that was ever loaded, by plugin and date.
    fn versions(&self) -> Result<Vec<Version>>;

    /// Who and what needs a version, so that it cannot be retired.
    fn why_not(&self, version: &PluginVersion) -> Result<WhyNot>;

    /// What each version changed, of one plugin or of all.
    fn changelog(&self, plugin: Option<&str>) -> Result<Vec<ChangelogEntry>>;

    /// The snapshots of the live state, by position.
    fn snapshots(&self) -> Result<Vec<Snapshot>>;

    /// Tasks in the order of the log: at most `count_max`, and not more than a page of whoever is asked.
    fn tasks(&self, filter: &TaskFilter, count_max: usize) -> Result<Vec<Task>>;

    /// A task with everything that happened to it.
    fn task(&self, id: &str) -> Result<Task>;

    /// How every kind of task is carried out.
    fn gateway_kinds(&self) -> Result<Vec<GatewayKind>>;

    /// What handlers logged, in order: at most `count_max` lines, and not more than a page of whoever is asked.
    fn handler_log(
        &self,
        filter: &HandlerLogFilter,
        count_max: usize,
    ) -> Result<Vec<HandlerLogLine>>;

    /// Every command that the clock runs, by its name.
    fn schedules(&self) -> Result<Vec<CommandSchedule>>;

    /// The stream of all of the log that a copy lacks.
    fn copy_log(&self, marks: &CopyMarks) -> Result<Box<dyn Read + '_>>;

    /// Runs one SELECT. True where there are more rows than were given.
    fn select(
        &self,
        state: StateOf<'_>,
        sql: &str,
        rows: &mut dyn Rows,
        progress: OnProgress<'_>,
    ) -> Result<bool>;
}

/// A book to look at before anything is changed; whatever is asked, it stays as it is.
pub trait Studies {
    /// The first event on which two choices of logic part in something that `expect`, an expectation file's text, does not
    /// name.
    fn bisect(
        &mut self,
        base: &Picked,
        candidate: &Picked,
        expect: &str,
        progress: OnProgress<'_>,
    ) -> Result<Bisected<'static>>;

    /// Events that a version cannot materialize.
    fn dooms(&mut self, request: &DoomsRequest, progress: OnProgress<'_>) -> Result<Dooms>;

    /// Where a way past an event of doom would lead.
    fn forecast(
        &mut self,
        seq: Seq,
        request: &RemedyRequest,
        progress: OnProgress<'_>,
    ) -> Result<Forecast>;
}

/// A book to change. `actor` is who does it, where no token says so.
pub trait Operates {
    /// Position of the log's last event.
    fn head(&self) -> Result<Seq>;

    /// True where a version is in force.
    fn is_active(&self, version: &PluginVersion) -> Result<bool>;

    /// Registers a component.
    fn load(&mut self, bytes: &[u8]) -> Result<Loaded>;

    /// Puts a loaded version in force.
    fn activate(
        &mut self,
        version: &PluginVersion,
        request: &ActivateRequest,
        progress: OnProgress<'_>,
    ) -> Result<Activated>;

    /// Certifies a loaded version on the history there is now.
    fn certify(&mut self, version: &PluginVersion) -> Result<Certified>;

    /// How the shadows and the standby stand.
    fn tracks(&self) -> Result<Vec<Track>>;

    /// Begins a shadow and waits until it has caught up, or can go no further.
    fn shadow(&mut self, request: &ShadowRequest, progress: OnProgress<'_>) -> Result<Track>;

    /// Gives a shadow up.
    fn drop_shadow(&mut self, version: &PluginVersion) -> Result<DroppedShadow>;

    /// Puts a shadow in force, or writes the rows in which it differs into the live state.
    fn promote(
        &mut self,
        version: &PluginVersion,
        request: &PromoteRequest,
        actor: Option<&str>,
        progress: OnProgress<'_>,
    ) -> Result<Promotion>;

    /// Goes back to what was live before.
    fn rollback(
        &mut self,
        reason: &Reason,
        actor: Option<&str>,
        progress: OnProgress<'_>,
    ) -> Result<Promotion>;

    /// Gives a version up.
    fn retire(
        &mut self,
        version: &PluginVersion,
        request: &RetireRequest,
        actor: Option<&str>,
    ) -> Result<Retired>;

    /// Copies the live state.
    fn snapshot(&mut self) -> Result<Snapshot>;

    /// Bytes of events that may be appended in one transaction.
    fn append_bytes_max(&self) -> u64;

    /// Appends events in one durable transaction, and tells no more of them than position and id.
    fn append(&mut self, events: Vec<Incoming>) -> Result<Vec<AppendedEvent<'static>>>;

    /// Takes an exported log whole, in a book that has no events. Gives how many events there are.
    fn begin_with(&mut self, events: Vec<Incoming>) -> Result<u64>;

    /// Runs a command. `log` hears what plugins logged, as far as that is told.
    fn run(
        &mut self,
        request: Request,
        log: &mut dyn FnMut(&str) -> Result<()>,
    ) -> Result<CommandReply<'static>>;

    /// Materializes the log again, beside the live state, under a name of its own.
    fn replay(&mut self, request: &ReplayRequest, progress: OnProgress<'_>) -> Result<Replayed>;

    /// Replays everything, or what came since a snapshot, and compares.
    fn verify(
        &mut self,
        since: Option<Seq>,
        kept: Option<Digest>,
        calls: CallsIn,
        progress: OnProgress<'_>,
    ) -> Result<Verified>;

    /// The live state beside what the log yields; with a reason it is put right.
    fn reconcile(
        &mut self,
        request: &ReconcileRequest,
        progress: OnProgress<'_>,
    ) -> Result<Reconciled>;

    /// Replaces an event's payload, or tells what that would change.
    fn amend(
        &mut self,
        seq: Seq,
        request: &AmendRequest,
        actor: Option<&str>,
        progress: OnProgress<'_>,
    ) -> Result<AmendReply>;

    /// Erases an event's payload, or tells what that would change.
    fn redact(
        &mut self,
        seq: Seq,
        request: &RedactRequest,
        actor: Option<&str>,
        progress: OnProgress<'_>,
    ) -> Result<RedactReply>;

    /// Erases the payloads of all events about somebody in one act, or tells what that would change.
    fn redact_all(
        &mut self,
        request: &RedactAllRequest,
        actor: Option<&str>,
        progress: OnProgress<'_>,
    ) -> Result<RedactReply>;

    /// Takes an event's row changes back, or tells what that would change.
    fn undo(
        &mut self,
        seq: Seq,
        request: &UndoRequest,
        actor: Option<&str>,
    ) -> Result<Undone<'static>>;

    /// Takes a way past an event of doom.
    fn remedy(
        &mut self,
        seq: Seq,
        request: &RemedyRequest,
        actor: Option<&str>,
        progress: OnProgress<'_>,
    ) -> Result<RemedyTaken>;

    /// Tasks that what is in force asks for, of events that were handled before it was.
    fn late_tasks(
        &mut self,
        request: &LateTasksRequest,
        actor: Option<&str>,
        progress: OnProgress<'_>,
    ) -> Result<LateTasks>;

    /// Does to a task what an operator says.
    fn act_on_task(
        &mut self,
        id: &str,
        act: &Act,
        reason: &str,
        actor: Option<&str>,
    ) -> Result<Task>;

    /// Says how a kind of task is carried out from now on.
    fn set_gateway_kind(
        &mut self,
        kind: &str,
        config: &KindConfig,
        actor: Option<&str>,
    ) -> Result<()>;

    /// Nobody carries a kind out any more.
    fn unset_gateway_kind(&mut self, kind: &str) -> Result<()>;

    /// Has a command run by the clock from now on.
    fn set_schedule(
        &mut self,
        name: &str,
        request: &ScheduleRequest,
        actor: Option<&str>,
    ) -> Result<CommandSchedule>;

    /// Has it run no more until it is resumed; or again.
    fn pause_schedule(&mut self, name: &str, paused: bool) -> Result<CommandSchedule>;

    /// Runs it now, beside its times.
    fn run_schedule(&mut self, name: &str, actor: Option<&str>) -> Result<CommandSchedule>;

    /// Has it run never again.
    fn remove_schedule(&mut self, name: &str) -> Result<()>;
}

/// Refuses what only a book that is open here can do.
pub(crate) fn only_by_directory(what: &str) -> Error {
    Error::usage(format!("{what} is not to be had from a server"))
        .hint("name the book's directory in place of --url; reading needs no server")
}
