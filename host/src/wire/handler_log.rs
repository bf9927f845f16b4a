//! What handlers logged.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::store::NumberedLine;

/// Lines in the order in which they were logged, a page of them.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct HandlerLog {
    pub lines: Vec<HandlerLogLine>,
    /// Send it as `after` for those that follow.
    pub next: u64,
}

/// A line that a handler logged where what it did was to be kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HandlerLogLine {
    /// Later lines have greater numbers.
    pub number: u64,
    /// RFC 3339, UTC.
    pub at: String,
    /// The event that was handled; null for a command, and for an event that was refused.
    pub event: Option<u64>,
    /// Id of the command that asked; null where an event was sent.
    pub command: Option<String>,
    /// The type of the event or command that was handled.
    pub about: String,
    /// The version that logged it; null where the host did for it.
    pub by: Option<String>,
    /// `debug`, `info`, `warn` or `error`
    pub level: String,
    pub message: String,
}

impl From<&NumberedLine> for HandlerLogLine {
    fn from(NumberedLine { number, line }: &NumberedLine) -> HandlerLogLine {
        HandlerLogLine {
            number: *number,
            at: line.at.clone(),
            event: line.event.map(|seq| seq.0),
            command: line.command.clone(),
            about: line.about.clone(),
            by: line.by.clone(),
            level: line.level.as_str().to_owned(),
            message: line.message.clone(),
        }
    }
}
