//! Events of the log: appended as CloudEvents, listed, and shown with everything that happened because of them.

use std::ops::RangeInclusive;

use axum::http::StatusCode;

use super::answer::{Answer, Tag, VERSION, answer, header_value, json};
use super::cloud_events::Events;
use super::declared::Kind;
use super::guards;
use super::parameters::Parameters;
use super::problem::Problem;
use super::route::{Authorized, Route};
use super::scopes::{OfBody, OfEvent, OfTypes, Read, Write};
use super::usual;
use crate::book::{Admitted, AppendRequest, Reader, Shown};
use crate::model::{Error, Event, Result, Seq};
use crate::serve::hosted::Hosted;
use crate::store::EventFilter;
use crate::wire::{
    Appended, CloudEvent, Events as EventsPage, ListedEvents, RecordedEvent, RecordedEvents,
};

pub fn routes() -> Vec<Route> {
    vec![
        Route::post("/events", "append", append)
            .says("Append one event or an array of them, all or none.")
            .and(usual::write)
            .header(
                "Prefer",
                Kind::Text,
                "return=minimal: seq and id of each event, and not what it caused.",
            )
            .header(
                "Idempotency-Key",
                Kind::Bounded(1, 255),
                "The same request again gets the first answer; events with ids of their own go by those.",
            )
            .header(
                "Daybook-Version",
                Kind::Date,
                "The version that is to handle them: the newest up to this date.",
            )
            .good(200, "A preview, or all of them were there before.")
            .good(201, "Kept: the events with all they caused.")
            .refuses(415, "Events do not come in this media type."),
        Route::get("/events", "events", list)
            .says("Events of the log, in order, a page at a time.")
            .query("from", Kind::Seq, "The first seq.")
            .query("to", Kind::Seq, "The last seq.")
            .query("type", Kind::Text, "Only events of this type.")
            .query(
                "subject",
                Kind::Text,
                "Only events about this; the ETag is what If-Match takes.",
            )
            .query(
                "order",
                Kind::Choice(&["seq", "-seq"]),
                "Oldest or newest first.",
            )
            .query(
                "effects",
                Kind::Flag,
                "With what each did: rows, tasks and what became of them, as GET /events/{event} tells it.",
            )
            .query(
                "limit",
                Kind::Limit(EVENTS_MAX),
                "Events of a page; large ones make it shorter.",
            )
            .query("after", Kind::Seq, "`next` of the page before.")
            .and(usual::read),
        Route::get("/events/{event}", "event", show)
            .says("An event with everything that happened because of it.")
            .path("event", Kind::Text, "Its seq or its id.")
            .query("source", Kind::Text, "Where an id is of several sources.")
            .and(usual::read),
    ]
}

/// What `Prefer` says where a client does not want everything back.
const MINIMAL: &str = "return=minimal";

/// Appends the events of a request, all or none.
async fn append(
    mut door: Authorized<Write, OfBody>,
    Events(mut events): Events,
) -> Result<Answer<Appended<'static>>, Problem> {
    let preview = door.query.take_flag("preview")?;
    // With the token's name as the actor, in place of whom the client says it is.
    let context = guards::context(door.headers(), door.caller().actor());
    for event in &mut events {
        event.context = context.clone();
    }
    let subject = match events.as_slice() {
        [only] => only.subject.clone(),
        _ => None,
    };
    let request = AppendRequest {
        guards: guards::guards(door.headers(), subject.as_deref())?,
        pin: guards::pin(door.headers())?,
        key: guards::command_id(door.headers(), door.caller())?,
        preview,
        marks: door.marks(),
        events,
    };
    let admitted = door
        .book()
        .ask(|writer, done| writer.append(request, done))
        .await?;
    if !preview {
        let kept = admitted
            .iter()
            .filter_map(|admitted| admitted.caused.as_ref());
        door.book().server().metrics().used(kept);
    }
    // Who appends a file wants to know that it is kept, not to have everything back (RFC 7240).
    let minimal = guards::text(door.headers(), "prefer")?.is_some_and(|prefer| {
        prefer
            .split([',', ';'])
            .any(|one| one.trim().eq_ignore_ascii_case(MINIMAL))
    });
    reply(door.book(), admitted, preview, minimal).await
}

