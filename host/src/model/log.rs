//! The event log as the host sees it: a trait, because a replicated log will stand beside SQLite.

use super::error::Result;
use super::event::{Event, Rejection};
use super::hash::Digest;
use super::id::{PluginVersion, Seq, TypeName};
use super::task::{Delivery, Place, TaskStep};

/// Everything one group adds to the log: kept together or not at all.
#[derive(Debug, Clone, Default)]
pub struct Commit {
    pub events: Vec<RecordedEvent>,
    pub commands: Vec<RecordedCommand>,
    /// Commands that asked for a version by its date: who still needs it.
    pub pins: Vec<PinUse>,
    /// Events that were taken back, and by which event.
    pub undone: Vec<(Seq, Seq)>,
    /// What has become of tasks; the last of a task counts.
    pub deliveries: Vec<Delivery>,
    pub task_steps: Vec<TaskStep>,
    /// For each kind, a place up to which every task that is not final has a `Delivery`.
    pub task_marks: Vec<(String, Place)>,
}

/// A caller that asked for a version, and got it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinUse {
    /// The version that answered.
    pub version: PluginVersion,
    /// Absent: a caller without a token.
    pub actor: Option<String>,
    /// RFC 3339, UTC.
    pub at: String,
}

/// An event with what it caused.
#[derive(Debug, Clone)]
pub struct RecordedEvent {
    /// Its `seq` is the head before the commit, plus its place in the commit.
    pub event: Event,
    /// When the host took it in, RFC 3339 UTC.
    pub recorded_at: String,
    pub salt: [u8; 16],
    pub hash: Digest,
    /// The lineup that handled it, as text (`Lineup`'s form).
    pub lineup: String,
    /// Id of the command that created it.
    pub command: Option<String>,
    /// Canonical effects (`Effects::encode`).
    pub effects: Vec<u8>,
    /// What the gateway will carry out, with ids.
    pub tasks: Vec<RecordedTask>,
}

#[derive(Debug, Clone)]
pub struct RecordedTask {
    /// Derived from the event's time, source and id, and the ordinal (`service::task_id`).
    pub id: String,
    pub task: super::Task,
}

/// A command with its outcome; rejected ones too.
#[derive(Debug, Clone)]
pub struct RecordedCommand {
    pub id: String,
    pub command_type: TypeName,
    pub subject: Option<String>,
    pub time: String,
    pub actor: Option<String>,
    pub data: String,
    /// The log's head it saw.
    pub position: Seq,
    pub lineup: String,
    pub outcome: CommandOutcome,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandOutcome {
    Accepted { events: u64 },
    Rejected(Rejection),
    Failed(String),
}

/// What an append came to. SQLite never answers `Unknown`; a replicated log can lose a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Appended {
    /// The head after the commit.
    Ok(Seq),
    /// Somebody else appended: the head is another one. Nothing was kept.
    Conflict { head: Seq },
    /// The reply was lost; `resolve` must settle it before anything else is appended.
    Unknown,
}

/// What became of an append whose reply was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolved {
    Landed,
    Lost,
    StillUnknown,
}

/// The totally ordered list of a book's events.
pub trait EventLog {
    fn head(&self) -> Result<(Seq, Digest)>;
    /// Adds a commit when the head is the expected one; durable when it returns `Ok`. An `Err` refused it whole.
    fn append(&mut self, expected_head: Seq, commit_id: &str, commit: &Commit) -> Result<Appended>;
    fn resolve(&mut self, expected_head: Seq, commit_id: &str, commit: &Commit)
    -> Result<Resolved>;
    /// Events `from..=to` in order, at most `count_max` of them.
    fn read(&self, from: Seq, to: Seq, count_max: usize) -> Result<Vec<Event>>;
}
