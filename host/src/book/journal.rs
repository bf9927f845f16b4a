//! The journal, read: commands with their outcomes, and one with the events that came of it.

use super::reader::{Reader, Shown, shown};
use crate::model::error::{Problem, shown as quoted};
use crate::model::log::{CommandOutcome, RecordedCommand};
use crate::model::{Error, Result, Seq, limits};
use crate::store::{CommandFilter, NumberedCommand};

/// A command with the events that came of it.
#[derive(Debug, Clone)]
pub struct Journalled {
    pub command: RecordedCommand,
    /// The first ones, where there are many.
    pub caused: Vec<Shown>,
}

impl Reader {
    /// A page of commands that match a filter, and after which number to go on; none at the end. A page may be short, and
    /// even empty, before that.
    pub fn commands(
        &self,
        filter: &CommandFilter,
        count_max: usize,
    ) -> Result<(Vec<NumberedCommand>, Option<u64>)> {
        self.log().command_page(filter, count_max)
    }

    /// A command by its id, with what came of it.
    pub fn command(&self, id: &str) -> Result<Journalled> {
        let Some(command) = self.log().find_command(id)? else {
            let text = format!("there is no command '{}' in the journal", quoted(id));
            return Err(Error::usage(text)
                .problem(Problem::Unknown)
                .hint("daybook commands BOOK lists them with their ids"));
        };
        let events = match command.outcome {
            CommandOutcome::Accepted { events } => events,
            CommandOutcome::Rejected(_) | CommandOutcome::Failed(_) => 0,
        };
        let range = command.position.next()..=Seq(command.position.0 + events);
        let mut pieces = self.log().recorded(range).of_bytes(limits::PAGE_BYTES_MAX);
        // One piece: what is more is shown by its position.
        let piece = match events {
            0 => None,
            _ => pieces.next(),
        };
        let caused = shown(self.log(), piece.transpose()?.unwrap_or_default())?;
        Ok(Journalled { command, caused })
    }
}
