//! `POST /events/{event}/amend`, `/redact` and `/undo`: the repair of history while the book is online. Each has the book
//! to itself for as long as it takes to work history out anew.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Extension, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;

use super::lives::body;
use super::operate::told;
use super::parameters::{Parameters, segment};
use super::problem::Problem;
use super::{App, Caller};
use crate::book::Book;
use crate::model::Seq;
use crate::verbs::Operates;
use crate::wire::{AmendRequest, RedactReply, RedactRequest, UndoRequest};

/// The event that a path names, by its position. Repairs of history are not for tokens of single plugins.
fn event(uri: &Uri, caller: &Caller) -> Result<Seq, Problem> {
    Parameters::of(uri)?.done(&[])?;
    caller.check_type("daybook")?;
    let text = segment(uri, 1);
    text.parse()
        .map(Seq)
        .map_err(|_| Problem::malformed("a repair names an event by its seq"))
}

/// Replaces an event's payload.
pub async fn amend(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let seq = event(&uri, &caller)?;
    let asked: AmendRequest = body(bytes)?;
    let actor = caller.actor().map(str::to_owned);
    let work =
        move |book: &mut Book| Operates::amend(book, seq, &asked, actor.as_deref(), &mut |_| {});
    Ok(told(StatusCode::OK, &app.alone(work).await?))
}

/// Erases an event's payload for good.
pub async fn redact(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let seq = event(&uri, &caller)?;
    let asked: RedactRequest = body(bytes)?;
    let actor = caller.actor().map(str::to_owned);
    let cleaning = app.clone();
    let work = move |book: &mut Book| {
        let reply = Operates::redact(book, seq, &asked, actor.as_deref(), &mut |_| {})?;
        if matches!(&reply, RedactReply::Redacted(redacted) if !redacted.cleaned) {
            cleaning.keep_cleaning()?;
        }
        Ok(reply)
    };
    Ok(told(StatusCode::OK, &app.alone(work).await?))
}

/// Takes back an event's row changes.
pub async fn undo(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let seq = event(&uri, &caller)?;
    let asked: UndoRequest = body(bytes)?;
    let actor = caller.actor().map(str::to_owned);
    let work = move |book: &mut Book| Operates::undo(book, seq, &asked, actor.as_deref());
    Ok(told(StatusCode::OK, &app.alone(work).await?))
}
