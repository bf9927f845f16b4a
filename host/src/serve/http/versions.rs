//! Versions of plugins: what was loaded, one more, and what is done to one: activate, certify, retire.

use axum::http::{HeaderMap, StatusCode};

use super::answer::{Answer, Tag, answer, told};
use super::declared::{BodyDeclared, Kind};
use super::input::{Input, JsonBody};
use super::media;
use super::problem::Problem;
use super::route::{Authorized, Route};
use super::scopes::{AnyPlugin, OfComponent, OfVersion, Operate, Read};
use super::usual;
use crate::book::{Book, Reader};
use crate::model::limits;
use crate::serve::bodies::Size;
use crate::serve::operations::blocking;
use crate::verbs::{Operates, Reads};
use crate::wire::{
    ActivateRequest, Activated, Certified, Changelog, Loaded, RetireRequest, Retired, Versions,
    WhyNot,
};

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/versions", "versions", list)
            .says("Every version that was ever loaded.")
            .and(usual::read),
        Route::post("/versions", "load", load)
            .says("Load a version: compiled and checked; it takes effect when it is activated.")
            .good(200, "Exactly this was loaded before; nothing changed.")
            .good(201, "Loaded.")
            .refuses(415, "A component is application/wasm.")
            .refuses(422, usual::PLUGIN_FAILED),
        Route::post("/versions/{version}/activate", "activate", activate)
            .says("Put a loaded version in force. Who reads sees the old state or the new one, never a mixture.")
            .and(usual::of_version)
            .good(200, "In force: `seq` is the event that says so.")
            .refuses(409, "It is active already.")
            .refuses(422, usual::PLUGIN_FAILED),
        Route::post("/versions/{version}/certify", "certify", certify)
            .says("Try a loaded version once more on the history there is now.")
            .and(usual::of_version)
            .good(200, "What it came to, which is kept.")
            .and(usual::operation),
        Route::post("/versions/{version}/retire", "retire", retire)
            .says("Give a version up that nothing and nobody needs.")
            .acts()
            .and(usual::of_version)
            .good(200, "Nobody gets it any more.")
            .and(usual::operation),
        Route::get("/versions/{version}/why-not", "whyNot", why_not)
            .says("Who and what needs a version, so that it cannot be retired: each event, pin and caller.")
            .and(usual::of_version)
            .and(usual::read),
        Route::get("/changelog", "changelog", changelog)
            .says("What each version changed: in its author's words, and in what it declares.")
            .query("plugin", Kind::Text, "Only this plugin's.")
            .and(usual::read),
    ]
}

/// Every version that was ever loaded.
async fn list(door: Authorized<Read, AnyPlugin>) -> Result<Answer<Versions>, Problem> {
    let live = door.book().live();
    let lines = door.book().read_log(Reader::versions).await?;
    let body = Versions {
        versions: lines.iter().map(Into::into).collect(),
    };
    answer(door.headers(), &body, live.head, Tag::Body)
}

/// How components come.
const COMPONENT: &str = "application/wasm";

/// A component, compiled or not.
struct Component(Vec<u8>);

impl Input for Component {
    const SIZE: Size = Size::Component;

    fn declared() -> Option<BodyDeclared> {
        Some(BodyDeclared {
            media: COMPONENT,
            schema: |_| {
                schemars::json_schema!({
                    "type": "string", "format": "binary", "maxLength": limits::COMPONENT_BYTES_MAX,
                })
            },
            is_required: true,
        })
    }

    fn read(headers: &HeaderMap, bytes: Vec<u8>) -> Result<Self, Problem> {
        match media::essence(headers)?.unwrap_or_default() {
            essence if essence == COMPONENT => Ok(Component(bytes)),
            other => Err(media::unsupported(&other, "Content-Type: application/wasm")),
        }
    }
}

/// Registers a component. It is compiled beside the writer, which is then asked for a moment.
async fn load(
    door: Authorized<Operate, OfComponent>,
    Component(bytes): Component,
) -> Result<Answer<Loaded>, Problem> {
    let permit = door.book().operations().compiling().await?;
    let loader = door.book().operations().loader().clone();
    let compiled = blocking(move || Ok((loader.compile(&bytes)?, bytes)));
    let (code, bytes) = compiled.await?;
    // What the component calls itself is known here first; nothing of the book was read yet.
    door.caller().check_plugin(code.version.plugin.as_str())?;
    let loader = door.book().operations().loader().clone();
    let compiled = blocking(move || loader.prepare(code)).await?;
    drop(permit);
    let loaded = door
        .book()
        .alone(move |book| book.load_compiled(compiled, &bytes))
        .await?;
    let status = match loaded.already {
        true => StatusCode::OK,
        false => StatusCode::CREATED,
    };
    told(status, &Loaded::from(&loaded))
}

/// Puts a loaded version in force.
async fn activate(
    door: Authorized<Operate, OfVersion>,
    JsonBody(asked): JsonBody<ActivateRequest>,
) -> Result<Answer<Activated>, Problem> {
    let version = door.scope.0.clone();
    let permit = door.book().operations().compiling().await?;
    let (loader, wanted) = (door.book().operations().loader().clone(), version.clone());
    let warm = blocking(move || loader.warm(&wanted)).await?;
    drop(permit);
    let work = move |book: &mut Book| {
        book.add_warm(warm);
        Operates::activate(book, &version, &asked, &mut |_| {})
    };
    told(StatusCode::OK, &door.book().alone(work).await?)
}

/// Tries a loaded version once more on the history there is now, and keeps what it came to.
async fn certify(door: Authorized<Operate, OfVersion>) -> Result<Answer<Certified>, Problem> {
    let (book, version) = (door.book(), door.scope.0.clone());
    let certified = book.study(move |study| study.certify(&version)).await?;
    let keep = move |book: &mut Book| book.record_certified(&certified).map(|()| certified);
    let certified = book.alone(keep).await?;
    told(StatusCode::OK, &Certified::from(&certified))
}

/// Gives a version up.
async fn retire(
    door: Authorized<Operate, OfVersion>,
    JsonBody(asked): JsonBody<RetireRequest>,
) -> Result<Answer<Retired>, Problem> {
    let (version, actor) = (door.scope.0.clone(), door.actor());
    let work = move |book: &mut Book| Operates::retire(book, &version, &asked, actor.as_deref());
    told(StatusCode::OK, &door.book().alone(work).await?)
}

/// Who and what needs a version.
async fn why_not(door: Authorized<Read, OfVersion>) -> Result<Answer<WhyNot>, Problem> {
    let version = door.scope.0.clone();
    let head = door.book().live().head;
    let work = move |reader: &Reader| Reads::why_not(reader, &version);
    let body = door.book().read_log(work).await?;
    answer(door.headers(), &body, head, Tag::Body)
}

/// What each version changed.
async fn changelog(mut door: Authorized<Read, AnyPlugin>) -> Result<Answer<Changelog>, Problem> {
    let plugin = door.query.take("plugin")?;
    let head = door.book().live().head;
    let entries = door
        .book()
        .read(move |reader| reader.changelog(plugin.as_deref()))
        .await?;
    let body = Changelog {
        versions: entries.iter().map(Into::into).collect(),
    };
    answer(door.headers(), &body, head, Tag::Body)
}
