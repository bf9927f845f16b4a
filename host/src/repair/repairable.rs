//! What amending, redacting and undoing have in common: which events may be repaired, what an event's repairs are, and
//! what a repair of payloads would change, found by running history with and without it side by side.

use crate::book::{Book, live_record};
use crate::model::ProjectionRecord;
use crate::model::event::EVENT_UNDONE;
use crate::model::{Error, Result, Seq, limits};
use crate::store::StoredEvent;

impl Book {
    /// An event that may be undone: also an undo, which is then as if it had not been.
    pub(crate) fn undoable(&mut self, seq: Seq) -> Result<StoredEvent> {
        match self.logged(seq)? {
            undo if undo.event.event_type.as_str() == EVENT_UNDONE => Ok(undo),
            _ => self.repairable(seq),
        }
    }

    /// An event that may be repaired.
    pub(crate) fn repairable(&mut self, seq: Seq) -> Result<StoredEvent> {
        let stored = self.logged(seq)?;
        if stored.event.is_system() {
            return Err(Error::refused(format!(
                "event {seq} ({}) is the host's own: it says what happened to the book, and stays",
                stored.event.event_type
            )));
        }
        Ok(stored)
    }

    fn logged(&mut self, seq: Seq) -> Result<StoredEvent> {
        self.check_current()?;
        let Some(stored) = self.history.log.recorded_at(seq)? else {
            let head = self.head();
            return Err(
                Error::usage(format!("event {seq} is not in the log; its head is {head}"))
                    .problem(crate::model::error::Problem::Unknown),
            );
        };
        Ok(stored)
    }

    /// A live projection of the same schedule, in a file of its own.
    pub(crate) fn next_live(&self) -> ProjectionRecord {
        live_record(self.live.record.schedule.clone())
    }
}

/// Words of people that go into the log: short, and not empty.
pub(crate) fn check_words(reason: &str, actor: Option<&str>) -> Result<()> {
    if reason.trim().is_empty() {
        return Err(Error::usage("the reason is empty")
            .hint("say why, for those who read the log later; the reason stays for ever"));
    }
    for (name, text) in [("reason", Some(reason)), ("actor", actor)] {
        let Some(text) = text else { continue };
        if text.len() > limits::ENVELOPE_TEXT_BYTES_MAX {
            return Err(Error::usage(format!(
                "the {name} has {} bytes; {} at most",
                text.len(),
                limits::ENVELOPE_TEXT_BYTES_MAX
            )));
        }
    }
    Ok(())
}
