//! What supervisors ask: is it alive, does it take requests, what has it counted.

use axum::http::{HeaderValue, StatusCode, header};

use super::answer::Answer;
use super::problem::Problem;
use super::route::{Authorized, Route};
use super::scopes::{AnyPlugin, Anybody, Read};
use crate::book::Reader;

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/healthz", "healthz", alive)
            .says("The process is alive.")
            .any_query()
            .media("text/plain")
            .good(200, "Yes."),
        Route::get("/readyz", "readyz", ready)
            .says("The book takes requests.")
            .any_query()
            .media("text/plain")
            .good(200, "Yes.")
            .good(503, "Not now."),
        Route::get("/metrics", "metrics", metrics)
            .says("Counters for Prometheus.")
            .any_query()
            .media("application/openmetrics-text")
            .good(200, "What was counted since the server started."),
    ]
}

async fn alive(_: Authorized<Anybody, AnyPlugin>) -> Result<Answer<String>, Problem> {
    Ok(Answer::of("alive"))
}

/// Whether writes are taken: the writer is there, and its queue has room.
async fn ready(door: Authorized<Anybody, AnyPlugin>) -> Result<Answer<String>, Problem> {
    let writer = door.book().writer();
    let queue_max = door.book().server().options().writer.queue_max;
    let no = |why: String| Answer::of((StatusCode::SERVICE_UNAVAILABLE, why));
    Ok(match writer.fault() {
        Some(fault) => no(fault.message),
        None if writer.waiting() >= queue_max => no("busy".to_owned()),
        None => Answer::of("ready"),
    })
}

async fn metrics(door: Authorized<Read, AnyPlugin>) -> Result<Answer<String>, Problem> {
    let metrics = door.book().server().metrics();
    metrics.waiting(door.book().writer().waiting());
    metrics.tasks(door.book().read_log(Reader::open_tasks).await?);
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(Answer::of(metrics.text()?).with(header::CONTENT_TYPE, HeaderValue::from_static(kind)))
}
