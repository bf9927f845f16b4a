//! `POST /events/{event}/amend`, `/redact` and `/undo`: the repair of history while the book is online. Each has the book
//! to itself for as long as it takes to work history out anew.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Extension, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};

use super::lives::body;
use super::operate::told;
use super::parameters::{Parameters, segment};
use super::problem::Problem;
use super::{App, Caller};
use crate::book::Book;
use crate::model::Seq;
use crate::repair::{AmendRequest, NewPayload, RedactRequest, UndoRequest};
use crate::study::Foreseen;

/// The event that a path names, by its position. Repairs of history are not for tokens of single plugins.
fn event(uri: &Uri, caller: &Caller) -> Result<Seq, Problem> {
    Parameters::of(uri)?.done(&[])?;
    caller.check_type("daybook")?;
    let text = segment(uri, 1);
    text.parse()
        .map(Seq)
        .map_err(|_| Problem::malformed("a repair names an event by its seq"))
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AmendJson {
    /// The new payload.
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
pub async fn amend(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let seq = event(&uri, &caller)?;
    let shape = "{\"data\": {…}, \"reason\": \"…\"}, or with \"revert\": true or \"skip\": true";
    let asked: AmendJson = body(bytes, shape)?;
    let payload = match (asked.data, asked.revert, asked.skip) {
        (Some(data), false, false) => NewPayload::Data(data.get().to_owned()),
        (None, true, false) => NewPayload::Original,
        (None, false, true) => NewPayload::Nothing,
        _ => return Err(Problem::malformed(format!("the body is not {shape}"))),
    };
    let request = AmendRequest {
        seq,
        payload,
        reason: reason(asked.reason, asked.preview)?,
        actor: caller.actor().map(str::to_owned),
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
    Ok(told(StatusCode::OK, &app.alone(work).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RedactJson {
    reason: Option<String>,
    /// What stands in the payload's place.
    with: Option<Box<RawValue>>,
    #[serde(default)]
    preview: bool,
}

/// Erases an event's payload for good.
pub async fn redact(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let seq = event(&uri, &caller)?;
    let asked: RedactJson = body(bytes, "{\"reason\": \"…\", \"with\": {…}}")?;
    let request = RedactRequest {
        seq,
        reason: reason(asked.reason, asked.preview)?,
        replacement: asked.with.map(|data| data.get().to_owned()),
        actor: caller.actor().map(str::to_owned),
    };
    let preview = asked.preview;
    let cleaning = app.clone();
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
    Ok(told(StatusCode::OK, &app.alone(work).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UndoJson {
    reason: Option<String>,
    #[serde(default)]
    preview: bool,
}

/// Takes back an event's row changes.
pub async fn undo(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let seq = event(&uri, &caller)?;
    let asked: UndoJson = body(bytes, "{\"reason\": \"…\"} or {}")?;
    let request = UndoRequest {
        seq,
        reason: asked.reason,
        actor: caller.actor().map(str::to_owned),
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
    Ok(told(StatusCode::OK, &app.alone(work).await?))
}
