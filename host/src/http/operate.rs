//! `POST /versions`, `/versions/{version}/activate` and `/verify`: what operators do to a book that is online.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::lives::body;
use super::parameters::{Parameters, decoded, segment};
use super::problem::Problem;
use super::{App, Caller, guards};
use crate::model::error::{Problem as Detail, shown};
use crate::model::{Error, PluginVersion, Result};
use crate::verbs::Operates;
use crate::versions::Loader;
use crate::wire::{ActivateRequest, Loaded, Verified};

/// What operations share: each of them takes much of the machine, so there is one of a kind at a time.
pub struct Operations {
    loader: Loader,
    compiling: Semaphore,
    verifying: Arc<Semaphore>,
    studying: Arc<Semaphore>,
}

impl Operations {
    pub fn new(loader: Loader) -> Operations {
        Operations {
            loader,
            compiling: Semaphore::new(1),
            verifying: Arc::new(Semaphore::new(1)),
            studying: Arc::new(Semaphore::new(1)),
        }
    }

    /// What compiling for this book takes.
    pub fn loader(&self) -> &Loader {
        &self.loader
    }

    /// Room for those who compare and search beside the writer.
    pub fn studying(&self) -> Arc<Semaphore> {
        self.studying.clone()
    }

    async fn compiling(&self) -> Result<SemaphorePermit<'_>> {
        let closed = |_| Error::unavailable("the book is being closed");
        self.compiling.acquire().await.map_err(closed)
    }
}

/// How components come.
const COMPONENT: &str = "application/wasm";

/// Registers a component. It is compiled beside the writer, which is then asked for a moment.
pub async fn load(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    Parameters::of(&uri)?.done(&[])?;
    let kind = guards::text(&headers, "content-type")?.unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case(COMPONENT) {
        let text = format!("'{}' is not how a component comes", shown(essence));
        let problem = Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", text);
        return Err(problem.with("hint", format!("Content-Type: {COMPONENT}")));
    }
    let bytes = body.map_err(|error| Problem::malformed(error.body_text()))?;
    let permit = app.0.operations.compiling().await?;
    let loader = app.0.operations.loader.clone();
    let (compiled, bytes) = blocking(move || Ok((loader.compile(&bytes)?, bytes))).await?;
    drop(permit);
    caller.check_type(compiled.code.version.plugin.as_str())?;
    let loaded = app
        .ask(|writer, done| writer.alone(move |book| book.load_compiled(compiled, &bytes), done))
        .await?;
    let status = match loaded.already {
        true => StatusCode::OK,
        false => StatusCode::CREATED,
    };
    Ok(told(status, &Loaded::from(&loaded)))
}

/// Puts a loaded version in force.
pub async fn activate(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    Parameters::of(&uri)?.done(&[])?;
    let version: PluginVersion = decoded(segment(&uri, 1), false)?.parse()?;
    caller.check_type(version.plugin.as_str())?;
    let asked: ActivateRequest = body(bytes)?;
    let permit = app.0.operations.compiling().await?;
    let (loader, wanted) = (app.0.operations.loader.clone(), version.clone());
    let warm = blocking(move || loader.warm(&wanted)).await?;
    drop(permit);
    let activated = app
        .ask(|writer, done| {
            let work = move |book: &mut crate::book::Book| {
                book.keep_warm(warm);
                Operates::activate(book, &version, &asked, &mut |_| {})
            };
            writer.alone(work, done)
        })
        .await?;
    Ok(told(StatusCode::OK, &activated))
}

/// Replays everything and compares, beside the writer. The answer is about the book as it was when this was asked.
pub async fn verify(State(app): State<App>, uri: Uri) -> Result<Response, Problem> {
    Parameters::of(&uri)?.done(&[])?;
    let verifying = app.0.operations.verifying.clone();
    let permit = verifying.try_acquire_owned().map_err(|_| {
        Error::unavailable("the book is being verified already")
            .problem(Detail::Busy)
            .hint("try again once that is done")
    })?;
    let verification = app
        .ask(|writer, done| writer.alone(|book| book.verification(), done))
        .await?;
    let stopped = app.stopped();
    // Gone with who waits for the answer.
    let asked = Arc::new(());
    let still_asked = Arc::downgrade(&asked);
    let verified = blocking(move || {
        // Kept by the thread, which may go on for a moment when nobody waits any more.
        let _permit = permit;
        let is_wanted = || !*stopped.borrow() && still_asked.strong_count() > 0;
        verification.run(&mut |_| {}, is_wanted)
    })
    .await;
    drop(asked);
    Ok(told(StatusCode::OK, &Verified::from(&verified?)))
}

/// On a thread where a thing may take its time.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::internal(format!("an operation ended early: {error}")))?
}

/// What was done, for nobody else to keep.
pub fn told(status: StatusCode, body: &impl Serialize) -> Response {
    let caching = HeaderValue::from_static("no-store");
    let mut response = (status, axum::Json(body)).into_response();
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, caching);
    response
}
