//! Erasing a payload from the log's file: from its rows, and then from what SQLite keeps of rows that are gone.

use rusqlite::params;

use super::events::Catalog;
use super::repairs::Redaction;
use crate::model::log::RecordedTask;
use crate::model::{Result, Seq};

/// What a redaction does to the log beside the rewriting of effects.
#[derive(Debug, Clone)]
pub struct Erasure {
    pub redaction: Redaction,
    /// What stands in the payload's place; empty where nothing does.
    pub data: String,
}

/// Names the fact that files may still hold what was erased, until they were cleaned.
const ERASING: &str = "erasing";

impl Catalog {
    /// From here on, what this connection deletes or overwrites is overwritten in the file too.
    pub fn overwrite_deleted(&self) -> Result<()> {
        self.connection
            .pragma_update(None, "secure_delete", true)
            .map_err(|error| self.failed(error))
    }

    /// Erases a payload with its salt, those that amendments put in its place, and the command that asked for it; keeps
    /// the hash that the chain covers. Part of the open transaction.
    pub fn erase(&mut self, erasure: &Erasure) -> Result<()> {
        let redaction = &erasure.redaction;
        let event = redaction.event.0 as i64;
        // A second redaction of an event keeps what the chain covers: the original's hash.
        let payload_hash = match self.kept_hash(redaction.event)? {
            Some(kept) => kept,
            None => redaction.payload_hash.0.to_vec(),
        };
        let run = |sql: &str, values: &[&dyn rusqlite::ToSql]| {
            self.connection
                .execute(sql, values)
                .map_err(|error| self.failed(error))
        };
        run(
            "INSERT OR REPLACE INTO redactions (event, seq, payload_hash, salt, replacement, time, actor, reason)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                event,
                redaction.seq.0 as i64,
                payload_hash,
                &redaction.salt[..],
                redaction.replacement.map(|hash| hash.0.to_vec()),
                redaction.time,
                redaction.actor,
                redaction.reason,
            ],
        )?;
        run(
            "UPDATE events SET data = ?2, salt = zeroblob(16) WHERE seq = ?1",
            params![event, erasure.data],
        )?;
        run(
            "UPDATE amendments SET replaced = NULL, salt = zeroblob(16) WHERE event = ?1",
            params![event],
        )?;
        run(
            "UPDATE commands SET data = '', message = NULL, details = NULL
             WHERE id = (SELECT command FROM events WHERE seq = ?1)",
            params![event],
        )?;
        self.erase_deliveries(redaction.event)
    }

    /// Puts other effects in the place of recorded ones; tasks that are still asked for keep their state, those that
    /// are not any more are gone, and new ones are not carried out. False: they are the same. Part of the open
    /// transaction.
    pub fn rewrite_effects(
        &mut self,
        seq: Seq,
        effects: &[u8],
        tasks: &[RecordedTask],
    ) -> Result<bool> {
        let at = seq.0 as i64;
        let failed = |error| self.failed(error);
        let changed = self
            .connection
            .prepare_cached("UPDATE effects SET body = ?2 WHERE seq = ?1 AND body <> ?2")
            .and_then(|mut statement| statement.execute((at, effects)))
            .map_err(failed)?;
        if changed == 0 {
            return Ok(false);
        }
        for (ordinal, task) in tasks.iter().enumerate() {
            let RecordedTask { task, .. } = task;
            self.connection
                .prepare_cached(
                    "UPDATE tasks SET key = ?4, data = ?5, not_before = ?6 WHERE kind = ?3 AND seq = ?1 AND ordinal = ?2",
                )
                .and_then(|mut statement| {
                    statement.execute(params![
                        at,
                        ordinal as i64,
                        task.kind,
                        task.key,
                        task.data,
                        task.not_before
                    ])
                })
                .map_err(failed)?;
        }
        // What was asked for at a place that has no task now, or one of another kind.
        for (ordinal, kind) in self.tasks_of(seq)? {
            let asked = tasks.get(ordinal as usize);
            if asked.is_none_or(|asked| asked.task.kind != kind) {
                self.connection
                    .execute(
                        "DELETE FROM tasks WHERE kind = ?3 AND seq = ?1 AND ordinal = ?2",
                        (at, ordinal, &kind),
                    )
                    .map_err(failed)?;
                self.forget_delivery(seq, ordinal)?;
            }
        }
        // What was said about it may repeat what is gone.
        self.erase_deliveries(seq)?;
        Ok(true)
    }

    /// Forgets every projection but the live one: each is a copy of what was erased. Part of the open transaction.
    pub fn forget_replays(&mut self) -> Result<Vec<String>> {
        let names = self.all(
            "SELECT name FROM projections WHERE role <> 'live' ORDER BY name",
            |row| row.get(0),
        )?;
        self.connection
            .execute("DELETE FROM projections WHERE role <> 'live'", [])
            .map_err(|error| self.failed(error))?;
        Ok(names)
    }

    /// Remembers that files have to be cleaned. Part of the open transaction.
    pub fn begin_cleaning(&mut self, seq: Seq) -> Result<()> {
        self.put_meta(ERASING, &seq.to_string())
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
        self.connection
            .execute("DELETE FROM meta WHERE key = ?1", [ERASING])
            .map_err(|error| self.failed(error))?;
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
