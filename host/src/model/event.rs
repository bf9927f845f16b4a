//! Events and commands as the host holds them.

use super::id::{Seq, TypeName, VersionDate};

/// An event of the log. `data` is JSON text, kept as it came.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub seq: Seq,
    /// CloudEvents id, unique together with `source`.
    pub id: String,
    pub source: String,
    pub event_type: TypeName,
    pub subject: Option<String>,
    /// RFC 3339, as the producer gave it.
    pub time: String,
    /// Version of the owning plugin when the event was first handled; none for the host's own `daybook.…` events.
    pub version: Option<VersionDate>,
    pub data: String,
    /// CloudEvents extension attributes as a JSON object, kept for whoever reads the event again.
    pub extensions: Option<String>,
}

impl Event {
    /// True for the host's own events, which no plugin handles.
    pub fn is_system(&self) -> bool {
        self.event_type.plugin() == SYSTEM_PLUGIN
    }

    /// The position that plugins are told. An event that was taken over from another log keeps the one that it had there, so
    /// that it does what it did; where it stands in this log is `seq`.
    pub fn told_seq(&self) -> Seq {
        let kept = self.extensions.as_deref().and_then(|text| {
            let (_, after) = text.split_once(KEPT_SEQ_MEMBER)?;
            let digits = after.find(|letter: char| !letter.is_ascii_digit());
            after[..digits.unwrap_or(after.len())].parse().ok()
        });
        kept.unwrap_or(self.seq)
    }

    /// True where the payload was erased or taken back and nothing put in its place: no plugin handles the event, live and
    /// in every replay. Such a payload is the empty text, which is no JSON and so nobody's payload.
    pub fn is_withheld(&self) -> bool {
        self.data.is_empty()
    }
}

/// Where an event's extensions hold the position that it keeps. No attribute of CloudEvents can have this name, so no
/// producer can say it.
pub const KEPT_SEQ: &str = "daybook:seq";
/// As it stands in the JSON that the host writes; in a text its quotes would have backslashes before them.
const KEPT_SEQ_MEMBER: &str = "\"daybook:seq\":";

/// The name under which the host logs its own events; no plugin may have it.
pub const SYSTEM_PLUGIN: &str = "daybook";

/// The types of the host's own events.
pub const VERSION_LOADED: &str = "daybook.VersionLoaded";
pub const VERSION_ACTIVATED: &str = "daybook.VersionActivated";
pub const VERSION_RETIRED: &str = "daybook.VersionRetired";
pub const STATE_RECONCILED: &str = "daybook.StateReconciled";
pub const EVENT_AMENDED: &str = "daybook.EventAmended";
pub const AMENDMENT_REVERTED: &str = "daybook.AmendmentReverted";
pub const EVENT_REDACTED: &str = "daybook.EventRedacted";
pub const EVENT_UNDONE: &str = "daybook.EventUndone";
pub const EVENT_PINNED: &str = "daybook.EventPinned";
pub const EVENT_UNPINNED: &str = "daybook.EventUnpinned";
pub const VERIFICATION_FAILED: &str = "daybook.VerificationFailed";
pub const TASKS_ENQUEUED: &str = "daybook.TasksEnqueued";
pub const STATE_GIVEN: &str = "daybook.StateGiven";

/// All of them, and what each says.
pub const SYSTEM_TYPES: &[(&str, &str)] = &[
    (VERSION_LOADED, "A version of a plugin was loaded"),
    (
        VERSION_ACTIVATED,
        "Another version of a plugin answers from here on",
    ),
    (
        VERSION_RETIRED,
        "A version was given up: nobody gets it any more",
    ),
    (
        STATE_RECONCILED,
        "The live state was put right by what the log yields",
    ),
    (EVENT_AMENDED, "An event's payload was replaced"),
    (
        AMENDMENT_REVERTED,
        "An amended event has its first payload again",
    ),
    (EVENT_REDACTED, "An event's payload was erased for good"),
    (EVENT_UNDONE, "An event's row changes were taken back"),
    (
        EVENT_PINNED,
        "A version of its own handles an event wherever versions are pinned",
    ),
    (
        EVENT_UNPINNED,
        "An event has no version of its own any more",
    ),
    (VERIFICATION_FAILED, "History did not verify"),
    (
        TASKS_ENQUEUED,
        "Tasks were enqueued that only a later version asks for",
    ),
    (
        STATE_GIVEN,
        "Rows came with a log: the state before it, and what left-out events did to it",
    ),
];

/// A command as it is put before a creator.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// UUID text; ids of its events derive from it.
    pub id: String,
    pub command_type: TypeName,
    pub subject: Option<String>,
    /// When it was accepted: RFC 3339 UTC.
    pub time: String,
    pub actor: Option<String>,
    pub data: String,
}

/// What a creator asks to be logged.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    pub event_type: String,
    pub subject: Option<String>,
    /// CloudEvents extensions, in the order of their names.
    pub attributes: Vec<(String, String)>,
    pub data: String,
}

/// A creator's no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    pub code: String,
    pub message: String,
    /// JSON text.
    pub details: Option<String>,
}
