//! Commands: what one was answered.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::event::{EventWithEffects, messages, owned};
use crate::book::{Decision, Reply};
use crate::model::JsonText;

/// Whether a plugin accepted a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Accepted,
    Rejected,
}

/// What a command was answered.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CommandReply<'a> {
    /// The command's id.
    pub command: String,
    /// The version whose creator answered: `bank@1994-01-01`.
    pub version: String,
    pub preview: bool,
    pub outcome: Outcome,
    /// The events of an accepted command in order, each with its effects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<EventWithEffects<'a>>>,
    /// Why it was rejected, in a word of the plugin's own choosing: `insufficient-funds`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Cow<'a, str>>,
    /// Why it was rejected, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Cow<'a, str>>,
    /// Whatever else the plugin says of its rejection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<JsonText<'a>>,
    /// What the creator logged: of a preview alone, since a command that comes again gets the very answer it got.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<Cow<'a, str>>,
}

impl<'a> From<&'a Reply> for CommandReply<'a> {
    fn from(reply: &'a Reply) -> CommandReply<'a> {
        let (outcome, events, rejected) = match &reply.decision {
            Decision::Accepted(events) => {
                let form = match reply.preview {
                    true => EventWithEffects::with_log,
                    false => EventWithEffects::from,
                };
                let events = events.iter().map(form).collect();
                (Outcome::Accepted, Some(events), None)
            }
            Decision::Rejected(rejection) => (Outcome::Rejected, None, Some(rejection)),
        };
        CommandReply {
            command: reply.command_id.to_string(),
            version: reply.version.to_string(),
            preview: reply.preview,
            outcome,
            events,
            code: rejected.map(|it| (&*it.code).into()),
            message: rejected.map(|it| (&*it.message).into()),
            details: { rejected.and_then(|it| it.details.as_deref()) }.map(JsonText::of),
            log: match reply.preview {
                true => messages(&reply.log),
                false => Vec::new(),
            },
        }
    }
}

impl CommandReply<'_> {
    pub fn into_owned(self) -> CommandReply<'static> {
        let events = |events: Vec<EventWithEffects<'_>>| {
            let events = events.into_iter();
            events.map(EventWithEffects::into_owned).collect()
        };
        CommandReply {
            command: self.command,
            version: self.version,
            preview: self.preview,
            outcome: self.outcome,
            events: self.events.map(events),
            code: self.code.map(|code| code.into_owned().into()),
            message: self.message.map(|message| message.into_owned().into()),
            details: self.details.map(JsonText::into_owned),
            log: owned(self.log),
        }
    }
}
