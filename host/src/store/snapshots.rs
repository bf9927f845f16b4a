//! Snapshots: copies of a projection at a position, and the log's list of them. A replay under a schedule that agrees with
//! a snapshot's up to its position may start from it.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, params};

use super::{LogDb, Projection, sqlite};
use crate::model::{Error, Result, Schedule, Seq};

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

impl LogDb {
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

/// Copies a projection as its last commit left it, beside whoever writes it, into a file that is not there yet. Durable
/// when it returns; gives the position of the copy.
pub fn copy_projection(from: &Path, to: &Path) -> Result<Seq> {
    let failed = |error| sqlite(&format!("copying {}", from.display()), error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(from, flags).map_err(failed)?;
    connection
        .busy_timeout(std::time::Duration::from_secs(10))
        .map_err(failed)?;
    let name = to
        .to_str()
        .ok_or_else(|| Error::usage(format!("{} is not UTF-8", to.display())))?;
    connection
        .execute("VACUUM INTO ?1", [name])
        .map_err(failed)?;
    let file = std::fs::File::open(to).map_err(|error| Error::io(to.display(), error))?;
    file.sync_all()
        .map_err(|error| Error::io(to.display(), error))?;
    Projection::position_of(to)
}
