//! One subject's page.

use super::answer::{Answer, Tag, answer};
use super::declared::Kind;
use super::events;
use super::problem::Problem;
use super::route::{Authorized, Route};
use super::scopes::{Read, WholeBook};
use super::usual;
use crate::store::EventFilter;
use crate::wire::Subject;

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/subjects/{subject}", "subject", show)
            .says("What there is about a subject: its events with their effects and tasks, rows, repairs; a page at a time.")
            .path("subject", Kind::Text, "The subject; a slash inside is sent as %2F.")
            .query(
                "order",
                Kind::Choice(&["seq", "-seq"]),
                "Oldest or newest events first.",
            )
            .query(
                "limit",
                Kind::Limit(EVENTS_MAX),
                "Events of a page; large ones make it shorter.",
            )
            .query("after", Kind::Seq, "`next` of the page before.")
            .and(usual::read),
    ]
}

/// Events of one page when the client does not say, and at most: each comes with all it did.
const EVENTS_DEFAULT: usize = 50;
pub const EVENTS_MAX: usize = 200;

/// A page of what there is about a subject.
async fn show(mut door: Authorized<Read, WholeBook>) -> Result<Answer<Subject<'static>>, Problem> {
    let subject = door.path("subject")?;
    let limit = door.query.take_limit(EVENTS_DEFAULT, EVENTS_MAX)?;
    let head = door.book().live().head;
    let (range, descending) = events::range(&mut door.query, head)?;
    let filter = EventFilter {
        from: Some(*range.start()),
        to: Some(*range.end()),
        subject: Some(subject.clone()),
        descending,
        ..EventFilter::default()
    };
    let page = door
        .book()
        .read_log(move |reader| reader.subject(&filter, limit))
        .await?;
    let body = Subject::new(&subject, &page, head.0);
    answer(door.headers(), &body, head, Tag::Body).map(Answer::described_as)
}
