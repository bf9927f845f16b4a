//! What handlers logged.

use super::answer::{Answer, Tag, answer};
use super::declared::Kind;
use super::problem::Problem;
use super::route::{Authorized, Route};
use super::scopes::{Read, WholeBook};
use super::usual;
use crate::model::Seq;
use crate::store::HandlerLogFilter;
use crate::wire::HandlerLog;

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/log", "handlerLog", list)
            .says("What handlers logged on this server's machine, as far as it is kept: the newest lines, or a page of those that follow one.")
            .query("after", Kind::Seq, "`next` of the page before.")
            .query("event", Kind::Seq, "Only lines of this event.")
            .query(
                "command",
                Kind::Text,
                "Only lines of the command of this id, and of the events that it created.",
            )
            .query("limit", Kind::Limit(LINES_MAX), "Lines of a page.")
            .and(usual::read),
    ]
}

/// Lines of one page when the client does not say, and at most.
const LINES_DEFAULT: usize = 100;
const LINES_MAX: usize = 1_000;

async fn list(mut door: Authorized<Read, WholeBook>) -> Result<Answer<HandlerLog>, Problem> {
    let limit = door.query.take_limit(LINES_DEFAULT, LINES_MAX)?;
    let filter = HandlerLogFilter {
        after: door.query.take_seq("after")?,
        event: door.query.take_seq("event")?.map(Seq),
        command: door.query.take("command")?,
    };
    let head = door.book().live().head;
    let after = filter.after.unwrap_or(0);
    let read = move |reader: &crate::book::Reader| reader.log().handler_log(&filter, limit);
    let lines = door.book().read_log(read).await?;
    let body = HandlerLog {
        lines: lines.iter().map(Into::into).collect(),
        next: lines.last().map_or(after, |line| line.number),
    };
    answer(door.headers(), &body, head, Tag::Body)
}
