//! `POST /events`: CloudEvents over HTTP, structured, binary and in batches.

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{Extension, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json, json};

use super::answer::json;
use super::commands::{body_text, header_value};
use super::guards::{self, WriteQuery};
use super::otlp::Traced;
use super::problem::Problem;
use super::{App, Caller};
use crate::book::{Admitted, AppendRequest, Incoming, Shown};
use crate::model::{Error, Seq};
use crate::wire::Appended;

pub async fn post(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    traced: Option<Extension<Traced>>,
    query: Result<Query<WriteQuery>, QueryRejection>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query.map_err(|error| Problem::malformed(error.body_text()))?;
    if query.subject.is_some() {
        return Err(Problem::malformed(
            "an event's subject is one of its attributes",
        ));
    }
    if query.actor.is_some() {
        return Err(Problem::malformed(
            "an event's actor is one of its attributes",
        ));
    }
    let mut events = read(&headers, body)?;
    for event in &events {
        caller.check_type(event.event_type.as_str())?;
    }
    // With the token's name as the actor, in place of whom the client says it is.
    if let Some(extensions) = guards::extensions(&headers, caller.actor()) {
        for event in &mut events {
            add_extensions(event, &extensions);
        }
    }
    let subject = match events.as_slice() {
        [only] => only.subject.clone(),
        _ => None,
    };
    let request = AppendRequest {
        guards: guards::guards(&headers, subject.as_deref())?,
        preview: query.preview,
        marks: traced.map(|Extension(traced)| traced.marks()),
        events,
    };
    let preview = request.preview;
    let admitted = app.ask(|writer, done| writer.append(request, done)).await?;
    if !preview {
        let kept = admitted
            .iter()
            .filter_map(|admitted| admitted.caused.as_ref());
        app.metrics().used(kept);
    }
    // Who appends a file wants to know that it is kept, not to have everything back (RFC 7240).
    let minimal = guards::text(&headers, "prefer")?
        .is_some_and(|prefer| prefer.split([',', ';']).any(|one| one.trim() == MINIMAL));
    answer(&app, admitted, preview, minimal).await
}

const MINIMAL: &str = "return=minimal";

/// The events of a request, by its content type.
fn read(
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Vec<Incoming>, Problem> {
    let kind = guards::text(headers, "content-type")?.unwrap_or("application/json");
    let essence = kind.split(';').next().unwrap_or_default().trim();
    let text = body_text(body)?;
    let one = |text: &str| Ok(vec![Incoming::parse(text)?]);
    match essence {
        "application/cloudevents+json" => one(&text),
        "application/cloudevents-batch+json" => batch(&text),
        _ if headers.contains_key("ce-type") => Ok(vec![binary(headers, &text)?]),
        "application/json" if text.trim_start().starts_with('[') => batch(&text),
        "application/json" => one(&text),
        other => Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "media-type",
            format!("'{}' is not how events come", crate::model::error::shown(other)),
        )
        .with(
            "hint",
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

fn add_extensions(event: &mut Incoming, more: &Map<String, Json>) {
    let mut extensions: Map<String, Json> = event
        .extensions
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    extensions.extend(
        more.iter()
            .map(|(name, value)| (name.clone(), value.clone())),
    );
    event.extensions = Some(Json::Object(extensions).to_string());
}

async fn answer(
    app: &App,
    mut admitted: Vec<Admitted>,
    preview: bool,
    minimal: bool,
) -> Result<Response, Problem> {
    let version = admitted
        .first()
        .and_then(|first| first.caused.as_ref())
        .and_then(|caused| caused.event.version);
    if minimal {
        admitted.iter_mut().for_each(|admitted| {
            admitted.caused = None;
            admitted.reactions.clear();
        });
    }
    // A duplicate is answered with what the first one caused.
    let wanted: Vec<(usize, Seq)> = admitted
        .iter()
        .enumerate()
        .filter(|(_, admitted)| admitted.receipt.duplicate)
        .map(|(at, admitted)| (at, admitted.receipt.seq))
        .collect();
    let duplicates = wanted.len();
    if duplicates > 0 && !preview && !minimal {
        let found = app
            .read(move |reader| {
                let read = wanted
                    .into_iter()
                    .map(|(at, seq)| Ok((at, reader.show(seq)?)));
                read.collect::<Result<Vec<(usize, Shown)>, Error>>()
            })
            .await?;
        for (at, shown) in found {
            admitted[at].caused = Some(shown.caused());
        }
    }
    let status = match duplicates == admitted.len() || preview {
        true => StatusCode::OK,
        false => StatusCode::CREATED,
    };
    let body = Appended {
        preview,
        events: admitted.iter().map(Into::into).collect(),
    };
    let mut response = (status, json(&body)?).into_response();
    let first = admitted.first().and_then(|first| first.caused.as_ref());
    let version = version.or_else(|| first.and_then(|caused| caused.event.version));
    if let Some(version) = version {
        let value = header_value(&version.to_string())?;
        response.headers_mut().insert("daybook-version", value);
    }
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, header_value("no-store")?);
    Ok(response)
}
