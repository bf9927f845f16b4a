//! Tasks that were enqueued after their event was handled. Their ordinals begin where no event's own reach.

use std::collections::BTreeMap;

use rusqlite::params;

use super::events::Catalog;
use crate::model::{Delivery, Place, Result, Seq, Task, clock};

/// The ordinal of the first late task of an event.
pub const LATE: u32 = 1 << 31;

impl Catalog {
    /// All of them, with the events that ask for them, and the ordinal of each.
    pub fn late_tasks(&self) -> Result<BTreeMap<(Seq, Task), u32>> {
        let sql = format!(
            "SELECT seq, kind, key, data, not_before, ordinal FROM tasks WHERE ordinal >= {LATE}"
        );
        let rows = self.all(&sql, |row| {
            let task = Task {
                kind: row.get(1)?,
                key: row.get(2)?,
                data: row.get(3)?,
                not_before: row.get(4)?,
            };
            Ok(((Seq(row.get::<_, i64>(0)? as u64), task), row.get(5)?))
        })?;
        Ok(rows.into_iter().collect())
    }

    /// Part of the open transaction. The gateway has been past the event: that the task waits is told beside it.
    pub fn put_late_task(&mut self, id: &str, place: Place, task: &Task) -> Result<()> {
        self.put_task(id, place, task)?;
        self.write_delivery(&Delivery {
            changed_at: clock::now(),
            ..Delivery::untouched(place, &task.kind)
        })
    }

    /// Part of the open transaction.
    pub fn put_task(&mut self, id: &str, place: Place, task: &Task) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO tasks (id, seq, ordinal, kind, key, data, not_before, state)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'pending')",
            )
            .and_then(|mut statement| {
                statement.execute(params![
                    id,
                    place.seq.0 as i64,
                    place.ordinal,
                    task.kind,
                    task.key,
                    task.data,
                    task.not_before
                ])
            })
            .map_err(|error| self.failed(error))?;
        Ok(())
    }
}
