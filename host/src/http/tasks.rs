//! `/tasks` and `/gateway`: what events ask for, what has become of it, and how it is carried out.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;

use super::answer::{Tag, answer};
use super::commands::body_text;
use super::lives::body;
use super::operate::told;
use super::parameters::{Parameters, decoded, segment};
use super::problem::Problem;
use super::state::READ_SECONDS_MAX;
use super::{App, Caller};
use crate::book::Reader;
use crate::gateway::KindConfig;
use crate::model::error::{Problem as Detail, shown};
use crate::model::event::SYSTEM_PLUGIN;
use crate::model::{Act, Error, Result, Seq};
use crate::store::TaskFilter;
use crate::verbs::{Operates, Reads};
use crate::wire::{EditTask, GatewayKind, GatewayKinds, Task, TaskReason, Tasks, UnsetKind};

/// Tasks of one page when the client does not say, and at most.
const TASKS_DEFAULT: usize = 100;
const TASKS_MAX: usize = 1_000;

const PARAMETERS: &[&str] = &["kind", "state", "event", "limit", "after"];

/// Tasks in the order of the log.
pub async fn list(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut parameters = Parameters::of(&uri)?;
    let limit = parameters.take_limit(TASKS_DEFAULT, TASKS_MAX)?;
    let state = parameters.take("state")?;
    let after = parameters.take("after")?;
    let filter = TaskFilter {
        kind: parameters.take("kind")?,
        state: state.map(|state| state.parse()).transpose()?,
        event: parameters.take_seq("event")?.map(Seq),
        after: after.map(|after| after.parse()).transpose()?,
    };
    parameters.done(PARAMETERS)?;
    let head = app.live().head;
    // One more, to know whether there is one.
    let mut rows = read(&app, move |reader| reader.tasks(&filter, limit + 1)).await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more);
    let body = Tasks {
        tasks: rows.iter().map(Into::into).collect(),
        next: next.map(|row| row.delivery.place.to_string()),
        head: head.0,
    };
    answer(&headers, &body, head, Tag::Body)
}

/// One task, with everything that happened to it.
pub async fn show(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    Parameters::of(&uri)?.done(&[])?;
    let id = decoded(segment(&uri, 1), false)?;
    let head = app.live().head;
    let told = read(&app, move |reader| reader.task(&id)).await?;
    answer(&headers, &Task::from(&told), head, Tag::Body)
}

/// Delivers a task again, now.
pub async fn retry(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    with_reason(app, caller, uri, bytes, Act::Retry).await
}

/// Lets a dead task be, so that those behind it go on.
pub async fn dismiss(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    with_reason(app, caller, uri, bytes, Act::Dismiss).await
}

/// Does not deliver a task.
pub async fn cancel(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    with_reason(app, caller, uri, bytes, Act::Cancel).await
}

/// Delivers other data.
pub async fn edit(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let asked: EditTask = body(bytes)?;
    let edit = Act::Edit(asked.data.get().to_owned());
    act(app, caller, uri, edit, asked.reason).await
}

async fn with_reason(
    app: App,
    caller: Caller,
    uri: Uri,
    bytes: Result<Bytes, BytesRejection>,
    what: Act,
) -> Result<Response, Problem> {
    let asked: TaskReason = body(bytes)?;
    act(app, caller, uri, what, asked.reason).await
}

async fn act(
    app: App,
    caller: Caller,
    uri: Uri,
    what: Act,
    reason: String,
) -> Result<Response, Problem> {
    Parameters::of(&uri)?.done(&[])?;
    let id = decoded(segment(&uri, 1), false)?;
    let asked = id.clone();
    let task = read(&app, move |reader| reader.task(&asked)).await?;
    caller.check_type(&task.row.event_type)?;
    let actor = caller.actor().map(str::to_owned);
    let done = app
        .alone(move |book| Operates::act_on_task(book, &id, &what, &reason, actor.as_deref()))
        .await?;
    Ok(told(StatusCode::OK, &done))
}

/// How every kind is carried out.
pub async fn kinds(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    Parameters::of(&uri)?.done(&[])?;
    let head = app.live().head;
    let kinds = read(&app, Reads::gateway_kinds).await?;
    let body = GatewayKinds {
        gateway: app.gateway().is_some(),
        kinds,
    };
    answer(&headers, &body, head, Tag::Body)
}

/// How one is.
pub async fn kind(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    Parameters::of(&uri)?.done(&[])?;
    let name = decoded(segment(&uri, 1), false)?;
    let head = app.live().head;
    let found = find(&app, &name).await?;
    answer(&headers, &found, head, Tag::Body)
}

/// Says how a kind is carried out from now on.
pub async fn set(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    Parameters::of(&uri)?.done(&[])?;
    // Kinds are no plugin's: a token for some plugins does not reach them.
    caller.check_type(SYSTEM_PLUGIN)?;
    let name = decoded(segment(&uri, 1), false)?;
    let config = KindConfig::parse(&body_text(bytes)?)?;
    let actor = caller.actor().map(str::to_owned);
    let kind = name.clone();
    app.alone(move |book| book.set_gateway_kind(&kind, &config, actor.as_deref()))
        .await?;
    Ok(told(StatusCode::OK, &find(&app, &name).await?))
}

/// Nobody carries a kind out any more.
pub async fn unset(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
) -> Result<Response, Problem> {
    Parameters::of(&uri)?.done(&[])?;
    caller.check_type(SYSTEM_PLUGIN)?;
    let name = decoded(segment(&uri, 1), false)?;
    let unset = UnsetKind {
        unset: name.clone(),
    };
    app.alone(move |book| book.unset_gateway_kind(&name))
        .await?;
    Ok(told(StatusCode::OK, &unset))
}

async fn find(app: &App, name: &str) -> Result<GatewayKind, Problem> {
    let kinds = read(app, Reads::gateway_kinds).await?;
    let found = kinds.into_iter().find(|known| known.kind == name);
    found.ok_or_else(|| {
        let text = format!("no event ever asked for a task of kind '{}'", shown(name));
        Error::usage(text).problem(Detail::Unknown).into()
    })
}

/// Reads the log, for as long as a read may take.
async fn read<T: Send + 'static>(
    app: &App,
    work: impl FnOnce(&Reader) -> Result<T> + Send + 'static,
) -> Result<T, Problem> {
    let read = app.read(move |reader| reader.within(READ_SECONDS_MAX, work));
    Ok(read.await?)
}
