//! CloudEvents 1.0, structured JSON: in and out.

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::de::{MapAccess, Visitor};
use serde::ser::{Error as _, SerializeMap};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};

use super::extensions::Extensions;
use crate::history::RepairNote;
use crate::model::error::shown;
use crate::model::event::SYSTEM_PLUGIN;
use crate::model::{Error, Event, JsonText, Result, TypeName, VersionDate, clock, limits};

/// An event as a client gives it, before it has a position.
#[derive(Debug, Clone, PartialEq)]
pub struct Incoming {
    /// None: the host makes a UUID.
    pub id: Option<String>,
    pub source: String,
    pub event_type: TypeName,
    pub subject: Option<String>,
    /// None: the time of its arrival.
    pub time: Option<String>,
    /// JSON text.
    pub data: String,
    /// What else the producer says of it.
    pub extensions: Extensions,
    /// What the request that brings it says: the trace it is part of, and who asks.
    pub context: Extensions,
    /// Where it stood in its input, for messages: a line number.
    pub line: Option<u64>,
    /// Which of a request's events it is, for messages; the first has 0.
    pub ordinal: Option<usize>,
}

/// What stands for a client that does not name itself.
pub const DEFAULT_SOURCE: &str = "/daybook";

impl Incoming {
    /// Reads one structured CloudEvent.
    pub fn parse(text: &str) -> Result<Incoming> {
        let mut reader = serde_json::Deserializer::from_str(text);
        let attributes = reader
            .deserialize_map(Attributes)
            .and_then(|attributes| reader.end().map(|()| attributes))
            .map_err(|error| Error::refused(format!("malformed JSON: {error}")))?;
        let mut incoming = Incoming {
            id: None,
            source: DEFAULT_SOURCE.to_owned(),
            // Replaced below; a CloudEvent without a type is refused.
            event_type: TypeName::new("none.None")?,
            subject: None,
            time: None,
            data: "{}".to_owned(),
            extensions: Extensions::default(),
            context: Extensions::default(),
            line: None,
            ordinal: None,
        };
        let mut typed = false;
        for (name, raw) in attributes {
            match name.as_str() {
                // An attribute that is null is one that is not there.
                name if name != "data" && raw.get() == "null" => {}
                "specversion" => {
                    let version = string(&name, &raw)?;
                    if version != "1.0" {
                        return Err(Error::refused(format!(
                            "specversion '{}' is not 1.0",
                            shown(&version)
                        )));
                    }
                }
                "id" => incoming.id = Some(envelope(&name, &raw)?),
                "source" => incoming.source = envelope(&name, &raw)?,
                "type" => {
                    incoming.event_type = TypeName::new(&string(&name, &raw)?)?;
                    typed = true;
                }
                "subject" => incoming.subject = Some(envelope(&name, &raw)?),
                "time" => {
                    let time = envelope(&name, &raw)?;
                    if !clock::is_rfc3339(&time) {
                        return Err(Error::refused(format!(
                            "time '{}' is not RFC 3339",
                            shown(&time)
                        ))
                        .hint(
                            "2024-06-01T12:00:00Z, or with an offset: 2024-06-01T14:00:00.5+02:00",
                        ));
                    }
                    incoming.time = Some(time);
                }
                "datacontenttype" => {
                    let kind = string(&name, &raw)?;
                    let essence = kind.split(';').next().unwrap_or_default();
                    let essence = essence.trim().to_ascii_lowercase();
                    if essence != "application/json" && !essence.ends_with("+json") {
                        return Err(Error::refused(format!(
                            "datacontenttype '{}' is not JSON",
                            shown(&kind)
                        )));
                    }
                }
                "data" => incoming.data = raw.get().to_owned(),
                "data_base64" => {
                    return Err(Error::refused(
                        "data_base64 is not supported; payloads are JSON",
                    ));
                }
                _ => incoming.extensions.take(name, raw.get())?,
            }
        }
        if !typed {
            return Err(Error::refused("the event has no 'type'"));
        }
        Ok(incoming)
    }

    /// The version that is to handle it, or did, as a listing of events has it.
    pub fn version(&self) -> Result<Option<VersionDate>> {
        let Some(version) = self.extensions.get("version") else {
            return Ok(None);
        };
        let date = version.as_str().and_then(|text| text.parse().ok());
        date.map(Some).ok_or_else(|| {
            Error::refused(format!("version {version} is not a date"))
                .hint("leave it out, or write the version that handles the event: 2024-01-01")
        })
    }
}

