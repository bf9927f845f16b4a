//! Tasks with everything that happened to them, as the log tells it.

use crate::model::error::{Problem, shown};
use crate::model::{Error, Place, Result, Seq, TaskStep};
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
/// took them away or brought them.
pub(crate) fn told_tasks(
    log: &Catalog,
    seq: Seq,
    kinds: &[&str],
    with_steps: bool,
) -> Result<Vec<Option<ToldTask>>> {
    let told = kinds.iter().enumerate().map(|(ordinal, kind)| {
        let place = Place {
            seq,
            ordinal: u32::try_from(ordinal).unwrap_or(u32::MAX),
        };
        let Some(row) = log.task_at(kind, place)? else {
            return Ok(None);
        };
        let steps = match with_steps {
            true => log.task_steps(place)?,
            false => Vec::new(),
        };
        Ok(Some(ToldTask { row, steps }))
    });
    told.collect()
}

pub(crate) fn unknown_task(id: &str) -> Error {
    Error::usage(format!("there is no task '{}'", shown(id)))
        .problem(Problem::Unknown)
        .hint("daybook tasks BOOK lists them with their ids")
}
