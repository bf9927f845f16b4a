//! `GET /events` and `/events/{seq|id}`, `/versions`, and the index of it all.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;

use super::App;
use super::answer::{Tag, answer};
use super::parameters::{Parameters, decoded, segment};
use super::problem::Problem;
use super::state::READ_SECONDS_MAX;
use crate::book::Reader;
use crate::model::error::{Problem as Detail, shown};
use crate::model::{Error, Event, Result, Seq};
use crate::store::EventFilter;
use crate::wire::{CloudEvent, Events, Index, RecordedEvent, Versions};

/// Events of one page when the client does not say, and at most.
const EVENTS_DEFAULT: usize = 100;
const EVENTS_MAX: usize = 1_000;

/// Sources that are named where an id is of several.
const SOURCES_MAX: usize = 10;

const PARAMETERS: &[&str] = &["from", "to", "type", "subject", "order", "limit", "after"];

/// Events in their order, or newest first.
pub async fn list(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut parameters = Parameters::of(&uri)?;
    // What is in the log and not yet in the state is not told: one who reads both must find what belongs together.
    let head = app.live().head;
    let mut from = parameters.take_seq("from")?.unwrap_or(1).max(1);
    let mut to = parameters.take_seq("to")?.unwrap_or(head.0).min(head.0);
    let descending = match parameters.take("order")?.as_deref() {
        None | Some("seq") => false,
        Some("-seq") => true,
        Some(_) => return Err(Problem::malformed("'order' is seq or -seq")),
    };
    match (parameters.take_seq("after")?, descending) {
        (None, _) => {}
        (Some(after), false) => from = from.max(after.saturating_add(1)),
        (Some(after), true) => to = to.min(after.saturating_sub(1)),
    }
    let limit = parameters.take_limit(EVENTS_DEFAULT, EVENTS_MAX)?;
    let filter = EventFilter {
        from: Some(Seq(from)),
        to: Some(Seq(to)),
        event_type: parameters.take("type")?,
        subject: parameters.take("subject")?,
        descending,
    };
    parameters.done(PARAMETERS)?;
    let subject = filter.subject.clone();
    let (mut events, repairs, last) = read(&app, move |reader| {
        let events = match from > to {
            true => Vec::new(),
            // One more, to know whether there is one.
            false => reader.events(&filter, limit + 1)?,
        };
        let last = match subject {
            None => None,
            Some(subject) => Some(last_of(reader, subject, head)?),
        };
        let repairs = reader.repairs(&events)?;
        Ok((events, repairs, last))
    })
    .await?;
    let more = events.len() > limit;
    events.truncate(limit);
    let body = Events {
        next: events.last().filter(|_| more).map(|last| last.seq.0),
        events: { events.iter() }
            .map(|event| {
                let note = repairs.get(&event.seq).copied();
                CloudEvent::from(event).with(note.unwrap_or_default())
            })
            .collect(),
        head: head.0,
    };
    // With a subject, the tag is what `If-Match` of a write about it takes.
    let tag = last.map_or(Tag::Body, |last| Tag::Text(last.0.to_string()));
    answer(&headers, &body, head, tag)
}

/// The last event about a subject; 0 where there is none.
fn last_of(reader: &Reader, subject: String, head: Seq) -> Result<Seq> {
    let filter = EventFilter {
        to: Some(head),
        subject: Some(subject),
        descending: true,
        ..EventFilter::default()
    };
    let last = reader.events(&filter, 1)?;
    Ok(last.first().map_or(Seq::ZERO, |event: &Event| event.seq))
}

/// An event with everything that happened because of it.
pub async fn show(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let name = decoded(segment(&uri, 1), false)?;
    let mut parameters = Parameters::of(&uri)?;
    let source = parameters.take("source")?;
    parameters.done(&["source"])?;
    let head = app.live().head;
    let unknown = move |name: &str| {
        let text = format!(
            "event '{}' is not in the log; its head is {head}",
            shown(name)
        );
        Problem::new(StatusCode::NOT_FOUND, "unknown", text)
    };
    // An id of digits is asked for with its source.
    let seq = match name.parse::<u64>() {
        Ok(seq) if source.is_none() => Seq(seq),
        _ => {
            let id = name.clone();
            let mut found = read(&app, move |reader| reader.find_id(&id, SOURCES_MAX)).await?;
            if let Some(source) = source {
                found.retain(|(_, known)| *known == source);
            }
            match found.as_slice() {
                [] => return Err(unknown(&name)),
                [(seq, _)] => *seq,
                several => {
                    let sources: Vec<_> = several.iter().map(|(_, source)| &**source).collect();
                    let text = "several sources have an event with this id; say ?source=";
                    return Err(Problem::malformed(text).with("sources", sources));
                }
            }
        }
    };
    if seq == Seq::ZERO || seq > head {
        let text = format!("event {seq} is not in the log; its head is {head}");
        return Err(Error::usage(text).problem(Detail::Unknown).into());
    }
    let shown = read(&app, move |reader| reader.show(seq)).await?;
    // Not for ever: it may be amended or redacted, and a cache must not keep what was erased.
    answer(&headers, &RecordedEvent::from(&shown), head, Tag::Body)
}

/// Every version that was ever loaded.
pub async fn versions(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    Parameters::of(&uri)?.done(&[])?;
    let live = app.live();
    let lines = read(&app, Reader::versions).await?;
    let body = Versions {
        versions: lines.iter().map(Into::into).collect(),
    };
    answer(&headers, &body, live.head, Tag::Body)
}

/// Requests, each with what it is for.
const LINKS: &[(&str, &str)] = &[
    ("GET /state", "the tables"),
    (
        "GET /state/{table}",
        "rows of a table: filters, order, pages",
    ),
    (
        "GET /state/{table}/{key}",
        "one row, with hashes for Daybook-Expect",
    ),
    ("POST /query", "read-only SQL"),
    ("GET /events", "events: from, to, type, subject"),
    ("GET /events/{seq|id}", "an event with what it caused"),
    ("GET /versions", "versions of plugins"),
    (
        "GET /tasks",
        "tasks that events asked for: kind, state, event",
    ),
    ("GET /gateway", "how tasks are carried out"),
    ("POST /commands/{type}", "ask a plugin for something"),
    ("POST /events", "append CloudEvents"),
    ("POST /versions", "load a version"),
    ("POST /versions/{plugin@date}/activate", "put it in force"),
    ("POST /shadows", "try a version beside the live state"),
    (
        "POST /versions/{plugin@date}/promote",
        "put a shadow in force",
    ),
    ("POST /rollback", "go back to what was live before"),
    ("POST /verify", "replay everything and compare"),
    ("GET /healthz", "alive"),
];

/// What there is.
pub async fn index(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    Parameters::of(&uri)?.done(&[])?;
    let live = app.live();
    let body = Index {
        daybook: env!("CARGO_PKG_VERSION").to_owned(),
        head: live.head.0,
        lineup: live.program.stamp.clone(),
        links: { LINKS.iter() }
            .map(|(request, what)| ((*request).to_owned(), (*what).to_owned()))
            .collect(),
    };
    answer(&headers, &body, live.head, Tag::Body)
}

/// Reads the log, for as long as a read may take.
async fn read<T: Send + 'static>(
    app: &App,
    work: impl FnOnce(&Reader) -> Result<T> + Send + 'static,
) -> Result<T, Error> {
    app.read(move |reader| reader.within(READ_SECONDS_MAX, work))
        .await
}