/// As it would be parsed again.
impl Serialize for Incoming {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let data: &RawValue = serde_json::from_str(&self.data).map_err(S::Error::custom)?;
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("specversion", "1.0")?;
        map.serialize_entry("source", &self.source)?;
        map.serialize_entry("type", self.event_type.as_str())?;
        for (name, value) in [
            ("id", &self.id),
            ("subject", &self.subject),
            ("time", &self.time),
        ] {
            if let Some(value) = value {
                map.serialize_entry(name, value)?;
            }
        }
        for (name, value) in self.extensions.iter() {
            map.serialize_entry(name, value)?;
        }
        map.serialize_entry("data", data)?;
        map.end()
    }
}

/// An event as structured JSON (CloudEvents 1.0). What the log knows beside CloudEvents' own attributes stands in
/// extensions. The payload keeps its text, so that what is written here can be appended again and is the same event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CloudEvent<'a> {
    /// 1.0
    pub specversion: Cow<'a, str>,
    /// Unique together with `source`.
    pub id: Cow<'a, str>,
    pub source: Cow<'a, str>,
    /// `bank.Deposited`
    #[serde(rename = "type")]
    pub event_type: Cow<'a, str>,
    /// What the event is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Cow<'a, str>>,
    /// RFC 3339, as the producer gave it.
    pub time: Cow<'a, str>,
    pub datacontenttype: Cow<'a, str>,
    /// The event's position in the log.
    pub seq: u64,
    /// Date of the plugin's version that handled the event first; the host's own events have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Extension attributes, as the event came with them.
    #[serde(flatten)]
    pub extensions: Map<String, Json>,
    /// The payload; an event that was redacted has none.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    pub data: Option<JsonText<'a>>,
    /// The event that replaced the payload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amended: Option<u64>,
    /// The event that erased the payload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redacted: Option<u64>,
    /// The event that took the row changes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone: Option<u64>,
}

/// Also a payload that is `null` is one.
fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<JsonText<'static>>, D::Error> {
    JsonText::deserialize(from).map(Some)
}

impl<'a> From<&'a Event> for CloudEvent<'a> {
    fn from(event: &'a Event) -> CloudEvent<'a> {
        CloudEvent {
            specversion: "1.0".into(),
            id: (&*event.id).into(),
            source: (&*event.source).into(),
            event_type: event.event_type.as_str().into(),
            subject: event.subject.as_deref().map(Cow::from),
            time: (&*event.time).into(),
            datacontenttype: "application/json".into(),
            seq: event.seq.0,
            version: event.version.map(|version| version.to_string()),
            extensions: Extensions::of_producer(event.extensions.as_deref()),
            data: (!event.is_withheld()).then(|| JsonText::of(&event.data)),
            amended: None,
            redacted: None,
            undone: None,
        }
    }
}

impl<'a> CloudEvent<'a> {
    /// With what was done to the event since it was logged.
    pub fn with(self, repairs: RepairNote) -> CloudEvent<'a> {
        CloudEvent {
            amended: repairs.amended.map(|seq| seq.0),
            redacted: repairs.redacted.map(|seq| seq.0),
            undone: repairs.undone.map(|seq| seq.0),
            ..self
        }
    }

    pub fn into_owned(self) -> CloudEvent<'static> {
        let owned = |text: Cow<'a, str>| Cow::Owned(text.into_owned());
        CloudEvent {
            specversion: owned(self.specversion),
            id: owned(self.id),
            source: owned(self.source),
            event_type: owned(self.event_type),
            subject: self.subject.map(owned),
            time: owned(self.time),
            datacontenttype: owned(self.datacontenttype),
            seq: self.seq,
            version: self.version,
            extensions: self.extensions,
            data: self.data.map(JsonText::into_owned),
            amended: self.amended,
            redacted: self.redacted,
            undone: self.undone,
        }
    }

    /// The payload's text; empty where there is none.
    pub fn payload(&self) -> &str {
        self.data.as_ref().map_or("", JsonText::get)
    }

    /// True for the host's own events.
    pub fn is_system(&self) -> bool {
        { self.event_type.strip_prefix(SYSTEM_PLUGIN) }.is_some_and(|rest| rest.starts_with('.'))
    }
}

