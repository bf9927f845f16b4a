//! Tasks that events asked for: what has become of each, and what people do to them.

use axum::http::StatusCode;

use super::answer::{Answer, Tag, answer, told};
use super::declared::Kind;
use super::input::JsonBody;
use super::problem::Problem;
use super::route::{Authorized, Route};
use super::scopes::{OfTask, Operate, Read, WholeBook};
use super::usual;
use crate::book::Book;
use crate::model::{Act, Seq};
use crate::store::TaskFilter;
use crate::verbs::Operates;
use crate::wire::{EditTask, Task, TaskReason, Tasks};

pub fn routes() -> Vec<Route> {
    let act = |route: Route| {
        route
            .path("id", Kind::Text, "The task's id.")
            .acts()
            .good(200, "Done: the task as it is now.")
            .refuses(
                409,
                "In the task's state this is not possible: the detail says which it is.",
            )
    };
    vec![
        Route::get("/tasks", "tasks", list)
            .says("Tasks that events asked for, in the order of the log, a page at a time.")
            .query("kind", Kind::Text, "Only those of this kind.")
            .query("state", Kind::TaskState, "Only those in this state.")
            .query(
                "event",
                Kind::Seq,
                "Only those that this event asked for: its seq.",
            )
            .query(
                "subject",
                Kind::Text,
                "Only those that events about this asked for.",
            )
            .query(
                "limit",
                Kind::Limit(TASKS_MAX),
                "Tasks of a page; large ones make it shorter.",
            )
            .query(
                "after",
                Kind::Pattern("^[0-9]{1,15}\\.[0-9]{1,5}$"),
                "`next` of the page before.",
            )
            .and(usual::read),
        Route::get("/tasks/{id}", "task", show)
            .says("A task with everything that happened to it.")
            .path("id", Kind::Text, "The task's id.")
            .and(usual::read),
        Route::post("/tasks/{id}/retry", "retryTask", retry)
            .says("Deliver a task again, now.")
            .and(act),
        Route::post("/tasks/{id}/edit", "editTask", edit)
            .says("Deliver other data in a task's place.")
            .and(act),
        Route::post("/tasks/{id}/dismiss", "dismissTask", dismiss)
            .says("Leave a dead task be: those behind it go on.")
            .and(act),
        Route::post("/tasks/{id}/cancel", "cancelTask", cancel)
            .says("Do not deliver a task.")
            .and(act),
    ]
}

/// Tasks of one page when the client does not say, and at most.
const TASKS_DEFAULT: usize = 100;
const TASKS_MAX: usize = 1_000;

/// Tasks in the order of the log.
async fn list(mut door: Authorized<Read, WholeBook>) -> Result<Answer<Tasks>, Problem> {
    let limit = door.query.take_limit(TASKS_DEFAULT, TASKS_MAX)?;
    let state = door.query.take("state")?;
    let after = door.query.take("after")?;
    let filter = TaskFilter {
        kind: door.query.take("kind")?,
        state: state.map(|state| state.parse()).transpose()?,
        event: door.query.take_seq("event")?.map(Seq),
        subject: door.query.take("subject")?,
        after: after.map(|after| after.parse()).transpose()?,
    };
    let head = door.book().live().head;
    let (rows, more) = door
        .book()
        .read_log(move |reader| reader.task_page(&filter, limit))
        .await?;
    let next = rows.last().filter(|_| more);
    let body = Tasks {
        tasks: rows.iter().map(Into::into).collect(),
        next: next.map(|row| row.delivery.place.to_string()),
        head: head.0,
    };
    answer(door.headers(), &body, head, Tag::Body)
}

/// One task, with everything that happened to it.
async fn show(door: Authorized<Read, OfTask>) -> Result<Answer<Task>, Problem> {
    let id = door.scope.0.clone();
    let head = door.book().live().head;
    let told = door.book().read_log(move |reader| reader.task(&id)).await?;
    answer(door.headers(), &Task::from(&told), head, Tag::Body)
}

/// Delivers a task again, now.
async fn retry(
    door: Authorized<Operate, OfTask>,
    JsonBody(asked): JsonBody<TaskReason>,
) -> Result<Answer<Task>, Problem> {
    act(door, Act::Retry, asked.reason).await
}

/// Lets a dead task be, so that those behind it go on.
async fn dismiss(
    door: Authorized<Operate, OfTask>,
    JsonBody(asked): JsonBody<TaskReason>,
) -> Result<Answer<Task>, Problem> {
    act(door, Act::Dismiss, asked.reason).await
}

/// Does not deliver a task.
async fn cancel(
    door: Authorized<Operate, OfTask>,
    JsonBody(asked): JsonBody<TaskReason>,
) -> Result<Answer<Task>, Problem> {
    act(door, Act::Cancel, asked.reason).await
}

/// Delivers other data.
async fn edit(
    door: Authorized<Operate, OfTask>,
    JsonBody(asked): JsonBody<EditTask>,
) -> Result<Answer<Task>, Problem> {
    let edit = Act::Edit(asked.data.get().to_owned());
    act(door, edit, asked.reason).await
}

async fn act(
    door: Authorized<Operate, OfTask>,
    what: Act,
    reason: String,
) -> Result<Answer<Task>, Problem> {
    let (id, actor) = (door.scope.0.clone(), door.actor());
    let work =
        move |book: &mut Book| Operates::act_on_task(book, &id, &what, &reason, actor.as_deref());
    told(StatusCode::OK, &door.book().alone(work).await?)
}
