//! Requests and their answers: a file for each resource, which declares its routes and carries them out. The router, the
//! checks and the description are made of what is declared.

pub mod answer;
mod asyncapi;
mod cloud_events;
mod commands;
mod copy;
pub mod declared;
mod events;
mod gateway;
pub mod guards;
mod handler_log;
mod index;
mod input;
mod journal;
mod listing;
mod media;
mod openapi;
mod parameters;
pub mod problem;
mod promotions;
mod query;
mod repairs;
mod route;
mod schedules;
mod scopes;
mod snapshots;
mod state;
mod studies;
mod subjects;
mod subscribe;
mod supervision;
mod tasks;
mod usual;
mod versions;

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::Method;
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};

use self::declared::Declared;
use self::problem::Problem;
use self::route::{Route, Shared};
use super::hosted::Hosted;
use super::metrics::Counting;
use super::{bodies, browser, otlp};
use crate::store::TokenRole;

/// Every route there is.
fn all() -> Vec<Route> {
    let resources = [
        index::routes,
        commands::routes,
        journal::routes,
        events::routes,
        subjects::routes,
        repairs::routes,
        state::routes,
        query::routes,
        versions::routes,
        promotions::routes,
        snapshots::routes,
        studies::routes,
        tasks::routes,
        gateway::routes,
        schedules::routes,
        handler_log::routes,
        copy::routes,
        subscribe::routes,
        openapi::routes,
        asyncapi::routes,
        supervision::routes,
    ];
    resources.into_iter().flat_map(|routes| routes()).collect()
}

/// What every route declares.
pub fn routes() -> Vec<Declared> {
    all().into_iter().map(|route| route.parts().0).collect()
}

/// All requests about a book.
pub fn router(hosted: Hosted) -> Router {
    let server = hosted.server().clone();
    let (declared, mounts): (Vec<_>, Vec<_>) = all().into_iter().map(Route::parts).unzip();
    let declared: Vec<Arc<Declared>> = declared.into_iter().map(Arc::new).collect();
    let shared = Shared {
        hosted,
        routes: declared.clone().into(),
    };
    let mut router = Router::new();
    // To the router a part of a path has one name, whatever its routes call it.
    let shape = |path: &str| -> Vec<String> {
        let parts = path.split('/').map(|part| match part.starts_with('{') {
            true => "{}".to_owned(),
            false => part.to_owned(),
        });
        parts.collect()
    };
    let mut known = HashMap::new();
    for (declared, mount) in declared.into_iter().zip(mounts) {
        let path = *known.entry(shape(declared.path)).or_insert(declared.path);
        router = router.route(path, mount(shared.clone(), declared));
    }
    let (here, there) = (shared.hosted.clone(), shared.hosted);
    let router = router
        .fallback(move |request| undeclared(here.clone(), request, nothing_there))
        .method_not_allowed_fallback(move |request| undeclared(there.clone(), request, not_so));
    let router = match server.exporter() {
        None => router,
        Some(_) => router.layer(from_fn_with_state(server.clone(), otlp::trace)),
    };
    router.layer(map_response(async |response: Response| {
        browser::guard(response)
    }))
}

/// What no route declares. Who asks is settled first here too: only who may do everything learns what there is not.
async fn undeclared(
    hosted: Hosted,
    request: Request,
    refused: fn(&Request) -> Problem,
) -> Response {
    let counting = Counting::begin(request.method(), "none");
    let role = undeclared_role(request.method());
    let problem = refused(&request);
    let (parts, body) = request.into_parts();
    let response = match hosted.access().admit(&parts, role) {
        Ok(_) => problem.into_response(),
        Err(refusal) => refusal.into_response(),
    };
    bodies::pass_over(body).await;
    counting.end(hosted.server().metrics(), response.status());
    response
}

/// The role that a request takes for which there is no route.
fn undeclared_role(method: &Method) -> TokenRole {
    match *method {
        Method::GET | Method::HEAD => TokenRole::Reader,
        _ => TokenRole::Operator,
    }
}

fn nothing_there(request: &Request) -> Problem {
    problem::not_found(request.uri())
}

fn not_so(request: &Request) -> Problem {
    problem::method_not_allowed(request.method())
}
