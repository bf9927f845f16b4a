//! What handlers log where what they do is to be kept: beside the log, on this machine, and to the server's own output. It
//! is no part of effects, and a preview keeps none of it.

use super::group::Group;
use super::open::Book;
use crate::model::log::LocalOp;
use crate::model::{Command, HandlerLine, Level, LogLine, Result, Seq, clock, limits};

/// The lines of a group's calls.
#[derive(Default)]
pub(crate) struct Heard {
    lines: Vec<HandlerLine>,
    /// Bytes of all, and of those since the request that is worked out began.
    bytes: usize,
    of_request: usize,
}

impl Heard {
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Adds the lines of a call, as far as there is room.
    pub fn add(
        &mut self,
        event: Option<Seq>,
        command: Option<&str>,
        about: &str,
        lines: &[LogLine],
    ) {
        for line in lines {
            let before = self.of_request;
            if before > limits::LOG_BYTES_PER_EVENT_MAX
                || self.bytes > limits::HANDLER_LOG_BYTES_MAX
            {
                return;
            }
            let bytes = line.message.len();
            self.of_request += bytes;
            self.bytes += bytes;
            let message = match self.of_request > limits::LOG_BYTES_PER_EVENT_MAX {
                false => line.message.clone(),
                true => {
                    let room = limits::LOG_BYTES_PER_EVENT_MAX - before;
                    let cut = line.message.floor_char_boundary(room);
                    format!("{}… (the rest is not kept)", &line.message[..cut])
                }
            };
            self.lines.push(HandlerLine {
                at: clock::now(),
                event,
                command: command.map(str::to_owned),
                about: about.to_owned(),
                by: line.by.as_ref().map(ToString::to_string),
                level: line.level,
                message,
            });
        }
    }

    /// What a request's calls logged that comes to nothing: a preview's is forgotten, and a refused one's is told without
    /// the position that another event will have.
    pub fn take_back(&mut self, len: usize, preview: bool) {
        match preview {
            true => self.lines.truncate(len),
            false => self.lines[len..]
                .iter_mut()
                .for_each(|line| line.event = None),
        }
    }

    /// A request begins: it has room of its own.
    pub fn begin(&mut self) {
        self.of_request = 0;
    }

    /// All of it, to be kept; and told on the server's own output.
    pub fn told(&mut self) -> Vec<LocalOp> {
        let lines = std::mem::take(&mut self.lines);
        for line in &lines {
            tell(line);
        }
        match lines.is_empty() {
            true => Vec::new(),
            false => vec![LocalOp::HandlerLog(lines)],
        }
    }
}

fn tell(line: &HandlerLine) {
    let HandlerLine {
        event,
        command,
        about,
        by,
        message,
        ..
    } = line;
    let (event, by) = (event.map(|seq| seq.0), by.as_deref());
    macro_rules! tell {
        ($level:ident) => {
            tracing::$level!(target: "daybook::handler", about, event, command, by, "{}", message.escape_debug())
        };
    }
    match line.level {
        Level::Debug => tell!(debug),
        Level::Info => tell!(info),
        Level::Warn => tell!(warn),
        Level::Error => tell!(error),
    }
}

impl Group {
    /// What a creator logged.
    pub(super) fn hear_command(&mut self, command: &Command, lines: &[LogLine]) {
        self.heard.add(
            None,
            Some(&command.id),
            command.command_type.as_str(),
            lines,
        );
    }
}

impl Book {
    /// Keeps what was logged where nothing else came of it. That is no reason to fail.
    pub(super) fn record_heard(&mut self, local: &[LocalOp]) -> Result<()> {
        if !local.is_empty()
            && let Err(error) = self.history.log.write_local(local)
        {
            tracing::warn!(%error, "what handlers logged is not kept");
        }
        Ok(())
    }
}
