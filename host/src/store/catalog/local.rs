//! What is this machine's own: the files that it has of a book, and notes about them.

use rusqlite::params;

use super::events::Catalog;
use crate::model::Result;
use crate::model::log::LocalOp;

impl Catalog {
    /// Part of the open transaction.
    pub(super) fn apply_local(&self, op: &LocalOp) -> Result<()> {
        match op {
            LocalOp::Projection(record) => self.run(
                "INSERT OR REPLACE INTO projections (name, file, role, schedule, made_by) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![
                    record.name,
                    record.file,
                    record.role.as_str(),
                    record.schedule.to_string(),
                    record.made_by
                ],
            ),
            LocalOp::RemoveProjection { name } => {
                self.run("DELETE FROM projections WHERE name = ?1", &[name])
            }
            LocalOp::Snapshot(record) => self.run(
                "INSERT INTO snapshots (file, position, schedule, made_by, made_at) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![
                    record.file,
                    record.position.0 as i64,
                    record.schedule.to_string(),
                    record.made_by,
                    record.made_at
                ],
            ),
            LocalOp::RemoveSnapshot { file } => {
                self.run("DELETE FROM snapshots WHERE file = ?1", &[file])
            }
            LocalOp::HandlerLog(lines) => self.write_handler_log(lines),
            LocalOp::Note { key, value } => self.run(
                "INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)",
                &[key, value],
            ),
            LocalOp::RemoveNote { key } => self.run("DELETE FROM meta WHERE key = ?1", &[key]),
        }
        .map(drop)
    }
}
