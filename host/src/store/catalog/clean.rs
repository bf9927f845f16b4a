//! What SQLite keeps of rows that are gone, out of the log's file.

use super::events::Catalog;
use crate::model::{Result, Seq};

/// Names the fact that files may still hold what was erased, until they were cleaned.
const ERASING: &str = "erasing";

impl Catalog {
    /// From here on, what this connection deletes or overwrites is overwritten in the file too.
    pub(super) fn overwrite_deleted(&self) -> Result<()> {
        self.connection
            .pragma_update(None, "secure_delete", true)
            .map_err(|error| self.failed(error))
    }

    /// Remembers that files have to be cleaned, since event `seq`. Part of the open transaction.
    pub(super) fn begin_cleaning(&self, seq: Seq) -> Result<()> {
        self.run(
            "INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)",
            &[&ERASING, &seq.to_string()],
        )?;
        Ok(())
    }

    pub fn needs_cleaning(&self) -> Result<bool> {
        Ok(self.meta(ERASING)?.is_some())
    }

    /// Writes the log's file anew without what rows left behind, and empties its write-ahead log. False: somebody reads
    /// an older state, which keeps it in the file; to be tried again.
    pub fn clean(&self) -> Result<bool> {
        self.overwrite_deleted()?;
        self.connection
            .execute_batch("VACUUM")
            .map_err(|error| self.failed(error))?;
        if !self.empty_write_ahead_log()? {
            return Ok(false);
        }
        self.run("DELETE FROM meta WHERE key = ?1", &[&ERASING])?;
        self.empty_write_ahead_log()
    }

    fn empty_write_ahead_log(&self) -> Result<bool> {
        let busy: i64 = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
            .map_err(|error| self.failed(error))?;
        Ok(busy == 0)
    }
}
