//! Shadows, promotions and the way back: the life of a version that is tried beside the live state.

use axum::http::StatusCode;

use super::answer::{Answer, told};
use super::input::JsonBody;
use super::problem::Problem;
use super::route::{Authorized, Route};
use super::scopes::{NamesPlugins, OfBody, OfVersion, Operate, OwnPart, Read, WholeBook};
use super::usual;
use crate::book::Book;
use crate::model::{Error, PluginVersion};
use crate::serve::access::Caller;
use crate::verbs::Operates;
use crate::versions::shadowed;
use crate::wire::{
    Differs, DroppedShadow, PromoteRequest, Promoted, Promotion, Reason, ShadowRequest, Track,
    Tracks,
};

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
            .and(usual::preview)
            .acts()
            .and(usual::operation),
        Route::post("/rollback", "rollback", rollback)
            .says("Go back to what was live before: the standby.")
            .acts()
            .good(200, IN_FORCE)
            .and(usual::operation),
    ]
}

impl NamesPlugins for JsonBody<ShadowRequest> {
    fn check_each(
        &self,
        check: &mut dyn FnMut(&str) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        let version: PluginVersion = self.0.version.parse()?;
        check(version.plugin.as_str())
    }
}

/// Begins a shadow; it follows the log from now on.
async fn shadow(
    door: Authorized<Operate, OfBody>,
    JsonBody(asked): JsonBody<ShadowRequest>,
) -> Result<Answer<Track>, Problem> {
    let version: PluginVersion = asked.version.parse()?;
    let policy = asked.policy.unwrap_or_default().into();
    let work = move |book: &mut Book| {
        let name = book.begin_shadow(&version, policy, asked.expect.as_deref())?;
        let tracks = Operates::tracks(book)?.into_iter();
        let begun = { tracks }.find(|track| track.name == name);
        begun.ok_or_else(|| Error::internal(format!("{name} was begun and is not there")))
    };
    told(StatusCode::ACCEPTED, &door.book().alone(work).await?)
}

/// How the shadows and the standby stand, as far as the token reaches.
async fn shadows(door: Authorized<Read, OwnPart>) -> Result<Answer<Tracks>, Problem> {
    let mut shadows = door.book().alone(|book| Operates::tracks(book)).await?;
    shadows.retain(|track| is_reached(door.caller(), track));
    told(StatusCode::OK, &Tracks { shadows })
}

/// A shadow is its version's plugin's; the standby is nobody's.
fn is_reached(caller: &Caller, track: &Track) -> bool {
    match shadowed(&track.name) {
        Some(version) => caller.reaches(version.plugin.as_str()),
        None => caller.is_for_all(),
    }
}

/// Gives a shadow up.
async fn drop_shadow(
    door: Authorized<Operate, OfVersion>,
) -> Result<Answer<DroppedShadow>, Problem> {
    let version = door.scope.0.clone();
    let work = move |book: &mut Book| Operates::drop_shadow(book, &version);
    told(StatusCode::OK, &door.book().alone(work).await?)
}

/// Puts a shadow in force.
async fn promote(
    mut door: Authorized<Operate, OfVersion>,
    JsonBody(mut asked): JsonBody<PromoteRequest>,
) -> Result<Answer<Promoted>, Problem> {
    asked.preview |= door.query.take_flag("preview")?;
    let (version, actor) = (door.scope.0.clone(), door.actor());
    let work = move |book: &mut Book| {
        Operates::promote(book, &version, &asked, actor.as_deref(), &mut |_| {})
    };
    promoted(door.book().alone(work).await?)
}

/// Goes back to what was live before.
async fn rollback(
    door: Authorized<Operate, WholeBook>,
    JsonBody(reason): JsonBody<Reason>,
) -> Result<Answer<Promoted>, Problem> {
    let actor = door.actor();
    let work =
        move |book: &mut Book| Operates::rollback(book, &reason, actor.as_deref(), &mut |_| {});
    promoted(door.book().alone(work).await?)
}

/// What came of it.
fn promoted(promotion: Promotion) -> Result<Answer<Promoted>, Problem> {
    match promotion {
        Promotion::Done(done) => told(StatusCode::OK, &done),
        Promotion::Differs(track) => {
            let text = "there are differences that nobody expected; nothing changed";
            let problem = Problem::new(StatusCode::CONFLICT, "differs", text);
            Err(problem.with_members(&Differs { track }))
        }
    }
}
