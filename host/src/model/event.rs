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
}

/// The name under which the host logs its own events; no plugin may have it.
pub const SYSTEM_PLUGIN: &str = "daybook";

/// The types of the host's own events.
pub const VERSION_LOADED: &str = "daybook.VersionLoaded";
pub const VERSION_ACTIVATED: &str = "daybook.VersionActivated";
pub const VERSION_RETIRED: &str = "daybook.VersionRetired";

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
