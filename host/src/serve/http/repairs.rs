//! Amendments, redactions and undos of an event: the repair of history while the book is online. Each has the book
//! to itself for as long as it takes to work history out anew.

use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};

use super::answer::{Answer, told};
use super::declared::Kind;
use super::input::Asked;
use super::problem::Problem;
use super::route::{Authorized, Route};
use super::scopes::{Operate, WholeBook};
use super::usual;
use crate::book::Book;
use crate::model::Seq;
use crate::repair::{AmendRequest, NewPayload, RedactRequest, UndoRequest};
use crate::study::Foreseen;

pub fn routes() -> Vec<Route> {
    let repair = |route: Route| {
        route
            .path("event", Kind::Event, "Its seq.")
            .good(200, "Done, or what would be.")
            .and(usual::operation)
    };
    vec![
        Route::post("/events/{event}/amend", "amend", amend)
            .says("Replace an event's payload; the state follows, and the original is kept.")
            .and(repair),
        Route::post("/events/{event}/redact", "redact", redact)
            .says("Erase an event's payload for good, from everything that the book keeps.")
            .and(repair),
        Route::post("/events/{event}/undo", "undo", undo)
            .says("Take back an event's row changes, as an event of its own.")
            .and(repair),
    ]
}

/// The event that the path names, by its position.
fn event(door: &Authorized<Operate, WholeBook>) -> Result<Seq, Problem> {
    let seq = door.path("event")?.parse().map(Seq);
    seq.map_err(|_| Problem::malformed("a repair names an event by its seq"))
}

fn reason(reason: Option<String>, preview: bool) -> Result<String, Problem> {
    match reason {
        Some(reason) => Ok(reason),
        None if preview => Ok("a preview".to_owned()),
        None => Err(Problem::malformed(
            "'reason' is missing: it stays in the log",
        )),
    }
}

/// What a repair would change.
fn foreseen(found: &Foreseen) -> Json {
    let rows = found.summary.final_rows.iter().map(|(table, count)| {
        json!({
            "table": table, "added": count.added, "removed": count.removed, "changed": count.changed,
        })
    });
    json!({
        "preview": true,
        "problem": found.problem,
        "events": found.summary.differing.total(),
        "dooms": found.summary.dooms.1,
        "rows": rows.collect::<Vec<_>>(),
    })
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AmendJson {
    /// The new payload.
    #[schemars(with = "Option<Json>")]
    data: Option<Box<RawValue>>,
    /// Put the first one back.
    #[serde(default)]
    revert: bool,
    /// Nobody handles the event any more.
    #[serde(default)]
    skip: bool,
    reason: Option<String>,
    #[serde(default)]
    preview: bool,
}

/// Replaces an event's payload.
async fn amend(
    door: Authorized<Operate, WholeBook>,
    Asked(asked): Asked<AmendJson>,
) -> Result<Answer<Json>, Problem> {
    let seq = event(&door)?;
    let payload = match (asked.data, asked.revert, asked.skip) {
        (Some(data), false, false) => NewPayload::Data(data.get().to_owned()),
        (None, true, false) => NewPayload::Original,
        (None, false, true) => NewPayload::Nothing,
        _ => {
            let text = "one of 'data', 'revert' and 'skip' says what is to be there instead";
            return Err(Problem::malformed(text));
        }
    };
    let request = AmendRequest {
        seq,
        payload,
        reason: reason(asked.reason, asked.preview)?,
        actor: door.actor(),
    };
    let preview = asked.preview;
    let work = move |book: &mut Book| match preview {
        true => book.foresee_amendment(&request).map(|it| foreseen(&it)),
        false => {
            let amended = book.amend(&request, &mut |_| {})?;
            Ok(json!({
                "seq": amended.seq.0, "event": amended.event.0, "reverts": amended.reverts,
            }))
        }
    };
    told(StatusCode::OK, &door.book().alone(work).await?)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RedactJson {
    reason: Option<String>,
    /// What stands in the payload's place.
    #[schemars(with = "Option<Json>")]
    with: Option<Box<RawValue>>,
    #[serde(default)]
    preview: bool,
}

/// Erases an event's payload for good.
async fn redact(
    door: Authorized<Operate, WholeBook>,
    Asked(asked): Asked<RedactJson>,
) -> Result<Answer<Json>, Problem> {
    let seq = event(&door)?;
    let request = RedactRequest {
        seq,
        reason: reason(asked.reason, asked.preview)?,
        replacement: asked.with.map(|data| data.get().to_owned()),
        actor: door.actor(),
    };
    let preview = asked.preview;
    let cleaning = door.book().clone();
    let work = move |book: &mut Book| match preview {
        true => book.foresee_redaction(&request).map(|it| foreseen(&it)),
        false => {
            let redacted = book.redact(&request, &mut |_| {})?;
            if !redacted.cleaned {
                cleaning.keep_cleaning()?;
            }
            Ok(json!({
                "seq": redacted.seq.0,
                "event": redacted.event.0,
                "undo": redacted.undo.map(|seq| seq.0),
                "rewritten": redacted.rewritten,
                "replays": redacted.replays,
                "cleaned": redacted.cleaned,
            }))
        }
    };
    told(StatusCode::OK, &door.book().alone(work).await?)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct UndoJson {
    reason: Option<String>,
    #[serde(default)]
    preview: bool,
}

/// Takes back an event's row changes.
async fn undo(
    door: Authorized<Operate, WholeBook>,
    Asked(asked): Asked<UndoJson>,
) -> Result<Answer<Json>, Problem> {
    let seq = event(&door)?;
    let request = UndoRequest {
        seq,
        reason: asked.reason,
        actor: door.actor(),
        preview: asked.preview,
    };
    let work = move |book: &mut Book| {
        let undone = book.undo(&request)?;
        Ok(json!({
            "event": undone.event.0,
            "preview": undone.preview,
            "undo": undone.caused.json(),
            "further": undone.further.iter().map(|it| it.json()).collect::<Vec<_>>(),
            "tasks_not_undone": undone.tasks.len(),
        }))
    };
    told(StatusCode::OK, &door.book().alone(work).await?)
}
