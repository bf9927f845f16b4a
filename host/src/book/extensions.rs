//! Extension attributes of CloudEvents: what a producer may say, and what the host alone says.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

use crate::model::error::shown;
use crate::model::event::KEPT_SEQ;
use crate::model::{Error, Result, Seq, limits};

/// What the host says of an event of its log. A producer's word on it is not kept: an event that was listed in one book
/// brings its old place along to another. Only `version` asks for something, and is heeded or refused.
const OF_THE_HOST: [&str; 7] = [
    "seq", "version", "amended", "redacted", "undone", "undoes", KEPT_SEQ,
];

/// What the host fills in from the request that brings an event, if the event does not say it.
const OF_THE_REQUEST: [&str; 4] = ["traceparent", "correlationid", "causationid", "actor"];

/// Who asks, which a token says and no event.
pub const ACTOR: &str = "actor";

/// Characters of an attribute's name.
const NAME_CHARS_MAX: usize = 64;

/// Extension attributes by their names: texts, booleans and whole numbers of 32 bits.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Extensions(Map<String, Json>);

impl Extensions {
    /// Those that are kept as a JSON object; none where it is none.
    pub fn read(text: Option<&str>) -> Extensions {
        let members = text.and_then(|text| serde_json::from_str(text).ok());
        Extensions(members.unwrap_or_default())
    }

    /// As a JSON object; none where there are none.
    pub fn text(self) -> Option<String> {
        (!self.0.is_empty()).then(|| Json::Object(self.0).to_string())
    }

    pub fn get(&self, name: &str) -> Option<&Json> {
        self.0.get(name)
    }

    pub fn set(&mut self, name: &str, value: Json) {
        self.0.insert(name.to_owned(), value);
    }

    pub fn iter(&self) -> impl Iterator<Item = (&String, &Json)> {
        self.0.iter()
    }

    /// Adds an attribute as it came. CloudEvents has no other numbers than integers of 32 bits; what would be changed on the
    /// way to others is refused here.
    pub fn take(&mut self, name: String, raw: &str) -> Result<()> {
        let is_legal = (1..=NAME_CHARS_MAX).contains(&name.len()) && { name.bytes() }
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        if !is_legal {
            return Err(Error::refused(format!(
                "'{}' is not an attribute of CloudEvents, nor an extension (its name has 1 to {NAME_CHARS_MAX} of a-z and 0-9)",
                shown(&name)
            )));
        }
        let is_hosts = OF_THE_HOST.contains(&name.as_str());
        let value: Option<Json> = match raw.as_bytes().first() {
            Some(b'{' | b'[') => None,
            Some(b'-' | b'0'..=b'9') if !is_hosts => raw.parse::<i32>().ok().map(Json::from),
            _ => serde_json::from_str(raw).ok(),
        };
        let value = value.filter(|_| raw.len() <= limits::ENVELOPE_TEXT_BYTES_MAX);
        match value {
            // An attribute that is null is one that is not there.
            Some(Json::Null) => {}
            Some(value) => {
                self.0.insert(name, value);
            }
            None if is_hosts => {}
            None => {
                return Err(Error::refused(format!(
                    "extension '{name}' has the value {}; it is a text of at most {} bytes, true, false or a whole number of 32 bits",
                    shown(raw),
                    limits::ENVELOPE_TEXT_BYTES_MAX
                ))
                .hint("write another number as a text, or put it into the payload"));
            }
        }
        Ok(())
    }

    /// As they are kept: without the host's own, and with what the request says.
    pub fn filled_in(mut self, context: Extensions) -> Option<String> {
        self.0
            .retain(|name, _| !OF_THE_HOST.contains(&name.as_str()));
        for (name, value) in context.0 {
            if name == ACTOR || !self.0.contains_key(&name) {
                self.0.insert(name, value);
            }
        }
        self.text()
    }

    /// With who did it, where that is known: an event says it, whether or not a token did.
    pub fn by(text: Option<&str>, actor: Option<&str>) -> Option<String> {
        let mut read = Self::read(text);
        if let Some(actor) = actor {
            read.set(ACTOR, actor.into());
        }
        read.text()
    }

    /// Whether a creator may ask for these.
    pub fn check_asked(attributes: &[(String, String)]) -> Result<()> {
        let hosts = |name: &str| OF_THE_HOST.contains(&name) || OF_THE_REQUEST.contains(&name);
        if let Some((name, _)) = attributes.iter().find(|(name, _)| hosts(name)) {
            return Err(Error::refused(format!(
                "extension '{name}' is given by the host alone"
            )));
        }
        let mut taken = Extensions::default();
        attributes.iter().try_for_each(|(name, text)| {
            let known = taken.get(name).is_some();
            taken.take(name.clone(), &Json::from(text.as_str()).to_string())?;
            match known {
                true => Err(Error::refused(format!("extension '{name}' is given twice"))),
                false => Ok(()),
            }
        })
    }

    /// Those of a request, with what a creator asks for.
    pub fn asked(text: Option<&str>, attributes: Vec<(String, String)>) -> Option<String> {
        if attributes.is_empty() {
            return text.map(str::to_owned);
        }
        let mut read = Self::read(text);
        for (name, text) in attributes {
            read.set(&name, text.into());
        }
        read.text()
    }

    /// With the position that the event keeps.
    pub fn keeping(text: Option<&str>, seq: Seq) -> Option<String> {
        let mut read = Self::read(text);
        read.set(KEPT_SEQ, seq.0.into());
        read.text()
    }

    /// As they are shown beside what the host says.
    pub fn of_producer(text: Option<&str>) -> Map<String, Json> {
        let mut read = Self::read(text).0;
        read.retain(|name, _| name == "undoes" || !OF_THE_HOST.contains(&name.as_str()));
        read
    }

    /// Names under which these say something else than the first ones.
    pub fn differing(&self, first: Option<&str>, context: &Extensions) -> BTreeSet<String> {
        let first = Self::read(first).0;
        let names = self.0.keys().chain(first.keys());
        let is_filled_in = |name: &str| match self.0.contains_key(name) {
            true => name == ACTOR && context.0.contains_key(ACTOR),
            false => OF_THE_REQUEST.contains(&name),
        };
        names
            .filter(|name| !OF_THE_HOST.contains(&name.as_str()) && !is_filled_in(name))
            .filter(|name| self.0.get(*name) != first.get(*name))
            .cloned()
            .collect()
    }
}