/// What came of them, with what all of them caused.
async fn reply(
    book: &Hosted,
    mut admitted: Vec<Admitted>,
    preview: bool,
    minimal: bool,
) -> Result<Answer<Appended<'static>>, Problem> {
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
        let found = book
            .read(move |reader| {
                let read = wanted
                    .into_iter()
                    .map(|(at, seq)| Ok((at, reader.show(seq)?)));
                read.collect::<Result<Vec<(usize, Shown)>, Error>>()
            })
            .await?;
        for (at, shown) in found {
            admitted[at].caused = Some(shown.with_effects());
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
    let first = admitted.first().and_then(|first| first.caused.as_ref());
    let version = version.or_else(|| first.and_then(|caused| caused.event.version));
    let answer = json(&body)?.status(status).described_as();
    Ok(match version {
        Some(version) => answer.with(VERSION, header_value(&version.to_string())?),
        None => answer,
    })
}

/// Events of one page when the client does not say, and at most.
const EVENTS_DEFAULT: usize = 100;
const EVENTS_MAX: usize = 1_000;

/// Events in their order, or newest first.
async fn list(
    mut door: Authorized<Read, OfTypes>,
) -> Result<Answer<ListedEvents<'static>>, Problem> {
    // What is in the log and not yet in the state is not told: one who reads both must find what belongs together.
    let head = door.book().live().head;
    let (range, descending) = range(&mut door.query, head)?;
    let with_effects = door.query.take_flag("effects")?;
    let limit = door.query.take_limit(EVENTS_DEFAULT, EVENTS_MAX)?;
    let is_empty = range.is_empty();
    let filter = EventFilter {
        from: Some(*range.start()),
        to: Some(*range.end()),
        event_type: door.query.take("type")?,
        subject: door.query.take("subject")?,
        descending,
    };
    let subject = filter.subject.clone();
    let last = move |reader: &Reader| match subject {
        None => Ok(None),
        Some(subject) => last_of(reader, subject, head).map(Some),
    };
    if with_effects {
        let ((found, more), last) = door
            .book()
            .read_log(move |reader| {
                let page = match is_empty {
                    true => (Vec::new(), false),
                    false => reader.recorded_page(&filter, limit)?,
                };
                Ok((page, last(reader)?))
            })
            .await?;
        let next = found.last().filter(|_| more);
        let body = RecordedEvents {
            next: next.map(|last| last.stored.event.seq.0),
            events: found.iter().map(Into::into).collect(),
            head: head.0,
        };
        return answer(door.headers(), &body, head, tag(last)).map(Answer::described_as);
    }
    let ((events, more), repairs, last) = door
        .book()
        .read_log(move |reader| {
            let page = match is_empty {
                true => (Vec::new(), false),
                false => reader.event_page(&filter, limit)?,
            };
            let repairs = reader.repairs(&page.0)?;
            Ok((page, repairs, last(reader)?))
        })
        .await?;
    let body = EventsPage {
        next: events.last().filter(|_| more).map(|last| last.seq.0),
        events: { events.iter() }
            .map(|event| {
                let note = repairs.get(&event.seq).copied();
                CloudEvent::from(event).with(note.unwrap_or_default())
            })
            .collect(),
        head: head.0,
    };
    answer(door.headers(), &body, head, tag(last)).map(Answer::described_as)
}

/// With a subject, the tag is what `If-Match` of a write about it takes.
fn tag(last: Option<Seq>) -> Tag {
    last.map_or(Tag::Body, |last| Tag::Text(last.0.to_string()))
}

/// Positions of a page, and whether the newest come first.
pub fn range(query: &mut Parameters, head: Seq) -> Result<(RangeInclusive<Seq>, bool), Problem> {
    let mut from = query.take_seq("from")?.unwrap_or(1).max(1);
    let mut to = query.take_seq("to")?.unwrap_or(head.0).min(head.0);
    let descending = match query.take("order")?.as_deref() {
        None | Some("seq") => false,
        Some("-seq") => true,
        Some(_) => return Err(Problem::malformed("'order' is seq or -seq")),
    };
    match (query.take_seq("after")?, descending) {
        (None, _) => {}
        (Some(after), false) => from = from.max(after.saturating_add(1)),
        (Some(after), true) => to = to.min(after.saturating_sub(1)),
    }
    Ok((Seq(from)..=Seq(to), descending))
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
async fn show(door: Authorized<Read, OfEvent>) -> Result<Answer<RecordedEvent<'static>>, Problem> {
    let OfEvent(seq) = door.scope;
    let head = door.book().live().head;
    let shown = door.book().read_log(move |reader| reader.show(seq)).await?;
    answer(
        door.headers(),
        &RecordedEvent::from(&shown),
        head,
        Tag::Body,
    )
    .map(Answer::described_as)
}
