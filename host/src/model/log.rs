//! A commit as data: everything that a book's log can be told, in operations; and what of it is this machine's own.

use std::sync::Arc;

use uuid::Uuid;

use super::event::{Event, Rejection};
use super::hash::Digest;
use super::id::{CommitSeq, PluginVersion, Seq, TypeName};
use super::layout::TableLayout;
use super::lineup::Schedule;
use super::task::{Delivery, Place, TaskStep};
use crate::model::{
    Amendment, Certification, CommandSchedule, HandlerLine, ProjectionRecord, Redaction,
    SnapshotRecord, StoredKind, StoredVersion,
};

/// What becomes durable together: kept whole, in its place, or not at all.
#[derive(Debug, Clone)]
pub struct Commit {
    /// The commit that it follows. Every commit moves this position, also one without events.
    pub expected: CommitSeq,
    /// Made anew for every commit: it tells this one from another that took its place.
    pub id: Uuid,
    /// Made anew too: it blinds what the commit's seal says of the tables, and is forgotten with the next commit.
    pub blind: [u8; 16],
    pub ops: Vec<LogOp>,
}

impl Commit {
    pub fn new(expected: CommitSeq, ops: Vec<LogOp>) -> Commit {
        Commit {
            expected,
            id: crate::model::given::id(),
            blind: crate::model::given::salt(),
            ops,
        }
    }

    /// Its own position.
    pub fn position(&self) -> CommitSeq {
        self.expected.next()
    }

    /// The last event that it adds.
    pub fn last_event(&self) -> Option<&RecordedEvent> {
        self.ops.iter().rev().find_map(|op| match op {
            LogOp::Event(event) => Some(event),
            _ => None,
        })
    }
}

/// One thing that is true of the book on every machine that has its log.
#[derive(Debug, Clone)]
pub enum LogOp {
    /// The first operation of a log: the book's id.
    Founded {
        book: String,
    },
    /// An event with its effects and tasks.
    Event(RecordedEvent),
    /// A command with its outcome.
    Command(RecordedCommand),
    /// A caller asked for a version by its date, and got it.
    PinUse(PinUse),
    /// `event` was taken back by the event `by`.
    Undone {
        event: Seq,
        by: Seq,
    },
    /// What has become of a task; it replaces what was known.
    Delivery(Delivery),
    /// Something that happened to a task.
    TaskStep(TaskStep),
    /// Up to this place each task of the kind that is not final has a `Delivery`.
    TaskMark {
        kind: String,
        place: Place,
    },
    /// A task that an event's recorded effects do not hold. It waits at its place. `late`: the event that enqueued it after
    /// its own was handled.
    Task {
        place: Place,
        task: RecordedTask,
        late: Option<Seq>,
    },
    /// What a task is after its event's effects were written anew; none: it is asked for no more, and is gone. Its state stays,
    /// what was said about it is erased.
    TaskRewritten {
        place: Place,
        kind: String,
        task: Option<super::Task>,
    },
    /// A version's component, under the SHA-256 of its bytes. One that is there already is left as it is.
    Component {
        digest: Digest,
        bytes: Arc<[u8]>,
    },
    /// A version is registered, in the place of one of the same date. Its component comes before it.
    Version(Box<StoredVersion>),
    /// A table as recorded effects refer to it.
    Layout(Arc<TableLayout>),
    Certification(Certification),
    Retired {
        version: PluginVersion,
        at: String,
        reason: Option<String>,
    },
    /// A version that was retired is there again.
    Unretired(PluginVersion),
    /// From the event `from` on, recorded effects are what this schedule makes of the log.
    Epoch {
        from: Seq,
        schedule: Schedule,
    },
    /// `data` is the payload in force from now on, `effects` what the event does with it (`Effects::encode`).
    Amendment {
        amendment: Amendment,
        data: String,
        effects: Vec<u8>,
    },
    /// What an amended event does with the payload that the amendment `by` put in force, after a redaction.
    AmendedEffects {
        by: Seq,
        effects: Vec<u8>,
    },
    /// Erases a payload with its salt, those that amendments put in its place, and the command that asked for it.
    /// `data` stands in its place; empty where nothing does.
    Redaction {
        redaction: Redaction,
        data: String,
    },
    /// Other effects in the place of recorded ones. What becomes of the tasks is told beside it (`TaskRewritten`); tasks that
    /// were not asked for before are not carried out.
    Effects {
        seq: Seq,
        effects: Vec<u8>,
    },
    /// A version of its own handles `event` in every pinned schedule; the event `by` says so.
    EventPin {
        event: Seq,
        version: PluginVersion,
        by: Seq,
    },
    EventUnpin {
        event: Seq,
    },
    /// How a kind of task is carried out from now on.
    GatewayKind(StoredKind),
    /// Nobody carries a kind out any more.
    GatewayUnset {
        kind: String,
    },
    /// A command that the clock runs, in the place of the one of its name.
    CommandSchedule(Box<CommandSchedule>),
    CommandScheduleRemoved {
        name: String,
    },
    /// Every request to the served book needs a token, also where the file with the tokens is lost.
    TokensInForce {
        since: String,
    },
}

/// One thing that is true of the book on this machine alone: which files it has, and what they are for. It becomes durable
/// with a commit, or by itself.
#[derive(Debug, Clone)]
pub enum LocalOp {
    /// Adds a projection, or replaces the one of its name.
    Projection(ProjectionRecord),
    RemoveProjection {
        name: String,
    },
    Snapshot(SnapshotRecord),
    RemoveSnapshot {
        file: String,
    },
    /// What handlers logged. The oldest lines make room.
    HandlerLog(Vec<HandlerLine>),
    /// A note by its key.
    Note {
        key: String,
        value: String,
    },
    RemoveNote {
        key: String,
    },
}

/// Where a log stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tip {
    /// The last commit; 0 before the first.
    pub commit: CommitSeq,
    /// The last event, and its chain hash.
    pub head: (Seq, Digest),
    /// When the last event was taken in; empty before the first. Later ones are never earlier.
    pub recorded_at: String,
}

/// What an append came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// Durable, at the position after the one that was expected.
    Kept,
    /// Another commit is there already. Nothing was kept.
    Conflict { last: CommitSeq },
    /// The reply was lost. Nothing else may be appended until `resolve` says what became of it.
    Unknown,
}

/// What became of a commit whose reply was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolved {
    /// It is in its place.
    Landed,
    /// It is not, and never will be.
    Lost,
    StillUnknown,
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
