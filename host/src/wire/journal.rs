//! The journal: what was asked for, by whom, and what it was answered.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::event::RecordedEvent;
use crate::book::Journalled;
use crate::model::JsonText;
use crate::model::log::{CommandOutcome, RecordedCommand};
use crate::store::NumberedCommand;

/// Commands of the journal, a page of them.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Commands {
    pub commands: Vec<Command>,
    /// Send it as `after` for those that follow; null at the end. A page may be short, or empty, before that.
    pub next: Option<u64>,
    /// Position of the log's last event.
    pub head: u64,
}

/// What came of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CommandEnd {
    Accepted,
    Rejected,
    /// The plugin failed on it.
    Failed,
}

impl CommandEnd {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            CommandEnd::Accepted => "accepted",
            CommandEnd::Rejected => "rejected",
            CommandEnd::Failed => "failed",
        }
    }
}

/// A command of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Command {
    pub id: String,
    /// `bank.Withdraw`
    #[serde(rename = "type")]
    pub command_type: String,
    /// What it was about.
    pub subject: Option<String>,
    /// When it was asked for; RFC 3339, UTC.
    pub time: String,
    /// Who asked; null where nobody said.
    pub actor: Option<String>,
    /// What was asked; null where it was erased.
    pub data: Option<JsonText<'static>>,
    /// The log's last event when it was asked for.
    pub position: u64,
    /// The versions that were in force.
    pub lineup: String,
    pub outcome: CommandEnd,
    /// Positions of the events of an accepted command, those of its blocking reactions among them.
    pub events: Vec<u64>,
    /// Why it was rejected, in a word of the plugin's own choosing: `insufficient-funds`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Why it was rejected, or how the plugin failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Whatever else the plugin said of its rejection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<JsonText<'static>>,
}

impl From<&RecordedCommand> for Command {
    fn from(command: &RecordedCommand) -> Command {
        let told = |text: &str| JsonText::of(text).into_owned();
        let said = (!command.data.is_empty()).then(|| told(&command.data));
        let (outcome, count, code, message, details) = match &command.outcome {
            CommandOutcome::Accepted { events } => {
                (CommandEnd::Accepted, *events, None, None, None)
            }
            CommandOutcome::Rejected(rejection) => (
                CommandEnd::Rejected,
                0,
                Some(rejection.code.clone()),
                Some(rejection.message.clone()),
                rejection.details.as_deref().map(told),
            ),
            CommandOutcome::Failed(message) => {
                (CommandEnd::Failed, 0, None, Some(message.clone()), None)
            }
        };
        let position = command.position.0;
        Command {
            id: command.id.clone(),
            command_type: command.command_type.as_str().to_owned(),
            subject: command.subject.clone(),
            time: command.time.clone(),
            actor: command.actor.clone(),
            data: said,
            position,
            lineup: command.lineup.clone(),
            outcome,
            events: (position + 1..=position + count).collect(),
            code,
            message,
            details,
        }
    }
}

impl Commands {
    /// A page as the log gives it.
    pub fn new(page: &[NumberedCommand], next: Option<u64>, head: u64) -> Commands {
        let commands = page.iter().map(|numbered| (&numbered.command).into());
        Commands {
            commands: commands.collect(),
            next,
            head,
        }
    }
}

/// A command of the journal with the events that came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AnsweredCommand<'a> {
    pub command: Command,
    /// With their effects; the first ones, where there are many.
    pub caused: Vec<RecordedEvent<'a>>,
}

impl<'a> From<&'a Journalled> for AnsweredCommand<'a> {
    fn from(journalled: &'a Journalled) -> AnsweredCommand<'a> {
        AnsweredCommand {
            command: (&journalled.command).into(),
            caused: journalled.caused.iter().map(Into::into).collect(),
        }
    }
}

impl AnsweredCommand<'_> {
    pub fn into_owned(self) -> AnsweredCommand<'static> {
        let caused = self.caused.into_iter();
        AnsweredCommand {
            command: self.command,
            caused: caused.map(RecordedEvent::into_owned).collect(),
        }
    }
}
