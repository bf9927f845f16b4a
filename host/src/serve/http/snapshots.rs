//! What there is to keep of a book: snapshots of the live state, a digest of the log, and hashes of the whole history.

use axum::http::StatusCode;

use super::answer::{Answer, Tag, answer, told};
use super::problem::Problem;
use super::route::{Authorized, Route};
use super::scopes::{AnyPlugin, Operate, Read, WholeBook};
use super::usual;
use crate::book::copy_live;
use crate::serve::operations::blocking;
use crate::wire::{HistoryHashes, LogHead, Snapshot, Snapshots};

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/snapshots", "snapshots", snapshots)
            .says("The snapshots of the live state.")
            .and(usual::read),
        Route::post("/snapshots", "snapshot", snapshot)
            .says("Keep a copy of the live state, for replays to start from.")
            .good(201, "Made, or there already."),
        Route::get("/head", "logHead", log_head)
            .says("Where the log stands, as a digest to be kept elsewhere: `POST /verify` proves by it that nothing was cut off.")
            .and(usual::read),
        Route::get("/hashes", "hashes", hashes)
            .says("What the whole history came to: one hash over all row changes and one over all tasks. Where both are equal, two books had the same effects.")
            .and(usual::read),
    ]
}

/// What the whole history came to, in a few hashes.
async fn hashes(door: Authorized<Read, WholeBook>) -> Result<Answer<HistoryHashes>, Problem> {
    let hashes = door.book().read(|reader| reader.hashes()).await?;
    let position = hashes.head.position;
    answer(
        door.headers(),
        &HistoryHashes::from(&hashes),
        position,
        Tag::Body,
    )
}

/// Where the log stands.
async fn log_head(door: Authorized<Read, WholeBook>) -> Result<Answer<LogHead>, Problem> {
    let head = door.book().read(|reader| reader.log_head()).await?;
    answer(door.headers(), &LogHead::from(&head), head.event, Tag::Body)
}

/// Copies the live state, beside the writer.
async fn snapshot(door: Authorized<Operate, WholeBook>) -> Result<Answer<Snapshot>, Problem> {
    let place = door
        .book()
        .alone(|book| Ok((book.dir().clone(), book.live_path(), book.live_schedule())))
        .await?;
    let (dir, live, schedule) = place;
    let copied = blocking(move || copy_live(&dir, &live, &schedule)).await?;
    let kept = door
        .book()
        .alone(move |book| book.record_snapshot(&copied))
        .await?;
    told(StatusCode::CREATED, &Snapshot::from(&kept))
}

/// The snapshots of the live state.
async fn snapshots(door: Authorized<Read, AnyPlugin>) -> Result<Answer<Snapshots>, Problem> {
    let head = door.book().live().head;
    let known = door.book().read(|reader| reader.snapshots()).await?;
    let body = Snapshots {
        snapshots: known.iter().map(Into::into).collect(),
    };
    answer(door.headers(), &body, head, Tag::Body)
}
