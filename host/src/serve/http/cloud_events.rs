//! CloudEvents over HTTP: structured, binary and in batches.

use axum::http::HeaderMap;
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json, json};

use super::declared::BodyDeclared;
use super::guards;
use super::input::{Input, text};
use super::media;
use super::problem::Problem;
use super::scopes::NamesPlugins;
use crate::book::Incoming;

/// How one event comes, and how several do.
pub const ONE: &str = "application/cloudevents+json";
pub const BATCH: &str = "application/cloudevents-batch+json";

/// The events of a request.
pub struct Events(pub Vec<Incoming>);

impl Input for Events {
    fn declared() -> Option<BodyDeclared> {
        Some(BodyDeclared {
            media: ONE,
            // Which types there are is the loaded plugins' to say: the description has them.
            schema: |_| schemars::json_schema!({ "$ref": "#/components/schemas/NewEvent" }),
            is_required: true,
        })
    }

    fn read(headers: &HeaderMap, bytes: Vec<u8>) -> Result<Self, Problem> {
        read(headers, bytes).map(Events)
    }
}

impl NamesPlugins for Events {
    fn check_each(
        &self,
        check: &mut dyn FnMut(&str) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        { self.0.iter() }.try_for_each(|event| check(event.event_type.as_str()))
    }
}

/// The events of a request, by its content type.
fn read(headers: &HeaderMap, bytes: Vec<u8>) -> Result<Vec<Incoming>, Problem> {
    let essence = media::essence(headers)?;
    let essence = essence.as_deref().unwrap_or("application/json");
    let text = text(bytes)?;
    let one = |text: &str| Ok(vec![Incoming::parse(text)?]);
    match essence {
        ONE => one(&text),
        BATCH => batch(&text),
        _ if headers.contains_key("ce-type") && media::is_json(essence) => {
            Ok(vec![binary(headers, &text)?])
        }
        "application/json" if text.trim_start().starts_with('[') => batch(&text),
        "application/json" => one(&text),
        other => Err(media::unsupported(
            other,
            "application/cloudevents+json, application/cloudevents-batch+json, or JSON with ce- headers",
        )),
    }
}

fn batch(text: &str) -> Result<Vec<Incoming>, Problem> {
    let events: Vec<&RawValue> = serde_json::from_str(text).map_err(|error| {
        Problem::malformed(format!("the body is not an array of events: {error}"))
    })?;
    events
        .into_iter()
        .enumerate()
        .map(|(at, raw)| {
            let mut event =
                Incoming::parse(raw.get()).map_err(|error| error.context(format!("event {at}")))?;
            event.ordinal = Some(at);
            Ok(event)
        })
        .collect()
}

/// Attributes in `ce-` headers, the payload alone in the body.
fn binary(headers: &HeaderMap, data: &str) -> Result<Incoming, Problem> {
    let mut attributes = Map::new();
    for name in headers.keys() {
        if let Some(attribute) = name.as_str().strip_prefix("ce-") {
            let value = guards::text(headers, name.as_str())?.unwrap_or_default();
            attributes.insert(attribute.to_owned(), json!(percent_decoded(value)));
        }
    }
    // The payload keeps its text: it is put in as it is, once it is known to be one JSON value.
    let raw: &RawValue = serde_json::from_str(data)
        .map_err(|error| Problem::malformed(format!("the body is not JSON: {error}")))?;
    let raw = raw.get().to_owned();
    let mut incoming = Incoming::parse(&Json::Object(attributes).to_string())?;
    incoming.data = raw;
    Ok(incoming)
}

/// CloudEvents percent-encodes what a header cannot hold. What is not such an encoding stays.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = |digit: u8| char::from(digit).to_digit(16);
        if let (b'%', [high, low, tail @ ..]) = (first, tail)
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            bytes.push((high * 16 + low) as u8);
            rest = tail;
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}
