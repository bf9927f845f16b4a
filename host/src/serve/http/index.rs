//! `GET /`: what there is.

use super::answer::{Answer, Tag, answer};
use super::problem::Problem;
use super::route::{Authorized, Route};
use super::scopes::{AnyPlugin, Read};
use super::usual;
use crate::wire::Index;

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/", "index", index)
            .says("What there is: the book's head, what is in force, and every route.")
            .and(usual::read),
    ]
}

/// What there is.
async fn index(door: Authorized<Read, AnyPlugin>) -> Result<Answer<Index>, Problem> {
    let live = door.book().live();
    let links = door.routes().iter().map(|route| {
        let name = format!("{} {}", route.method.name(), route.path);
        (name, route.summary.to_owned())
    });
    let body = Index {
        daybook: env!("CARGO_PKG_VERSION").to_owned(),
        head: live.head.0,
        lineup: live.program.stamp.clone(),
        links: links.collect(),
    };
    answer(door.headers(), &body, live.head, Tag::Body)
}
