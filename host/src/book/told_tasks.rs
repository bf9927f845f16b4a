//! Tasks with everything that happened to them, as the log tells it.

use uuid::Uuid;

use crate::model::error::{Problem, shown};
use crate::model::{Error, Result, Seq, Task, TaskStep};
use crate::store::{Catalog, TaskRow};

/// A task with everything that happened to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldTask {
    pub row: TaskRow,
    pub steps: Vec<TaskStep>,
}

pub(crate) fn told_task(log: &Catalog, id: &str) -> Result<ToldTask> {
    let row = log.task(id)?.ok_or_else(|| unknown_task(id))?;
    let steps = log.task_steps(row.delivery.place)?;
    Ok(ToldTask { row, steps })
}

/// What is recorded about an event's tasks, in their order; None for those that nobody carries out, since a redaction
/// brought them. And those that were enqueued late, which only whoever asks for the steps is told.
pub(crate) fn told_tasks(
    log: &Catalog,
    seq: Seq,
    tasks: &[Task],
    with_steps: bool,
) -> Result<(Vec<Option<ToldTask>>, Vec<ToldTask>)> {
    if tasks.is_empty() && !with_steps {
        return Ok(Default::default());
    }
    let mut rows = Vec::new();
    for row in log.tasks_of(seq)? {
        let steps = match with_steps {
            true => log.task_steps(row.delivery.place)?,
            false => Vec::new(),
        };
        rows.push(ToldTask { row, steps });
    }
    let told = { tasks.iter() }
        .map(|task| {
            let is_it = |told: &ToldTask| told.row.late.is_none() && told.row.task() == *task;
            let at = rows.iter().position(is_it)?;
            Some(rows.remove(at))
        })
        .collect();
    rows.retain(|told| with_steps && told.row.late.is_some());
    Ok((told, rows))
}

pub(crate) fn unknown_task(id: &str) -> Error {
    Error::usage(format!("there is no task '{}'", shown(id)))
        .problem(Problem::Unknown)
        .hint("daybook tasks BOOK lists them with their ids")
}

/// The id of the command that a task asks for. It is the task's, so the same command however often it is delivered; after
/// an operator put a dead one back it is another one, since the first was answered.
pub(crate) fn command_id(task: &str, round: u32) -> Result<Uuid> {
    let id: Uuid =
        { task.parse() }.map_err(|_| Error::corrupt(format!("'{task}' is no task's id")))?;
    Ok(match round {
        0 => id,
        round => crate::engine::beside(id, &format!("round:{round}")),
    })
}
