//! What became of an event since it was logged, and because of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::event::Change;
use super::study::DifferingTask;
use super::value::json_text;
use crate::book::{self, CloudEvent};
use crate::model::log::{CommandOutcome, RecordedCommand};

/// The command that an event is of, or that one of its tasks asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CommandOfEvent {
    pub id: String,
    #[serde(rename = "type")]
    pub command_type: String,
    pub subject: Option<String>,
    /// Who asked.
    pub actor: Option<String>,
    /// When it was accepted; RFC 3339, UTC.
    pub time: String,
    /// What was asked; null once that was erased.
    pub data: Option<Json>,
    /// `accepted`, `rejected` or `failed`
    pub outcome: String,
    /// Why it was not accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl From<&RecordedCommand> for CommandOfEvent {
    fn from(command: &RecordedCommand) -> CommandOfEvent {
        let (outcome, message) = match &command.outcome {
            CommandOutcome::Accepted { .. } => ("accepted", None),
            CommandOutcome::Rejected(rejection) => (
                "rejected",
                Some(format!("{}: {}", rejection.code, rejection.message)),
            ),
            CommandOutcome::Failed(message) => ("failed", Some(message.clone())),
        };
        CommandOfEvent {
            id: command.id.clone(),
            command_type: command.command_type.as_str().to_owned(),
            subject: command.subject.clone(),
            actor: command.actor.clone(),
            time: command.time.clone(),
            data: (!command.data.is_empty()).then(|| json_text(&command.data)),
            outcome: outcome.to_owned(),
            message,
        }
    }
}

/// A payload that an event had, and what the event did with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PayloadWithEffects {
    /// Null: nobody handled the event.
    pub data: Option<Json>,
    /// Rows that it changed; null where an earlier daybook did not keep that.
    pub changes: Option<Vec<Change<'static>>>,
    /// Tasks that it asked for.
    pub tasks: Option<Vec<DifferingTask>>,
}

impl From<&book::Payload> for PayloadWithEffects {
    fn from(payload: &book::Payload) -> PayloadWithEffects {
        let effects = payload.effects.as_ref();
        PayloadWithEffects {
            data: (!payload.data.is_empty()).then(|| json_text(&payload.data)),
            changes: effects.map(|(changes, _)| {
                let changes = changes
                    .iter()
                    .map(|change| Change::from(change).into_owned());
                changes.collect()
            }),
            tasks: effects.map(|(_, tasks)| tasks.iter().map(Into::into).collect()),
        }
    }
}

/// Something that was done to an event after it was logged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RepairOfEvent {
    /// `amended`, `skipped`, `reverted`, `redacted`, `undone`, `redone` or `pinned`
    pub what: String,
    /// The event that says so.
    pub by: u64,
    /// RFC 3339, UTC.
    pub at: String,
    pub actor: Option<String>,
    pub reason: Option<String>,
    /// What was put in force, with its effects as they were worked out then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<PayloadWithEffects>,
}

/// A command that one of an event's tasks asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReactionOfEvent {
    /// The task's id.
    pub task: String,
    pub command: CommandOfEvent,
    /// Its events.
    pub events: Vec<CloudEvent<'static>>,
}

/// What became of an event, and because of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EventStory {
    /// Who did it, with or without a token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// The command that it is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<CommandOfEvent>,
    /// What it was logged with, and did then, where an amendment put another payload in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original: Option<PayloadWithEffects>,
    /// What was done to it, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repairs: Vec<RepairOfEvent>,
    /// Commands that its tasks asked for, with their events.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<ReactionOfEvent>,
}

impl From<&book::Story> for EventStory {
    fn from(story: &book::Story) -> EventStory {
        let repairs = story.repairs.iter().map(|repaired| RepairOfEvent {
            what: repaired.what.to_owned(),
            by: repaired.by.0,
            at: repaired.at.clone(),
            actor: repaired.actor.clone(),
            reason: repaired.reason.clone(),
            payload: repaired.payload.as_ref().map(Into::into),
        });
        let reactions = story.reactions.iter().map(|reaction| ReactionOfEvent {
            task: reaction.task.clone(),
            command: (&reaction.command).into(),
            events: { reaction.events.iter() }
                .map(|event| CloudEvent::from(event).into_owned())
                .collect(),
        });
        EventStory {
            actor: story.actor.clone(),
            asked: story.command.as_ref().map(Into::into),
            original: story.original.as_ref().map(Into::into),
            repairs: repairs.collect(),
            reactions: reactions.collect(),
        }
    }
}