fn string(name: &str, raw: &RawValue) -> Result<String> {
    serde_json::from_str(raw.get())
        .map_err(|_| Error::refused(format!("attribute '{name}' is not a string")))
}

/// A short, non-empty text without control characters.
fn envelope(name: &str, raw: &RawValue) -> Result<String> {
    let text = string(name, raw)?;
    check_text(name, &text)?;
    Ok(text)
}

/// Refuses what cannot be an event's subject, source or id, whoever says it.
pub(super) fn check_text(name: &str, text: &str) -> Result<()> {
    if text.is_empty()
        || text.len() > limits::ENVELOPE_TEXT_BYTES_MAX
        || text.chars().any(char::is_control)
    {
        return Err(Error::refused(format!(
            "attribute '{name}' must have 1 to {} bytes and no control characters",
            limits::ENVELOPE_TEXT_BYTES_MAX
        )));
    }
    Ok(())
}

/// Collects members in order and refuses a name that comes twice: which one was meant?
struct Attributes;

impl<'de> Visitor<'de> for Attributes {
    type Value = Vec<(String, Box<RawValue>)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a CloudEvent, which is a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members: Vec<(String, Box<RawValue>)> = Vec::with_capacity(8);
        while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
            if members.iter().any(|(known, _)| *known == name) {
                return Err(serde::de::Error::custom(format!(
                    "member '{}' comes twice",
                    shown(&name)
                )));
            }
            members.push((name, value));
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_missing_is_filled_in_and_what_is_wrong_is_named() {
        let event =
            Incoming::parse(r#"{"type":"bank.Deposited","data":{"n":1},"traceparent":"00"}"#)
                .unwrap();
        assert_eq!(
            (event.source.as_str(), event.data.as_str()),
            ("/daybook", r#"{"n":1}"#)
        );
        assert_eq!(
            event.extensions.text().as_deref(),
            Some(r#"{"traceparent":"00"}"#)
        );
        let cases = [
            (r#"{"type":"bank.X","data":{},"data":{}}"#, "comes twice"),
            (r#"{"data":{}}"#, "no 'type'"),
            (r#"{"type":"bank.X","specversion":"0.3"}"#, "not 1.0"),
            (r#"{"type":"bank.X","time":"yesterday"}"#, "RFC 3339"),
            (r#"{"type":"bank.X","id":""}"#, "'id'"),
            (r#"{"type":"bank.X"} trailing"#, "malformed JSON"),
            (r#"[1]"#, "malformed JSON"),
            (r#"{"type":"bank.X","data_base64":"AA=="}"#, "data_base64"),
            (r#"{"type":"bank.X","Big":1}"#, "'Big'"),
        ];
        for (text, expected) in cases {
            let error = Incoming::parse(text).unwrap_err();
            assert!(error.message.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn an_event_that_is_written_and_read_again_keeps_the_text_of_its_payload() {
        let text = r#"{"type":"a.B","id":"1","subject":"s","time":"2020-01-01T00:00:00Z","seq":7,"tag":true,
                       "data":{"z":1.50,"a":123456789012345678901234567890}}"#;
        let first = Incoming::parse(text).unwrap();
        let event = Event {
            seq: crate::model::Seq(1),
            id: first.id.clone().unwrap(),
            source: first.source.clone(),
            event_type: first.event_type.clone(),
            subject: first.subject.clone(),
            time: first.time.clone().unwrap(),
            version: None,
            data: first.data.clone(),
            extensions: first.extensions.clone().filled_in(Extensions::default()),
        };
        let written = serde_json::to_string(&CloudEvent::from(&event)).unwrap();
        let sent = serde_json::to_string(&first).unwrap();
        assert_eq!(Incoming::parse(&sent).unwrap(), first);
        let again = Incoming::parse(&written).unwrap();
        assert_eq!(again.data, first.data);
        assert_eq!(
            again.extensions.clone().text().as_deref(),
            Some(r#"{"seq":1,"tag":true}"#)
        );
        assert_eq!(
            Incoming {
                extensions: Extensions::default(),
                ..again
            },
            Incoming {
                extensions: Extensions::default(),
                ..first
            }
        );
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in ".{0,200}") {
            let _ = Incoming::parse(&text).map_err(|error| assert!(!error.message.is_empty()));
        }
    }
}
