//! What is made of a book's log beside it: replays and exported files.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::Calls;
use crate::model::heard::HeardLines;
use crate::store::ProjectionHead;
use crate::study;

/// Which events are materialized again, by what, and under which name the rows are kept.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayRequest {
    /// `plugin@date`, several with spaces between, the other plugins as they are active; or `recorded`. The active versions,
    /// where it is left out.
    #[serde(default)]
    pub with: String,
    /// The last event to run; the log's last, where it is left out.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub to: Option<u64>,
    /// The projection's name; an earlier replay of that name is replaced.
    #[serde(default = "replay_name")]
    pub name: String,
    /// How calls are made.
    #[serde(default)]
    pub instances: CallsIn,
    /// Give what handlers log, too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub log: bool,
}

/// In which instances calls are made. The effects are the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallsIn {
    /// In one that is put back after each call to what it was when it started.
    #[default]
    Reset,
    /// In a fresh one each.
    Fresh,
    /// As `reset`; and after each call the whole of one is compared with a fresh one, which takes long.
    Proved,
}

impl CallsIn {
    pub fn as_str(self) -> &'static str {
        match self {
            CallsIn::Reset => "reset",
            CallsIn::Fresh => "fresh",
            CallsIn::Proved => "proved",
        }
    }

    /// From its word.
    pub fn of(word: &str) -> Option<CallsIn> {
        let all = [CallsIn::Reset, CallsIn::Fresh, CallsIn::Proved];
        all.into_iter().find(|it| it.as_str() == word)
    }
}

impl From<CallsIn> for Calls {
    fn from(asked: CallsIn) -> Calls {
        match asked {
            CallsIn::Reset => Calls::Reset,
            CallsIn::Fresh => Calls::Fresh,
            CallsIn::Proved => Calls::Proved,
        }
    }
}

fn replay_name() -> String {
    "replay".to_owned()
}

/// A replay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Replayed {
    /// The projection's name.
    pub name: String,
    /// The last event that was run.
    pub to: u64,
    /// Which versions handled the events from which on.
    pub schedule: String,
    /// Running hash of all changes.
    pub running: String,
    /// Running hash of all tasks.
    #[serde(default)]
    pub running_tasks: String,
    /// Hash of the rows.
    pub rows: String,
    /// What of the effects is as the live state's. Absent where that is at another event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_as_live: Option<SameEffects>,
    pub seconds: f64,
    /// What handlers logged. Absent where nobody asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<ReplayLog>,
}

/// What handlers logged in a replay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReplayLog {
    /// The first of them, in the order of their events.
    pub lines: Vec<ReplayLogLine>,
    /// How many there were in all.
    pub count: u64,
}

/// A line that a handler logged about an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReplayLogLine {
    pub event: u64,
    /// The event's type.
    pub about: String,
    /// The version that logged it; null where the host did for it.
    pub by: Option<String>,
    /// `debug`, `info`, `warn` or `error`
    pub level: String,
    pub message: String,
}

impl From<&HeardLines> for ReplayLog {
    fn from(heard: &HeardLines) -> ReplayLog {
        let lines = heard.lines.iter().map(|heard| ReplayLogLine {
            event: heard.event.0,
            about: heard.event_type.to_string(),
            by: heard.line.by.as_ref().map(ToString::to_string),
            level: heard.line.level.as_str().to_owned(),
            message: heard.line.message.clone(),
        });
        ReplayLog {
            lines: lines.collect(),
            count: heard.count,
        }
    }
}

/// What two histories have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SameEffects {
    pub changes: bool,
    pub tasks: bool,
}

impl Replayed {
    pub fn new(replayed: &study::Replayed, live: &ProjectionHead, seconds: f64) -> Replayed {
        let head = &replayed.head;
        let same_as_live = (head.position == live.position).then(|| SameEffects {
            changes: head.running == live.running,
            tasks: head.tasks == live.tasks,
        });
        Replayed {
            name: replayed.name.clone(),
            to: replayed.head.position.0,
            schedule: replayed.schedule.to_string(),
            running: replayed.head.running.to_string(),
            running_tasks: replayed.head.tasks.to_string(),
            rows: replayed.rows.to_string(),
            same_as_live,
            seconds,
            log: replayed.heard.as_ref().map(Into::into),
        }
    }
}

/// An exported file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Exported {
    pub lines: u64,
    /// Events in the file.
    pub events: u64,
    /// Events of the stretch that are not in the file.
    pub left_out: u64,
    /// Values that were masked.
    pub masked: u64,
    /// Events that have other effects than in the book.
    pub differing: u64,
    /// The first of those.
    pub told: Vec<DifferingLine>,
    /// Events of the stretch that were repaired since they were logged.
    #[serde(default)]
    pub repaired: u64,
    /// The first of those.
    #[serde(default)]
    pub repairs: Vec<ExportedRepair>,
    /// A book made of the file has the rows of this one; null where the file does not have everything, or not to the log's end.
    #[serde(default)]
    pub same_rows: Option<bool>,
}

/// An event of an exported stretch that was repaired since it was logged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExportedRepair {
    pub seq: u64,
    /// The event that replaced the payload.
    pub amended: Option<u64>,
    /// The event that erased the payload.
    pub redacted: Option<u64>,
    /// The event that took the row changes back.
    pub undone: Option<u64>,
    /// Nobody handles it any more.
    pub withheld: bool,
}

/// A line of an exported file whose event has other effects than in the book.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DifferingLine {
    pub line: u64,
    /// The event in the book.
    pub seq: u64,
    #[serde(rename = "type")]
    pub event_type: String,
    /// In what, in words.
    pub differs: String,
}

impl From<&study::Exported> for Exported {
    fn from(exported: &study::Exported) -> Exported {
        let told = exported.told.iter().map(|told| DifferingLine {
            line: told.line,
            seq: told.seq.0,
            event_type: told.event_type.as_str().to_owned(),
            differs: told.words.clone(),
        });
        let repairs = exported.repaired.1.iter().map(|repaired| ExportedRepair {
            seq: repaired.seq.0,
            amended: repaired.note.amended.map(|seq| seq.0),
            redacted: repaired.note.redacted.map(|seq| seq.0),
            undone: repaired.note.undone.map(|seq| seq.0),
            withheld: repaired.is_withheld,
        });
        Exported {
            lines: exported.lines,
            events: exported.events,
            left_out: exported.left_out,
            masked: exported.masked,
            differing: exported.differing,
            told: told.collect(),
            repaired: exported.repaired.0,
            repairs: repairs.collect(),
            same_rows: exported.same_rows,
        }
    }
}
