//! Tasks that were enqueued after their event was handled. Their ordinals begin where no event's own reach.

use std::collections::BTreeMap;

use super::events::Catalog;
use crate::model::{Result, Seq, Task};

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
}
