//! Events: what a materializer is given, and what a creator asks for.

use std::borrow::Cow;

use crate::contract::types as raw;
use crate::date::Date;
use crate::failure::Failure;
use crate::payload::{self, Payload};
use crate::time::Time;

/// The payload of an event type. Derive it: `#[derive(Event)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event's payload",
    note = "derive it: `#[derive(Event)]`"
)]
pub trait EventPayload: Payload {
    /// The type's name without the plugin: `Deposited`.
    const NAME: &'static str;
    /// The owning plugin, where it was named; none: the plugin at hand.
    const PLUGIN: Option<&'static str>;
    /// What the event means: its doc comment.
    const DESCRIPTION: &'static str;

    /// This event, with the subject it is about: `Closed { .. }.about("account/17")`.
    fn about(self, subject: impl Into<String>) -> NewEvent {
        let mut event = NewEvent::from(self);
        event.subject = Some(subject.into());
        event
    }
}

/// An event from the log with its decoded payload.
#[derive(Clone, Debug)]
pub struct Event<T> {
    /// The payload.
    pub data: T,
    raw: raw::Event,
}

impl<T: EventPayload> Event<T> {
    /// Decodes the payload.
    ///
    /// # Errors
    /// `bad-payload` where it does not fit the type.
    #[doc(hidden)]
    pub fn decode(raw: raw::Event) -> Result<Self, Failure> {
        Ok(Self {
            data: payload::decode(&raw.event_type, &raw.data)?,
            raw,
        })
    }
}

impl<T> Event<T> {
    /// Position in the book's log; starts at 1, without gaps.
    pub fn seq(&self) -> u64 {
        self.raw.seq
    }

    /// CloudEvents id, unique together with the source.
    pub fn id(&self) -> &str {
        &self.raw.id
    }

    /// CloudEvents source.
    pub fn source(&self) -> &str {
        &self.raw.source
    }

    /// Full type, `plugin.Name`.
    pub fn event_type(&self) -> &str {
        &self.raw.event_type
    }

    /// What the event is about.
    pub fn subject(&self) -> Option<&str> {
        self.raw.subject.as_deref()
    }

    /// When it happened.
    ///
    /// # Errors
    /// `bad-time` where the producer's text is not RFC 3339.
    pub fn time(&self) -> Result<Time, Failure> {
        { self.raw.time.moment() }.map_err(|error| error.in_event(&self.raw.event_type))
    }

    /// When it happened, as the producer wrote it.
    pub fn time_text(&self) -> &str {
        &self.raw.time.text
    }

    /// A CloudEvents extension of the event, as a text: `correlationid`.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let mut attributes = self.raw.attributes.iter();
        attributes
            .find(|(known, _)| known == name)
            .map(|(_, text)| text.as_str())
    }

    /// The day on which it happened, in UTC.
    ///
    /// # Errors
    /// `bad-time` where the producer's text is not RFC 3339.
    pub fn date(&self) -> Result<Date, Failure> {
        self.time().map(Time::date)
    }

    /// The version (a date, `2018-07-30`) of the owning plugin that is stamped on the event. Versions compare as text.
    pub fn version(&self) -> &str {
        &self.raw.version
    }

    /// The event as it crossed the contract, payload undecoded.
    pub fn raw(&self) -> &raw::Event {
        &self.raw
    }
}

/// An event a creator asks for. The host gives it id, time and position.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent {
    /// The owner of the type; none: the plugin at hand.
    plugin: Option<Cow<'static, str>>,
    name: Cow<'static, str>,
    subject: Option<String>,
    attributes: raw::Attributes,
    data: String,
}

impl NewEvent {
    /// The contract's form of it; `plugin` owns the types that name no plugin.
    pub(crate) fn into_raw(self, plugin: &str) -> raw::NewEvent {
        let event_type = full_type(self.plugin.as_deref().unwrap_or(plugin), &self.name);
        raw::NewEvent {
            event_type,
            subject: self.subject,
            attributes: self.attributes,
            data: self.data,
        }
    }

    /// One that the version below asks for, seen by `plugin`.
    pub(crate) fn from_raw(raw: raw::NewEvent, plugin: &str) -> Self {
        let (owner, name) = raw
            .event_type
            .split_once('.')
            .unwrap_or(("", &raw.event_type));
        Self {
            plugin: (owner != plugin).then(|| owner.to_owned().into()),
            name: name.to_owned().into(),
            subject: raw.subject,
            attributes: raw.attributes,
            data: raw.data,
        }
    }

    /// Adds a CloudEvents extension; names are 1 to 64 of a-z and 0-9.
    #[must_use]
    pub fn with_attribute(mut self, name: &str, text: impl Into<String>) -> Self {
        self.attributes.push((name.to_owned(), text.into()));
        self
    }

    /// What it is about, if that was said.
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// The payload, where the event is of this type; none: it is of another.
    ///
    /// # Errors
    /// `bad-payload` where it does not fit the type.
    pub fn payload<T: EventPayload>(&self) -> Result<Option<T>, Failure> {
        // Where no owner is named it is the plugin at hand, whose events these are.
        let is_alike = match (self.plugin.as_deref(), T::PLUGIN) {
            (Some(mine), Some(asked)) => mine == asked,
            _ => true,
        };
        (is_alike && self.name == T::NAME)
            .then(|| payload::decode(T::NAME, &self.data))
            .transpose()
    }

    /// Changes the payload, where the event is of this type; true: it is. Its subject stays.
    ///
    /// # Errors
    /// `bad-payload` where it does not fit the type.
    pub fn update<T: EventPayload>(
        &mut self,
        change: impl FnOnce(&mut T),
    ) -> Result<bool, Failure> {
        let Some(mut payload) = self.payload::<T>()? else {
            return Ok(false);
        };
        change(&mut payload);
        self.data = payload::encode(&payload);
        Ok(true)
    }
}

impl<T: EventPayload> From<T> for NewEvent {
    fn from(payload: T) -> Self {
        Self {
            plugin: T::PLUGIN.map(Cow::Borrowed),
            name: Cow::Borrowed(T::NAME),
            subject: None,
            attributes: raw::Attributes::new(),
            data: payload::encode(&payload),
        }
    }
}

/// `plugin.Name`
pub(crate) fn full_type(plugin: &str, name: &str) -> String {
    let mut text = String::with_capacity(plugin.len() + 1 + name.len());
    text.push_str(plugin);
    text.push('.');
    text.push_str(name);
    text
}

/// The events a creator answers with, of one or several types: `Ok(events![Withdrawn { account, amount }])`.
#[macro_export]
macro_rules! events {
    ($($event:expr),* $(,)?) => {
        ::std::vec![$($crate::prelude::NewEvent::from($event)),*]
    };
}
