//! Commands: what a creator is given.

use crate::contract::types as raw;
use crate::date::Date;
use crate::failure::Failure;
use crate::payload::{self, Payload};
use crate::time::Time;

/// The payload of a command type. Derive it: `#[derive(Command)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a command's payload",
    note = "derive it: `#[derive(Command)]`"
)]
pub trait CommandPayload: Payload {
    /// The type's name without the plugin: `Withdraw`.
    const NAME: &'static str;
    /// The plugin that owns it, where it was named; none: the plugin at hand.
    const PLUGIN: Option<&'static str> = None;
    /// What the command asks for: its doc comment.
    const DESCRIPTION: &'static str;
    /// The host takes members that the type does not name. Else it refuses a command that has any: most are misspelt.
    const OPEN: bool = false;
}

/// A command with its decoded payload.
#[derive(Clone, Debug)]
pub struct Command<T> {
    /// The payload.
    pub data: T,
    raw: raw::Command,
}

impl<T: CommandPayload> Command<T> {
    /// Decodes the payload.
    ///
    /// # Errors
    /// `bad-payload` where it does not fit the type.
    #[doc(hidden)]
    pub fn decode(raw: raw::Command) -> Result<Self, Failure> {
        Ok(Self {
            data: payload::decode(&raw.command_type, &raw.data)?,
            raw,
        })
    }
}

impl<T> Command<T> {
    /// The command's id, a UUID in text form.
    pub fn id(&self) -> &str {
        &self.raw.id
    }

    /// Full type, `plugin.Name`.
    pub fn command_type(&self) -> &str {
        &self.raw.command_type
    }

    /// What the command is about, if the caller said.
    pub fn subject(&self) -> Option<&str> {
        self.raw.subject.as_deref()
    }

    /// When the command was accepted.
    ///
    /// # Errors
    /// `bad-time` where the text is not RFC 3339, which the host does not send.
    pub fn time(&self) -> Result<Time, Failure> {
        { self.raw.time.moment() }.map_err(|error| error.in_event(&self.raw.command_type))
    }

    /// The day on which the command was accepted, in UTC.
    ///
    /// # Errors
    /// As [`time`](Self::time).
    pub fn date(&self) -> Result<Date, Failure> {
        self.time().map(Time::date)
    }

    /// Who asked, if the host knows.
    pub fn actor(&self) -> Option<&str> {
        self.raw.actor.as_deref()
    }

    /// The command as it crossed the contract, payload undecoded.
    pub fn raw(&self) -> &raw::Command {
        &self.raw
    }
}
