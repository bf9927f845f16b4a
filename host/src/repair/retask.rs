//! What becomes of an event's tasks when its effects are written anew: which of them is still asked for, and with what data.

use std::collections::BTreeMap;

use crate::model::log::LogOp;
use crate::model::same_task::paired;
use crate::model::{Place, Result, Seq, Task};
use crate::store::{Catalog, FIRST_LATE, LateRow};

/// Where a task is, and what was asked for there.
pub(super) type Placed = (Place, Task);

/// What an event's own tasks are, late ones left out.
pub(super) fn own_tasks(log: &Catalog, seq: Seq) -> Result<Vec<Placed>> {
    let rows = log.tasks_of(seq)?.into_iter();
    Ok(rows
        .map(|row| (row.delivery.place, row.task()))
        .filter(|(place, _)| place.ordinal < FIRST_LATE)
        .collect())
}

/// What has to be said of tasks where `now` is asked for: those that are other ones, and those that are gone.
pub(super) fn retasked(rows: &[Placed], now: &[Task]) -> Vec<LogOp> {
    let before: Vec<&Task> = rows.iter().map(|(_, task)| task).collect();
    let paired = paired(&before, now);
    let mut ops = Vec::new();
    for ((place, task), at) in rows.iter().zip(paired) {
        let now = at.map(|at| &now[at]);
        if now != Some(task) {
            ops.push(LogOp::TaskRewritten {
                place: *place,
                kind: task.kind.clone(),
                task: now.cloned(),
            });
        }
    }
    ops
}

/// Late tasks by their event.
pub(super) type Late = BTreeMap<Seq, Vec<Placed>>;

/// The late tasks that were enqueued by one of the events `from..=to`.
pub(super) fn late_between(rows: &[LateRow], from: Seq, to: Seq) -> Late {
    let mut late = Late::new();
    for row in rows.iter().filter(|row| from <= row.by && row.by <= to) {
        let of = late.entry(row.place.seq).or_default();
        of.push((row.place, row.task.clone()));
    }
    late
}
