//! `/shadows`, `/versions/{version}/promote` and `/retire`, `/rollback`, `/snapshots` and `/changelog`: the life of
//! versions while the book is online.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::answer::{Tag, answer};
use super::commands::body_text;
use super::operate::{blocking, told};
use super::parameters::{Parameters, decoded, segment};
use super::problem::Problem;
use super::{App, Caller};
use crate::book::{Book, copy_live};
use crate::model::{Error, PluginVersion, Result};
use crate::verbs::Operates;
use crate::wire::{
    self, Changelog, Differs, PromoteRequest, Promotion, Reason, ShadowRequest, Snapshot,
    Snapshots, Tracks,
};

impl App {
    /// Has the book to itself between two groups.
    pub async fn alone<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Book) -> Result<T> + Send + 'static,
    ) -> Result<T, Problem> {
        let asked = self.ask(|writer, done| writer.alone(work, done));
        Ok(asked.await?)
    }
}

/// A message in JSON; an absent body is `{}`.
pub fn body<T: DeserializeOwned + JsonSchema>(
    body: Result<Bytes, BytesRejection>,
) -> Result<T, Problem> {
    let text = body_text(body)?;
    let text = if text.trim().is_empty() { "{}" } else { &text };
    serde_json::from_str(text).map_err(|error| {
        let shape = wire::shape::<T>();
        Problem::malformed(format!("the body is not {shape}: {error}"))
    })
}

/// The version that a path names, which the caller may operate on.
fn version(uri: &Uri, caller: &Caller) -> Result<PluginVersion, Problem> {
    Parameters::of(uri)?.done(&[])?;
    let version: PluginVersion = decoded(segment(uri, 1), false)?.parse()?;
    caller.check_type(version.plugin.as_str())?;
    Ok(version)
}

/// Begins a shadow; it follows the log from now on.
pub async fn shadow(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    Parameters::of(&uri)?.done(&[])?;
    let asked: ShadowRequest = body(bytes)?;
    let version: PluginVersion = asked.version.parse()?;
    caller.check_type(version.plugin.as_str())?;
    let policy = asked.policy.unwrap_or_default().into();
    let begun = app
        .alone(move |book| {
            let name = book.begin_shadow(&version, policy, &asked.expect)?;
            let tracks = Operates::tracks(book)?.into_iter();
            let begun = { tracks }.find(|track| track.name == name);
            begun.ok_or_else(|| Error::internal(format!("{name} was begun and is not there")))
        })
        .await?;
    Ok(told(StatusCode::ACCEPTED, &begun))
}

/// How the shadows and the standby stand.
pub async fn shadows(State(app): State<App>, uri: Uri) -> Result<Response, Problem> {
    Parameters::of(&uri)?.done(&[])?;
    let shadows = app.alone(|book| Operates::tracks(book)).await?;
    Ok(told(StatusCode::OK, &Tracks { shadows }))
}

/// Gives a shadow up.
pub async fn drop_shadow(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
) -> Result<Response, Problem> {
    let version = version(&uri, &caller)?;
    let dropped = app
        .alone(move |book| Operates::drop_shadow(book, &version))
        .await?;
    Ok(told(StatusCode::OK, &dropped))
}

/// Puts a shadow in force.
pub async fn promote(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let version = version(&uri, &caller)?;
    let asked: PromoteRequest = body(bytes)?;
    let actor = caller.actor().map(str::to_owned);
    let work = move |book: &mut Book| {
        Operates::promote(book, &version, &asked, actor.as_deref(), &mut |_| {})
    };
    promoted(app.alone(work).await?)
}

/// Goes back to what was live before.
pub async fn rollback(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    Parameters::of(&uri)?.done(&[])?;
    let reason: Reason = body(bytes)?;
    let actor = caller.actor().map(str::to_owned);
    let work =
        move |book: &mut Book| Operates::rollback(book, &reason, actor.as_deref(), &mut |_| {});
    promoted(app.alone(work).await?)
}

/// What came of it.
fn promoted(promotion: Promotion) -> Result<Response, Problem> {
    match promotion {
        Promotion::Done(done) => Ok(told(StatusCode::OK, &done)),
        Promotion::Differs(track) => {
            let text = "there are differences that nobody expected; nothing changed";
            let problem = Problem::new(StatusCode::CONFLICT, "differs", text);
            Err(problem.with_members(&Differs { track }))
        }
    }
}

/// Gives a version up.
pub async fn retire(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let version = version(&uri, &caller)?;
    let reason: Reason = body(bytes)?;
    let actor = caller.actor().map(str::to_owned);
    let work = move |book: &mut Book| Operates::retire(book, &version, &reason, actor.as_deref());
    Ok(told(StatusCode::OK, &app.alone(work).await?))
}

/// Copies the live state, beside the writer.
pub async fn snapshot(State(app): State<App>, uri: Uri) -> Result<Response, Problem> {
    Parameters::of(&uri)?.done(&[])?;
    let place = app
        .alone(|book| Ok((book.dir().clone(), book.live_path(), book.live_schedule())))
        .await?;
    let (dir, live, schedule) = place;
    let copied = blocking(move || copy_live(&dir, &live, &schedule)).await?;
    let kept = app.alone(move |book| book.keep_snapshot(&copied)).await?;
    Ok(told(StatusCode::CREATED, &Snapshot::from(&kept)))
}

/// The snapshots of the live state.
pub async fn snapshots(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    Parameters::of(&uri)?.done(&[])?;
    let head = app.live().head;
    let known = app.read(|reader| reader.snapshots()).await?;
    let body = Snapshots {
        snapshots: known.iter().map(Into::into).collect(),
    };
    answer(&headers, &body, head, Tag::Body)
}

/// What each version changed.
pub async fn changelog(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut parameters = Parameters::of(&uri)?;
    let plugin = parameters.take("plugin")?;
    parameters.done(&["plugin"])?;
    let head = app.live().head;
    let entries = app
        .read(move |reader| reader.changelog(plugin.as_deref()))
        .await?;
    let body = Changelog {
        versions: entries.iter().map(Into::into).collect(),
    };
    answer(&headers, &body, head, Tag::Body)
}
