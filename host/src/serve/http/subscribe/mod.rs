//! `GET /subscribe`: events with their effects from any position, first those that are there, then every new one.
//!
//! A subscriber holds a position and one batch. It reads the log at its own pace; the writer only tells that there is a
//! new head, and knows nothing of who listens. `feed` is what both ways of sending share.

mod feed;
mod sse;
mod ws;

use std::sync::Arc;

use axum::extract::FromRequestParts as _;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::header;

use self::feed::Feed;
use super::answer::Answer;
use super::declared::Kind;
use super::guards;
use super::parameters::{add_item, seq};
use super::problem::Problem;
use super::route::{Authorized, Route};
use super::scopes::{OfTypes, Read};
use crate::book::Wanted;
use crate::model::error::{Problem as Detail, shown};
use crate::model::{Error, Seq};

/// Types, subjects and tables that one subscription may name.
const FILTERS_MAX: usize = 100;

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/subscribe", SUBSCRIBE, get)
            .says("Events with their effects from any position, as Server-Sent Events or over WebSocket: /asyncapi.json describes them.")
            .query("from", Kind::Seq, "The first event wanted; without it, the next one to come.")
            .query("type", Kind::Many("event types"), "Only events of these types.")
            .query("subject", Kind::Many("subjects"), "Only events about these.")
            .query("table", Kind::Many("plugin.table"), "Only events with a change there.")
            .query("tasks", Kind::Pattern("^(now|[0-9]{1,15})$"), "What happens to tasks too: from now on, or after this step.")
            .header("Last-Event-ID", Kind::Seq, "Resume after this event.")
            .media("text/event-stream")
            .good(200, "What was committed, in order, each once, without an end."),
    ]
}

/// The route's name. It never ends, so it is described by AsyncAPI and left out of OpenAPI.
pub const SUBSCRIBE: &str = "subscribe";

/// Where a subscription starts and what it wants, as the client wrote it.
#[derive(Default)]
struct SubscribeRequest {
    from: Option<u64>,
    /// What happens to tasks is wanted too: after a step's number, or from now on.
    tasks: Option<TasksFrom>,
    wanted: Wanted,
}

/// Where a subscriber begins to be told of tasks.
enum TasksFrom {
    Now,
    After(u64),
}

async fn get(mut door: Authorized<Read, OfTypes>) -> Result<Answer<String>, Problem> {
    let asked = read(std::mem::take(&mut door.query).rest())?;
    let upgrade = match door.headers().contains_key(header::UPGRADE) {
        true => {
            let upgrade = WebSocketUpgrade::from_request_parts(&mut door.parts, &()).await;
            Some(upgrade.map_err(|error| Problem::malformed(error.body_text()))?)
        }
        false => None,
    };
    let book = door.book();
    let place = book.subscriptions().place()?;
    let head = book.live().head;
    let after = match guards::text(door.headers(), "last-event-id")? {
        Some(id) => seq("Last-Event-ID", id)?,
        None => asked.from.map_or(head.0, |from| from.saturating_sub(1)),
    };
    if after > head.0 {
        let error = Error::usage(format!(
            "event {after} is not in the log; its head is {head}"
        ));
        return Err(error.problem(Detail::Unknown).into());
    }
    let wanted = Arc::new(asked.wanted);
    let checked = wanted.clone();
    book.read(move |reader| reader.check_wanted(&checked))
        .await?;
    let steps = match asked.tasks {
        None => None,
        Some(TasksFrom::After(step)) => Some(step),
        Some(TasksFrom::Now) => Some(book.read(|reader| reader.last_task_step()).await?),
    };
    let caller = door.caller().clone();
    let feed = Feed::new(book.clone(), caller, Seq(after), wanted, steps, place);
    Ok(match upgrade {
        Some(upgrade) => Answer::of(ws::answer(upgrade, feed)),
        None => Answer::of(sse::answer(feed)),
    })
}

fn read(query: Vec<(String, String)>) -> Result<SubscribeRequest, Problem> {
    let mut asked = SubscribeRequest::default();
    for (name, value) in query {
        let filter = match name.as_str() {
            "from" if asked.from.is_some() => {
                return Err(Problem::malformed("'from' comes twice"));
            }
            "from" => {
                asked.from = Some(seq("from", &value)?);
                continue;
            }
            "tasks" if asked.tasks.is_some() => {
                return Err(Problem::malformed("'tasks' comes twice"));
            }
            "tasks" => {
                asked.tasks = Some(match value.as_str() {
                    "now" => TasksFrom::Now,
                    step => TasksFrom::After(seq("tasks", step)?),
                });
                continue;
            }
            "type" => &mut asked.wanted.types,
            "subject" => &mut asked.wanted.subjects,
            // The route declares no other.
            _ => &mut asked.wanted.tables,
        };
        if name == "table" && !value.contains('.') {
            return Err(Problem::malformed(format!(
                "'{}' is not a table's name: plugin.table",
                shown(&value)
            )));
        }
        add_item(filter, &name, &value, FILTERS_MAX)?;
    }
    Ok(asked)
}
