//! `/shadows`, `/versions/{version}/promote`, `/rollback`, `/versions/{version}/retire` and `/certify`, `/snapshots` and
//! `/changelog`: the life of versions while the book is online.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};

use super::answer::{Tag, answer};
use super::commands::body_text;
use super::operate::{blocking, told};
use super::parameters::{Parameters, decoded, segment};
use super::problem::Problem;
use super::{App, Caller};
use crate::book::{Book, copy_live};
use crate::model::{PluginVersion, Result};
use crate::versions::{Policy, PromoteRequest, Promotion};
use crate::wire::old::row_json;

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

/// A body of JSON; an absent one is `{}`.
pub fn body<T: DeserializeOwned>(
    body: Result<Bytes, BytesRejection>,
    shape: &str,
) -> Result<T, Problem> {
    let text = body_text(body)?;
    let text = if text.trim().is_empty() { "{}" } else { &text };
    serde_json::from_str(text)
        .map_err(|error| Problem::malformed(format!("the body is not {shape}: {error}")))
}

/// The version that a path names, which the caller may operate on.
fn version(uri: &Uri, caller: &Caller) -> Result<PluginVersion, Problem> {
    Parameters::of(uri)?.done(&[])?;
    let version: PluginVersion = decoded(segment(uri, 1), false)?.parse()?;
    caller.check_type(version.plugin.as_str())?;
    Ok(version)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShadowJson {
    version: String,
    #[serde(default)]
    policy: Option<String>,
    /// The text of an expectation file.
    #[serde(default)]
    expect: String,
}

/// Begins a shadow; it follows the log from now on.
pub async fn shadow(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    Parameters::of(&uri)?.done(&[])?;
    let shape = "{\"version\": \"plugin@date\", \"policy\": \"pinned\", \"expect\": \"…\"}";
    let asked: ShadowJson = body(bytes, shape)?;
    let version: PluginVersion = asked.version.parse()?;
    caller.check_type(version.plugin.as_str())?;
    let policy = match asked.policy.as_deref() {
        None | Some("pinned") => Policy::Pinned,
        Some("recorded") => Policy::Recorded,
        Some(_) => {
            return Err(Problem::malformed("'policy' is \"pinned\" or \"recorded\""));
        }
    };
    let begun = app
        .alone(move |book| {
            let name = book.begin_shadow(&version, policy, &asked.expect)?;
            let tracks = book.tracks()?.into_iter();
            let begun = { tracks }.find(|track| track.name == name);
            Ok(begun.map(|track| track.json()))
        })
        .await?;
    Ok(told(StatusCode::ACCEPTED, &begun.unwrap_or_default()))
}

/// How the shadows and the standby stand.
pub async fn shadows(State(app): State<App>, uri: Uri) -> Result<Response, Problem> {
    Parameters::of(&uri)?.done(&[])?;
    let tracks = app.alone(|book| book.tracks()).await?;
    let tracks: Vec<Json> = tracks.iter().map(|track| track.json()).collect();
    Ok(told(StatusCode::OK, &json!({ "shadows": tracks })))
}

/// Gives a shadow up.
pub async fn drop_shadow(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
) -> Result<Response, Problem> {
    let version = version(&uri, &caller)?;
    let dropped = json!({ "dropped": version.to_string() });
    app.alone(move |book| book.drop_shadow(&version)).await?;
    Ok(told(StatusCode::OK, &dropped))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PromoteJson {
    /// Promote in spite of unexpected differences, for this reason.
    #[serde(default)]
    force: Option<String>,
    /// Write the rows that differ into the live state instead.
    #[serde(default)]
    patch: bool,
    /// Of a patch: tell the rows, keep nothing.
    #[serde(default)]
    preview: bool,
}

/// Rows of a patch that are told one by one.
const ROWS_TOLD_MAX: usize = 1_000;

/// Puts a shadow in force.
pub async fn promote(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let version = version(&uri, &caller)?;
    let shape = "{\"force\": \"the reason\", \"patch\": true, \"preview\": true} or {}";
    let asked: PromoteJson = body(bytes, shape)?;
    let request = PromoteRequest {
        force: asked.force,
        actor: caller.actor().map(str::to_owned),
    };
    if asked.preview && !asked.patch {
        return Err(Problem::malformed("only a patch has a preview"));
    }
    if asked.patch {
        return patch(&app, version, request, asked.preview).await;
    }
    let promotion = app
        .alone(move |book| book.promote(&version, &request, &mut |_| {}))
        .await?;
    promoted(&promotion, json!({}))
}

async fn patch(
    app: &App,
    version: PluginVersion,
    request: PromoteRequest,
    preview: bool,
) -> Result<Response, Problem> {
    let work = move |book: &mut Book| {
        let (mut total, mut rows) = (0u64, Vec::new());
        let mut visit = |row: &_| {
            total += 1;
            if rows.len() < ROWS_TOLD_MAX {
                rows.push(row_json(row));
            }
            Ok(())
        };
        let promotion =
            book.promote_by_patch(&version, &request, !preview, &mut visit, &mut |_| {})?;
        Ok((promotion, json!({ "total": total, "rows": rows })))
    };
    let (promotion, patched) = app.alone(work).await?;
    match preview {
        true => Ok(told(StatusCode::OK, &json!({ "patched": patched }))),
        false => promoted(&promotion, json!({ "patched": patched })),
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReasonJson {
    #[serde(default)]
    reason: Option<String>,
}

/// Goes back to what was live before.
pub async fn rollback(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    Parameters::of(&uri)?.done(&[])?;
    let asked: ReasonJson = body(bytes, "{\"reason\": \"…\"} or {}")?;
    let request = PromoteRequest {
        force: asked.reason,
        actor: caller.actor().map(str::to_owned),
    };
    let promotion = app
        .alone(move |book| book.rollback(&request, &mut |_| {}))
        .await?;
    promoted(&promotion, json!({}))
}

/// What came of it, with what else is to be told.
fn promoted(promotion: &Promotion, mut more: Json) -> Result<Response, Problem> {
    match promotion {
        Promotion::Done(done) => {
            let mut body = done.json();
            if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object_mut()) {
                body.append(more);
            }
            Ok(told(StatusCode::OK, &body))
        }
        Promotion::Differs(status) => {
            let text = "there are differences that nobody expected; nothing changed";
            let problem = Problem::new(StatusCode::CONFLICT, "differs", text);
            Err(problem.with("track", status.json()))
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
    let asked: ReasonJson = body(bytes, "{\"reason\": \"…\"} or {}")?;
    let actor = caller.actor().map(str::to_owned);
    let name = version.to_string();
    let seq = app
        .alone(move |book| book.retire(&version, asked.reason.as_deref(), actor.as_deref()))
        .await?;
    Ok(told(
        StatusCode::OK,
        &json!({ "version": name, "seq": seq.0 }),
    ))
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
    Ok(told(
        StatusCode::CREATED,
        &crate::wire::old::snapshot_json(&kept),
    ))
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
    let known: Vec<Json> = known.iter().map(crate::wire::old::snapshot_json).collect();
    answer(&headers, &json!({ "snapshots": known }), head, Tag::Body)
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
    let entries: Vec<Json> = entries.iter().map(|entry| entry.json()).collect();
    answer(&headers, &json!({ "versions": entries }), head, Tag::Body)
}
