//! Amendments, redactions and undos of an event: the repair of history while the book is online. Each has the book
//! to itself for as long as it takes to work history out anew.

use axum::http::StatusCode;

use super::answer::{Answer, told};
use super::declared::Kind;
use super::input::JsonBody;
use super::parameters::seq;
use super::problem::Problem;
use super::route::{Authorized, Route};
use super::scopes::{Operate, WholeBook};
use super::usual;
use crate::book::Book;
use crate::model::Seq;
use crate::verbs::Operates;
use crate::wire::{
    AmendReply, AmendRequest, RedactAllRequest, RedactReply, RedactRequest, UndoRequest, Undone,
};

pub fn routes() -> Vec<Route> {
    let repair = |route: Route| {
        route
            .path("event", Kind::Event, "Its seq.")
            .good(200, "Done, or what would be.")
            .and(usual::preview)
            .acts()
            .and(usual::operation)
    };
    vec![
        Route::post("/events/{event}/amend", "amend", amend)
            .says("Replace an event's payload; the state follows, and the original is kept.")
            .and(repair),
        Route::post("/events/{event}/redact", "redact", redact)
            .says("Erase an event's payload for good, from everything that the book keeps.")
            .and(repair),
        Route::post("/redact", "redactAll", redact_all)
            .says("Erase the payloads of all events about somebody for good, in one act: all of them, or none.")
            .good(200, "Done, or what would be.")
            .and(usual::operation),
        Route::post("/events/{event}/undo", "undo", undo)
            .says("Take back an event's row changes, as an event of its own.")
            .and(repair),
    ]
}

/// The event that the path names, by its position.
fn event(door: &Authorized<Operate, WholeBook>) -> Result<Seq, Problem> {
    seq("event", &door.path("event")?).map(Seq)
}

/// Replaces an event's payload.
async fn amend(
    mut door: Authorized<Operate, WholeBook>,
    JsonBody(mut asked): JsonBody<AmendRequest>,
) -> Result<Answer<AmendReply>, Problem> {
    asked.preview |= door.query.take_flag("preview")?;
    let (seq, actor) = (event(&door)?, door.actor());
    let work =
        move |book: &mut Book| Operates::amend(book, seq, &asked, actor.as_deref(), &mut |_| {});
    told(StatusCode::OK, &door.book().alone(work).await?)
}

/// Erases an event's payload for good.
async fn redact(
    mut door: Authorized<Operate, WholeBook>,
    JsonBody(mut asked): JsonBody<RedactRequest>,
) -> Result<Answer<RedactReply>, Problem> {
    asked.preview |= door.query.take_flag("preview")?;
    let (seq, actor) = (event(&door)?, door.actor());
    erase(door, move |book| {
        Operates::redact(book, seq, &asked, actor.as_deref(), &mut |_| {})
    })
    .await
}

/// Erases the payloads of all events about somebody.
async fn redact_all(
    door: Authorized<Operate, WholeBook>,
    JsonBody(asked): JsonBody<RedactAllRequest>,
) -> Result<Answer<RedactReply>, Problem> {
    let actor = door.actor();
    erase(door, move |book| {
        Operates::redact_all(book, &asked, actor.as_deref(), &mut |_| {})
    })
    .await
}

/// What is left in files that somebody reads goes later.
async fn erase(
    door: Authorized<Operate, WholeBook>,
    work: impl FnOnce(&mut Book) -> crate::model::Result<RedactReply> + Send + 'static,
) -> Result<Answer<RedactReply>, Problem> {
    let cleaning = door.book().clone();
    let work = move |book: &mut Book| {
        let reply = work(book)?;
        if matches!(&reply, RedactReply::Redacted(redacted) if !redacted.cleaned) {
            cleaning.keep_cleaning()?;
        }
        Ok(reply)
    };
    told(StatusCode::OK, &door.book().alone(work).await?)
}

/// Takes back an event's row changes.
async fn undo(
    mut door: Authorized<Operate, WholeBook>,
    JsonBody(mut asked): JsonBody<UndoRequest>,
) -> Result<Answer<Undone<'static>>, Problem> {
    asked.preview |= door.query.take_flag("preview")?;
    let (seq, actor) = (event(&door)?, door.actor());
    let work = move |book: &mut Book| Operates::undo(book, seq, &asked, actor.as_deref());
    told(StatusCode::OK, &door.book().alone(work).await?)
}
