//! Commands that the clock runs: what there is, and changes of it.

use axum::http::StatusCode;

use super::answer::{Answer, Tag, answer, told};
use super::declared::Kind;
use super::input::JsonBody;
use super::problem::Problem;
use super::route::{Authorized, Route};
use super::scopes::{Operate, Read, WholeBook};
use super::usual;
use crate::model::error::{Problem as Detail, shown};
use crate::model::{Error, limits};
use crate::verbs::{Operates, Reads};
use crate::wire::{CommandSchedule, CommandSchedules, RemovedSchedule, ScheduleRequest};

pub fn routes() -> Vec<Route> {
    let named = |route: Route| {
        let kind = Kind::Bounded(1, limits::SCHEDULE_NAME_BYTES_MAX);
        route.path("name", kind, "The schedule's name.")
    };
    vec![
        Route::get("/schedules", "schedules", schedules)
            .says("Every command that the clock runs, and what came of it last.")
            .and(usual::read),
        Route::get("/schedules/{name}", "schedule", schedule)
            .says("A command that the clock runs.")
            .and(named)
            .and(usual::read),
        Route::put("/schedules/{name}", "setSchedule", set)
            .says("Have a command run by the clock from now on, in the place of the one of this name.")
            .and(named)
            .good(200, "As it is now."),
        Route::delete("/schedules/{name}", "removeSchedule", remove)
            .says("Have it run no more.")
            .and(named)
            .good(200, "It is gone; the journal has what it did."),
        Route::post("/schedules/{name}/pause", "pauseSchedule", pause)
            .says("Have it run at no time until it is resumed.")
            .and(named)
            .good(200, "As it is now."),
        Route::post("/schedules/{name}/resume", "resumeSchedule", resume)
            .says("Have it run at its times again; those that passed meanwhile are not run.")
            .and(named)
            .good(200, "As it is now."),
        Route::post("/schedules/{name}/run", "runSchedule", run)
            .says("Run it now, beside its times.")
            .and(named)
            .good(200, "What came of it, also where it was rejected."),
    ]
}

async fn schedules(door: Authorized<Read, WholeBook>) -> Result<Answer<CommandSchedules>, Problem> {
    let head = door.book().live().head;
    let body = CommandSchedules {
        clock: door.book().runs_schedules(),
        schedules: door.book().read_log(Reads::schedules).await?,
    };
    answer(door.headers(), &body, head, Tag::Body)
}

async fn schedule(door: Authorized<Read, WholeBook>) -> Result<Answer<CommandSchedule>, Problem> {
    let (name, head) = (door.path("name")?, door.book().live().head);
    let known = door.book().read_log(Reads::schedules).await?;
    let found = known.into_iter().find(|known| known.name == name);
    let found = found.ok_or_else(|| {
        let text = format!("there is no schedule '{}'", shown(&name));
        Problem::from(Error::usage(text).problem(Detail::Unknown))
    })?;
    answer(door.headers(), &found, head, Tag::Body)
}

async fn set(
    door: Authorized<Operate, WholeBook>,
    JsonBody(request): JsonBody<ScheduleRequest>,
) -> Result<Answer<CommandSchedule>, Problem> {
    let (name, actor) = (door.path("name")?, door.actor());
    let set = move |book: &mut _| Operates::set_schedule(book, &name, &request, actor.as_deref());
    told(StatusCode::OK, &door.book().alone(set).await?)
}

async fn remove(door: Authorized<Operate, WholeBook>) -> Result<Answer<RemovedSchedule>, Problem> {
    let name = door.path("name")?;
    let removed = RemovedSchedule {
        removed: name.clone(),
    };
    door.book()
        .alone(move |book| book.remove_schedule(&name))
        .await?;
    told(StatusCode::OK, &removed)
}

async fn pause(door: Authorized<Operate, WholeBook>) -> Result<Answer<CommandSchedule>, Problem> {
    set_paused(&door, true).await
}

async fn resume(door: Authorized<Operate, WholeBook>) -> Result<Answer<CommandSchedule>, Problem> {
    set_paused(&door, false).await
}

async fn set_paused(
    door: &Authorized<Operate, WholeBook>,
    paused: bool,
) -> Result<Answer<CommandSchedule>, Problem> {
    let name = door.path("name")?;
    let kept = door
        .book()
        .alone(move |book| book.pause_schedule(&name, paused));
    told(StatusCode::OK, &CommandSchedule::from(&kept.await?))
}

async fn run(door: Authorized<Operate, WholeBook>) -> Result<Answer<CommandSchedule>, Problem> {
    let (name, actor) = (door.path("name")?, door.actor());
    let ran = door
        .book()
        .alone(move |book| book.run_schedule(&name, actor.as_deref()));
    told(StatusCode::OK, &CommandSchedule::from(&ran.await?))
}
