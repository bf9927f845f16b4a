//! Snapshots as the log lists them: copies of a projection at a position.

use crate::model::SnapshotRecord;

use super::events::Catalog;
use crate::model::{Error, Result, Seq};

impl Catalog {
    /// By position.
    pub fn snapshots(&self) -> Result<Vec<SnapshotRecord>> {
        let rows: Vec<(String, i64, String, String, String)> = self.all(
            "SELECT file, position, schedule, made_by, made_at FROM snapshots ORDER BY position, file",
            |row| {
                Ok((
                    row.get(0)?,
                    row.get(1)?,
                    row.get(2)?,
                    row.get(3)?,
                    row.get(4)?,
                ))
            },
        )?;
        let records = rows
            .into_iter()
            .map(|(file, position, schedule, made_by, made_at)| {
                Ok(SnapshotRecord {
                    file,
                    position: Seq(position as u64),
                    schedule: schedule.parse().map_err(Error::stored)?,
                    made_by,
                    made_at,
                })
            });
        records.collect()
    }
}
