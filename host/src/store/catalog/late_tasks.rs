//! Tasks that were enqueued after their event was handled, and those that are gone. Ordinals of late ones begin where no
//! event's own reach.

use super::events::Catalog;
use super::tasks::place_of;
use crate::model::event::TASKS_ENQUEUED;
use crate::model::{Place, Result, Seq, Task};

/// The ordinal of the first late task of an event.
pub const LATE: u32 = 1 << 31;

/// A task that was enqueued late.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LateRow {
    pub place: Place,
    pub task: Task,
    /// The event that enqueued it.
    pub by: Seq,
}

/// By which event a task was enqueued late, as SQL over `tasks t`; null for an event's own. A log from before that was kept
/// has the last such event for all of them.
pub(super) fn enqueued_by() -> String {
    format!(
        "CASE WHEN t.ordinal >= {LATE} THEN coalesce(
             (SELECT l.enqueued_by FROM late_tasks l WHERE l.seq = t.seq AND l.ordinal = t.ordinal),
             (SELECT max(seq) FROM events WHERE type = '{TASKS_ENQUEUED}')) END"
    )
}

impl Catalog {
    /// All late tasks, in the order of their events.
    pub fn late_tasks(&self) -> Result<Vec<LateRow>> {
        let by = enqueued_by();
        let sql = format!(
            "SELECT t.seq, t.ordinal, t.kind, t.key, t.data, t.not_before, {by} FROM tasks t
             WHERE t.ordinal >= {LATE} ORDER BY t.seq, t.ordinal"
        );
        self.all(&sql, |row| {
            Ok(LateRow {
                place: place_of(row, 0)?,
                task: Task {
                    kind: row.get(2)?,
                    key: row.get(3)?,
                    data: row.get(4)?,
                    not_before: row.get(5)?,
                },
                by: Seq(row.get::<_, i64>(6)? as u64),
            })
        })
    }

    /// Place and kind of every task that is gone, in the order of their events.
    pub fn gone_tasks(&self) -> Result<Vec<(Place, String)>> {
        self.all(
            "SELECT seq, ordinal, kind FROM gone_tasks ORDER BY seq, ordinal",
            |row| Ok((place_of(row, 0)?, row.get(2)?)),
        )
    }
}
