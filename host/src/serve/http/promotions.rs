//! Shadows, promotions and the way back: the life of a version that is tried beside the live state.

use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::answer::{Answer, told};
use super::input::Asked;
use super::problem::Problem;
use super::route::{Authorized, Route};
use super::scopes::{NamesPlugins, OfBody, OfVersion, Operate, OwnPart, Read, WholeBook};
use super::usual;
use crate::book::Book;
use crate::model::PluginVersion;
use crate::serve::hosted::Hosted;
use crate::shadow::TrackStatus;
use crate::versions::{Policy, PromoteRequest, Promotion, shadowed};
use crate::wire::row_json;

const IN_FORCE: &str = "In force: `seq` is the event that says so.";

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/shadows", "shadows", shadows)
            .says("How the shadows and the standby stand: position, lag, differences by event type and column.")
            .good(200, "All that the token reaches."),
        Route::post("/shadows", "shadow", shadow)
            .says("Try a version beside the live state. It follows the log, and what differs is counted.")
            .good(202, "It follows the log from now on.")
            .refuses(409, "There is a shadow of it, or it is active already.")
            .refuses(422, usual::PLUGIN_FAILED),
        Route::delete("/shadows/{version}", "dropShadow", drop_shadow)
            .says("Give a shadow up.")
            .and(usual::of_version)
            .good(200, "It is gone."),
        Route::post("/versions/{version}/promote", "promote", promote)
            .says("Put a shadow in force: a pointer switch between two commits. What was live becomes the standby.")
            .and(usual::of_version)
            .good(200, IN_FORCE)
            .and(usual::operation),
        Route::post("/rollback", "rollback", rollback)
            .says("Go back to what was live before: the standby.")
            .good(200, IN_FORCE)
            .and(usual::operation),
    ]
}

#[derive(Deserialize, JsonSchema)]
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
async fn shadow(
    door: Authorized<Operate, OfBody>,
    Asked(asked): Asked<ShadowJson>,
) -> Result<Answer<Json>, Problem> {
    let version: PluginVersion = asked.version.parse()?;
    let policy = match asked.policy.as_deref() {
        None | Some("pinned") => Policy::Pinned,
        Some("recorded") => Policy::Recorded,
        Some(_) => {
            return Err(Problem::malformed("'policy' is \"pinned\" or \"recorded\""));
        }
    };
    let begun = door
        .book()
        .alone(move |book| {
            let name = book.begin_shadow(&version, policy, &asked.expect)?;
            let tracks = book.tracks()?.into_iter();
            let begun = { tracks }.find(|track| track.name == name);
            Ok(begun.map(|track| track.json()))
        })
        .await?;
    told(StatusCode::ACCEPTED, &begun.unwrap_or_default())
}

/// How the shadows and the standby stand.
async fn shadows(door: Authorized<Read, OwnPart>) -> Result<Answer<Json>, Problem> {
    let tracks = door.book().alone(|book| book.tracks()).await?;
    // A shadow is its version's plugin's; the standby is nobody's.
    let is_own = |track: &&TrackStatus| match shadowed(&track.name) {
        Some(version) => door.caller().reaches(version.plugin.as_str()),
        None => door.caller().is_for_all(),
    };
    let own = tracks.iter().filter(is_own);
    let tracks: Vec<Json> = own.map(|track| track.json()).collect();
    told(StatusCode::OK, &json!({ "shadows": tracks }))
}

/// Gives a shadow up.
async fn drop_shadow(door: Authorized<Operate, OfVersion>) -> Result<Answer<Json>, Problem> {
    let version = door.scope.0.clone();
    let dropped = json!({ "dropped": version.to_string() });
    door.book()
        .alone(move |book| book.drop_shadow(&version))
        .await?;
    told(StatusCode::OK, &dropped)
}

#[derive(Default, Deserialize, JsonSchema)]
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
async fn promote(
    door: Authorized<Operate, OfVersion>,
    Asked(asked): Asked<PromoteJson>,
) -> Result<Answer<Json>, Problem> {
    let version = door.scope.0.clone();
    let request = PromoteRequest {
        force: asked.force,
        actor: door.actor(),
    };
    if asked.preview && !asked.patch {
        return Err(Problem::malformed("only a patch has a preview"));
    }
    if asked.patch {
        return patch(door.book(), version, request, asked.preview).await;
    }
    let promotion = door
        .book()
        .alone(move |book| book.promote(&version, &request, &mut |_| {}))
        .await?;
    promoted(&promotion, json!({}))
}

async fn patch(
    book: &Hosted,
    version: PluginVersion,
    request: PromoteRequest,
    preview: bool,
) -> Result<Answer<Json>, Problem> {
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
    let (promotion, patched) = book.alone(work).await?;
    match preview {
        true => told(StatusCode::OK, &json!({ "patched": patched })),
        false => promoted(&promotion, json!({ "patched": patched })),
    }
}

impl NamesPlugins for Asked<ShadowJson> {
    fn check_each(
        &self,
        check: &mut dyn FnMut(&str) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        let version: PluginVersion = self.0.version.parse()?;
        check(version.plugin.as_str())
    }
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ReasonJson {
    #[serde(default)]
    reason: Option<String>,
}

/// Goes back to what was live before.
async fn rollback(
    door: Authorized<Operate, WholeBook>,
    Asked(asked): Asked<ReasonJson>,
) -> Result<Answer<Json>, Problem> {
    let request = PromoteRequest {
        force: asked.reason,
        actor: door.actor(),
    };
    let promotion = door
        .book()
        .alone(move |book| book.rollback(&request, &mut |_| {}))
        .await?;
    promoted(&promotion, json!({}))
}

/// What came of it, with what else is to be told.
fn promoted(promotion: &Promotion, mut more: Json) -> Result<Answer<Json>, Problem> {
    match promotion {
        Promotion::Done(done) => {
            let mut body = done.json();
            if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object_mut()) {
                body.append(more);
            }
            told(StatusCode::OK, &body)
        }
        Promotion::Differs(status) => {
            let text = "there are differences that nobody expected; nothing changed";
            let problem = Problem::new(StatusCode::CONFLICT, "differs", text);
            Err(problem.with("track", status.json()))
        }
    }
}
