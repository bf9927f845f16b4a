//! What a log keeps of versions, repairs, kinds of tasks and projections, as it is read and written.

use super::capability::Level;
use super::error::{Error, Result};
use super::hash::Digest;
use super::id::{PluginVersion, Seq};
use super::instances::Instances;
use super::lineup::Schedule;
use super::manifest::Manifest;

/// A registered version.
#[derive(Debug, Clone)]
pub struct StoredVersion {
    pub version: PluginVersion,
    pub digest: Digest,
    pub manifest: Manifest,
    pub loaded_at: String,
}

/// What the last certification of a version came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certification {
    pub version: PluginVersion,
    /// The component that was tried; another one under the same date has not been.
    pub digest: Digest,
    /// RFC 3339 UTC.
    pub certified_at: String,
    /// Host, engine and contract on which it was tried.
    pub engine: String,
    /// Events and commands that were tried.
    pub events: u64,
    pub commands: u64,
    /// What becomes of its instances after a call.
    pub instances: Instances,
    /// What it came to, for people.
    pub reason: String,
}

/// How the reason of a certification begins that found a version to differ from itself.
pub const NOT_DETERMINISTIC: &str = "not deterministic: ";

/// How that of one begins that touched rows beyond an event's partition.
pub const NOT_PARTITIONED: &str = "not partitioned as it says: ";

impl Certification {
    /// True where something that must not matter made a difference, or an event strayed: the version is not to be trusted.
    pub fn is_refused(&self) -> bool {
        tells_of_refusal(&self.reason)
    }
}

/// True of a certification's reason for which its version is not to be trusted.
pub fn tells_of_refusal(reason: &str) -> bool {
    [NOT_DETERMINISTIC, NOT_PARTITIONED]
        .iter()
        .any(|words| reason.starts_with(words))
}

/// One replacement of an event's payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amendment {
    /// Of its own event, `daybook.EventAmended` or `daybook.AmendmentReverted`.
    pub seq: Seq,
    /// Whose payload it replaced.
    pub event: Seq,
    /// The original was put back.
    pub reverts: bool,
    /// The payload in force before; none once it was erased.
    pub replaced: Option<String>,
    /// Of the payload it put in force. Erased with the payload: the hash alone lets nobody guess.
    pub salt: [u8; 16],
    pub hash: Digest,
    pub time: String,
    pub actor: Option<String>,
    pub reason: String,
}

/// One erased payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redaction {
    /// Whose payload was erased.
    pub event: Seq,
    /// Of the `daybook.EventRedacted`.
    pub seq: Seq,
    /// The original payload's salted hash, which the chain covers.
    pub payload_hash: Digest,
    /// Of the payload that stands in its place.
    pub salt: [u8; 16],
    /// That payload's salted hash; none where nothing does.
    pub replacement: Option<Digest>,
    pub time: String,
    pub actor: Option<String>,
    pub reason: String,
}

/// How a kind of task is carried out, as it is stored: the configuration is the gateway's JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredKind {
    pub kind: String,
    pub config: String,
    pub changed_at: String,
    pub actor: Option<String>,
}

/// A command that the clock runs, and what came of it last; as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandSchedule {
    pub name: String,
    /// A `Timing`'s text.
    pub timing: String,
    pub command_type: String,
    /// The command's payload, in which `{due}` and `{due.date}` stand for the time.
    pub data: String,
    pub subject: Option<String>,
    /// Times up to this one are dealt with.
    pub after: String,
    pub paused: bool,
    /// Since when it is as it is, and who said so.
    pub set_at: String,
    pub actor: Option<String>,
    pub runs: u64,
    pub last: Option<LastRun>,
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastRun {
    /// The time for which it was; none where somebody asked for it.
    pub due: Option<String>,
    pub at: String,
    /// The command's id, under which the journal has it.
    pub command: String,
    /// `accepted`, `rejected` or `failed`.
    pub outcome: String,
    /// The first of its events, and how many it has with those of its reactions.
    pub first_event: Option<Seq>,
    pub events: u64,
    /// Why it was not accepted.
    pub said: Option<String>,
}

/// A line that a handler logged where what it did was to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandlerLine {
    /// When the host heard it; RFC 3339, UTC.
    pub at: String,
    /// The event that was handled, where it is in the log: a line of a refused one is kept without it.
    pub event: Option<Seq>,
    /// Id of the command that asked.
    pub command: Option<String>,
    /// The type of the event or command that was handled.
    pub about: String,
    /// The version that logged it; none where the host did.
    pub by: Option<String>,
    pub level: Level,
    pub message: String,
}

/// What a projection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Answers reads and commands; follows every commit.
    Live,
    /// Follows the log under a candidate, to be compared with the live one and put in its place.
    Shadow,
    /// Was live until another took its place; follows the log, to be gone back to.
    Standby,
    /// Made by a replay under a name of its own.
    Replay,
}

impl Role {
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Live => "live",
            Role::Shadow => "shadow",
            Role::Standby => "standby",
            Role::Replay => "replay",
        }
    }
}

impl std::str::FromStr for Role {
    type Err = Error;

    fn from_str(text: &str) -> Result<Role> {
        [Role::Live, Role::Shadow, Role::Standby, Role::Replay]
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| Error::corrupt(format!("'{text}' is no role of a projection")))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectionRecord {
    pub name: String,
    /// File name below `projections/`.
    pub file: String,
    pub role: Role,
    pub schedule: Schedule,
    /// Host, engine and contract that made it.
    pub made_by: String,
}

/// A snapshot as the log lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotRecord {
    /// File name below `snapshots/`.
    pub file: String,
    pub position: Seq,
    /// What was run to get its rows.
    pub schedule: Schedule,
    /// Host, engine and contract that ran it.
    pub made_by: String,
    /// RFC 3339, UTC.
    pub made_at: String,
}
