//! Snapshots as the log lists them: copies of a projection at a position.

use rusqlite::params;

use super::events::Catalog;
use crate::model::{Result, Schedule, Seq};

/// A snapshot as the log lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotRecord {
    /// File name below `snapshots/`.
    pub file: String,
    pub position: Seq,
    /// What was run to get its rows.
    pub schedule: Schedule,
    /// Host, engine and contract that ran it.
    pub made_by: String,
    /// RFC 3339, UTC.
    pub made_at: String,
}

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
                    schedule: schedule.parse()?,
                    made_by,
                    made_at,
                })
            });
        records.collect()
    }

    /// Part of the open transaction.
    pub fn put_snapshot(&mut self, record: &SnapshotRecord) -> Result<()> {
        self.connection
            .execute(
                "INSERT INTO snapshots (file, position, schedule, made_by, made_at) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![
                    record.file,
                    record.position.0 as i64,
                    record.schedule.to_string(),
                    record.made_by,
                    record.made_at
                ],
            )
            .map_err(|error| self.failed(error))?;
        Ok(())
    }

    /// Forgets a snapshot; its file is the caller's to remove. Part of the open transaction.
    pub fn remove_snapshot(&mut self, file: &str) -> Result<()> {
        self.connection
            .execute("DELETE FROM snapshots WHERE file = ?1", [file])
            .map_err(|error| self.failed(error))?;
        Ok(())
    }
}
