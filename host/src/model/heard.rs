//! What handlers log while events are run again, as far as it is kept.

use super::capability::LogLine;
use super::id::{Seq, TypeName};

/// The first of the lines, by event, and how many there were in all.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct HeardLines {
    pub lines: Vec<HeardLine>,
    pub count: u64,
}

/// A line that a handler logged about an event.
#[derive(Debug, Clone, PartialEq)]
pub struct HeardLine {
    pub event: Seq,
    pub event_type: TypeName,
    pub line: LogLine,
}

impl HeardLines {
    /// Keeps the first lines in the order of their events; lines of one event stay as they came.
    pub fn shrink(&mut self, lines_max: usize) {
        self.lines.sort_by_key(|line| line.event);
        self.lines.truncate(lines_max);
    }
}
