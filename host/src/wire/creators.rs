//! PayloadHistory commands asked again of other creators, and what would be answered otherwise.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{JsonText, NewEvent};
use crate::study;

/// PayloadHistory commands asked again of other creators.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CommandsDiff {
    pub summary: CommandsSummary,
    /// Commands that would be answered otherwise, at most 1000 of them.
    pub turned: Vec<TurnedCommand>,
}

/// The journal of commands in numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CommandsSummary {
    /// `summary`
    pub record: String,
    /// Commands that were asked again.
    pub commands: u64,
    /// Those that would be answered otherwise.
    pub turned: u64,
    /// Those counts by type and by how the answers differ.
    pub by: Vec<TurnedCount>,
}

/// How many commands of a type would be answered otherwise in the same way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TurnedCount {
    /// The commands' type.
    pub command: String,
    /// `newly refused`, `newly accepted`, `other events`, `other reason`, `fails now` or `no longer fails`
    pub turn: String,
    pub commands: u64,
}

impl From<&study::WhatIf> for CommandsSummary {
    fn from(found: &study::WhatIf) -> CommandsSummary {
        let by = found
            .turned
            .iter()
            .map(|((name, turn), times)| TurnedCount {
                command: name.clone(),
                turn: turn.as_str().to_owned(),
                commands: *times,
            });
        CommandsSummary {
            record: "summary".to_owned(),
            commands: found.commands,
            turned: found.turned.values().sum(),
            by: by.collect(),
        }
    }
}

/// A command that would be answered otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TurnedCommand {
    /// `command`
    pub record: String,
    /// The command's id.
    pub command: String,
    #[serde(rename = "type")]
    pub command_type: String,
    /// The last event before it.
    pub position: u64,
    /// RFC 3339, UTC.
    pub time: String,
    pub data: JsonText<'static>,
    /// `newly refused`, `newly accepted`, `other events`, `other reason`, `fails now` or `no longer fails`
    pub turn: String,
    pub base: CreatorAnswer,
    pub candidate: CreatorAnswer,
}

impl From<&study::Turned> for TurnedCommand {
    fn from(turned: &study::Turned) -> TurnedCommand {
        let command = &turned.command;
        TurnedCommand {
            record: "command".to_owned(),
            command: command.id.clone(),
            command_type: command.command_type.as_str().to_owned(),
            position: command.position.0,
            time: command.time.clone(),
            data: JsonText::of(&command.data).into_owned(),
            turn: turned.turn.as_str().to_owned(),
            base: (&turned.base).into(),
            candidate: (&turned.candidate).into(),
        }
    }
}

/// What a creator answers: `events`, `rejected` or `failed`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CreatorAnswer {
    /// It accepts, with these events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<CreatedEvent>>,
    /// It rejects, with this code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected: Option<String>,
    /// Why it rejects, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Whatever else it says of its rejection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<JsonText<'static>>,
    /// It fails, or nobody answers such commands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// An event that a creator makes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CreatedEvent {
    #[serde(rename = "type")]
    pub event_type: String,
    pub subject: Option<String>,
    pub data: JsonText<'static>,
}

impl From<&NewEvent> for CreatedEvent {
    fn from(event: &NewEvent) -> CreatedEvent {
        CreatedEvent {
            event_type: event.event_type.to_string(),
            subject: event.subject.clone(),
            data: JsonText::of(&event.data).into_owned(),
        }
    }
}

impl From<&study::Said> for CreatorAnswer {
    fn from(said: &study::Said) -> CreatorAnswer {
        match said {
            study::Said::Accepted(events) => CreatorAnswer {
                events: Some(events.iter().map(Into::into).collect()),
                ..CreatorAnswer::default()
            },
            study::Said::Rejected(rejection) => CreatorAnswer {
                rejected: Some(rejection.code.clone()),
                message: Some(rejection.message.clone()),
                details: { rejection.details.as_deref() }
                    .map(|details| JsonText::of(details).into_owned()),
                ..CreatorAnswer::default()
            },
            study::Said::Failed(message) => CreatorAnswer {
                failed: Some(message.clone()),
                ..CreatorAnswer::default()
            },
        }
    }
}
