//! `GET /`: what there is.

use serde_json::{Map, Value as Json, json};

use super::answer::{Answer, Tag, answer};
use super::problem::Problem;
use super::route::{Authorized, Route};
use super::scopes::{AnyPlugin, Read};
use super::usual;

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/", "index", index)
            .says("What there is: the book's head, what is in force, and every route.")
            .and(usual::read),
    ]
}

/// What there is.
async fn index(door: Authorized<Read, AnyPlugin>) -> Result<Answer<Json>, Problem> {
    let live = door.book().live();
    let links = door.routes().iter().map(|route| {
        let name = format!("{} {}", route.method.name(), route.path);
        (name, json!(route.summary))
    });
    let body = json!({
        "daybook": env!("CARGO_PKG_VERSION"),
        "head": live.head.0,
        "lineup": live.program.stamp,
        "links": links.collect::<Map<_, _>>(),
    });
    answer(door.headers(), &body, live.head, Tag::Body)
}
