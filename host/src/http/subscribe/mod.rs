//! `GET /subscribe`: events with their effects from any position, first those that are there, then every new one.
//!
//! A subscriber holds a position and one batch. It reads the log at its own pace; the writer only tells that there is a
//! new head, and knows nothing of who listens. `feed` is what both ways of sending share.

mod feed;
mod sse;
mod ws;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Extension, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use tokio::sync::Semaphore;

use self::feed::Feed;
use super::guards;
use super::problem::Problem;
use super::{App, Caller};
use crate::book::Wanted;
use crate::model::error::{Problem as Detail, shown};
use crate::model::{Error, Seq};

/// Types, subjects and tables that one subscription may name.
const FILTERS_MAX: usize = 100;

/// Reads of the log that run for subscribers at the same time: as many connections to it, and batches in the making,
/// however many listen.
const READS_MAX: usize = 4;

/// Time for subscribers to be told that the server stops.
const FAREWELL: Duration = Duration::from_secs(2);

/// Who listens.
pub struct Subscriptions {
    places: Arc<Semaphore>,
    places_max: u32,
    reads: Arc<Semaphore>,
}

impl Subscriptions {
    pub fn new(subscribers_max: usize) -> Subscriptions {
        let places_max = u32::try_from(subscribers_max).unwrap_or(u32::MAX);
        Subscriptions {
            places: Arc::new(Semaphore::new(places_max as usize)),
            places_max,
            reads: Arc::new(Semaphore::new(READS_MAX)),
        }
    }

    /// Waits until all have ended, which each does by itself once the server stops; but not for ever.
    pub async fn ended(&self) {
        let all = self.places.acquire_many(self.places_max);
        let _ = tokio::time::timeout(FAREWELL, all).await;
    }
}

/// Where a subscription starts and what it wants, as the client wrote it.
#[derive(Default)]
struct Asked {
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

pub async fn get(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query.map_err(|error| Problem::malformed(error.body_text()))?;
    let asked = read(query)?;
    let upgrade = match headers.contains_key(header::UPGRADE) {
        true => Some(upgrade.map_err(|error| Problem::malformed(error.body_text()))?),
        false => None,
    };
    let places = app.subscriptions().places.clone();
    let place = places.try_acquire_owned().map_err(|_| {
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            "as many subscribers listen as this server allows",
        )
    })?;
    let head = app.live().head;
    let after = match guards::text(&headers, "last-event-id")? {
        Some(id) => number("Last-Event-ID", id)?,
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
    app.read(move |reader| reader.check_wanted(&checked))
        .await?;
    let steps = match asked.tasks {
        None => None,
        Some(TasksFrom::After(step)) => Some(step),
        Some(TasksFrom::Now) => Some(app.read(|reader| reader.last_task_step()).await?),
    };
    let feed = Feed::new(app, caller, Seq(after), wanted, steps, place);
    Ok(match upgrade {
        Some(upgrade) => ws::answer(upgrade, feed),
        None => sse::answer(feed),
    })
}

fn read(query: Vec<(String, String)>) -> Result<Asked, Problem> {
    let mut asked = Asked::default();
    for (name, value) in query {
        let filter = match name.as_str() {
            "from" if asked.from.is_some() => {
                return Err(Problem::malformed("'from' comes twice"));
            }
            "from" => {
                asked.from = Some(number("from", &value)?);
                continue;
            }
            "tasks" if asked.tasks.is_some() => {
                return Err(Problem::malformed("'tasks' comes twice"));
            }
            "tasks" => {
                asked.tasks = Some(match value.as_str() {
                    "now" => TasksFrom::Now,
                    step => TasksFrom::After(number("tasks", step)?),
                });
                continue;
            }
            "type" => &mut asked.wanted.types,
            "subject" => &mut asked.wanted.subjects,
            "table" => &mut asked.wanted.tables,
            _ => {
                return Err(Problem::malformed(format!(
                    "there is no parameter '{}'",
                    shown(&name)
                ))
                .with("hint", "from, type, subject, table, tasks"));
            }
        };
        if filter.len() == FILTERS_MAX {
            return Err(Problem::malformed(format!(
                "more than {FILTERS_MAX} of '{name}'"
            )));
        }
        if name == "table" && !value.contains('.') {
            return Err(Problem::malformed(format!(
                "'{}' is not a table's name: plugin.table",
                shown(&value)
            )));
        }
        filter.push(value);
    }
    Ok(asked)
}

fn number(name: &str, text: &str) -> Result<u64, Problem> {
    text.trim()
        .parse()
        .map_err(|_| Problem::malformed(format!("{name} is a seq: a whole number")))
}
