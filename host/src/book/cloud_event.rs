//! CloudEvents 1.0, structured JSON: in and out.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::ser::{Error as _, SerializeMap};
use serde::{Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};

use crate::model::error::shown;
use crate::model::{Error, Event, Result, TypeName, clock, limits};

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
    /// JSON object of extension attributes.
    pub extensions: Option<String>,
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
            extensions: None,
            line: None,
            ordinal: None,
        };
        let mut typed = false;
        let mut extensions = Map::new();
        for (name, raw) in attributes {
            match name.as_str() {
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
                            time.escape_debug()
                        )));
                    }
                    incoming.time = Some(time);
                }
                "datacontenttype" => {
                    let kind = string(&name, &raw)?;
                    let essence = kind.split(';').next().unwrap_or_default().trim().to_owned();
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
                _ => {
                    let legal = !name.is_empty()
                        && name.len() <= 64
                        && name
                            .bytes()
                            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
                    // What is nested too deeply to be read is not a scalar either.
                    let value: Json =
                        serde_json::from_str(raw.get()).unwrap_or(Json::Array(Vec::new()));
                    if !legal
                        || value.is_object()
                        || value.is_array()
                        || raw.get().len() > limits::ENVELOPE_TEXT_BYTES_MAX
                    {
                        return Err(Error::refused(format!(
                            "'{}' is not an attribute of CloudEvents, nor an extension (a short scalar named [a-z0-9]+)",
                            shown(&name)
                        )));
                    }
                    extensions.insert(name, value);
                }
            }
        }
        if !typed {
            return Err(Error::refused("the event has no 'type'"));
        }
        if !extensions.is_empty() {
            incoming.extensions = Some(Json::Object(extensions).to_string());
        }
        Ok(incoming)
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
        if let Some(extensions) = &self.extensions {
            let extensions: Map<String, Json> =
                serde_json::from_str(extensions).map_err(S::Error::custom)?;
            for (name, value) in &extensions {
                map.serialize_entry(name, value)?;
            }
        }
        map.serialize_entry("data", data)?;
        map.end()
    }
}

/// An event as structured JSON, to be serialized; what the log knows beside CloudEvents' attributes goes into
/// extensions. The payload keeps its text, so that what is written here can be appended again and is the same event.
#[derive(Debug, Clone, Copy)]
pub struct CloudEvent<'a>(pub &'a Event);

impl Serialize for CloudEvent<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let event = self.0;
        // A redacted event has none.
        let data: Option<&RawValue> = match event.is_withheld() {
            true => None,
            false => Some(serde_json::from_str(&event.data).map_err(S::Error::custom)?),
        };
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("specversion", "1.0")?;
        map.serialize_entry("id", &event.id)?;
        map.serialize_entry("source", &event.source)?;
        map.serialize_entry("type", event.event_type.as_str())?;
        if let Some(subject) = &event.subject {
            map.serialize_entry("subject", subject)?;
        }
        map.serialize_entry("time", &event.time)?;
        map.serialize_entry("datacontenttype", "application/json")?;
        map.serialize_entry("seq", &event.seq.0)?;
        if let Some(version) = event.version {
            map.serialize_entry("version", &version.to_string())?;
        }
        if let Some(extensions) = &event.extensions {
            let extensions: Map<String, Json> =
                serde_json::from_str(extensions).map_err(S::Error::custom)?;
            // An event that was listed here once and appended to another book brings its old place along.
            for (name, value) in extensions.iter().filter(|(name, _)| {
                !["seq", "version", "amended", "redacted", "undone"].contains(&name.as_str())
            }) {
                map.serialize_entry(name, value)?;
            }
        }
        if let Some(data) = data {
            map.serialize_entry("data", data)?;
        }
        map.end()
    }
}

fn string(name: &str, raw: &RawValue) -> Result<String> {
    serde_json::from_str(raw.get())
        .map_err(|_| Error::refused(format!("attribute '{name}' is not a string")))
}

/// A short, non-empty text without control characters.
fn envelope(name: &str, raw: &RawValue) -> Result<String> {
    let text = string(name, raw)?;
    if text.is_empty()
        || text.len() > limits::ENVELOPE_TEXT_BYTES_MAX
        || text.chars().any(char::is_control)
    {
        return Err(Error::refused(format!(
            "attribute '{name}' must have 1 to {} bytes and no control characters",
            limits::ENVELOPE_TEXT_BYTES_MAX
        )));
    }
    Ok(text)
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
        assert_eq!(event.extensions.as_deref(), Some(r#"{"traceparent":"00"}"#));
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
            extensions: first.extensions.clone(),
        };
        let written = serde_json::to_string(&CloudEvent(&event)).unwrap();
        let sent = serde_json::to_string(&first).unwrap();
        assert_eq!(Incoming::parse(&sent).unwrap(), first);
        let again = Incoming::parse(&written).unwrap();
        assert_eq!(again.data, first.data);
        assert_eq!(again.extensions.as_deref(), Some(r#"{"seq":1,"tag":true}"#));
        assert_eq!(
            Incoming {
                extensions: None,
                ..again
            },
            Incoming {
                extensions: None,
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
