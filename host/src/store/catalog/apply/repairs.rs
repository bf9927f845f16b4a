//! Repairs into their tables: payloads replaced and erased, effects written anew.

use rusqlite::params;

use super::super::events::Catalog;
use crate::model::log::RecordedTask;
use crate::model::{Amendment, Redaction, Result, Seq};

impl Catalog {
    pub(super) fn write_amendment(&self, amendment: &Amendment, data: &str) -> Result<()> {
        self.run(
            "INSERT INTO amendments (seq, event, reverts, replaced, salt, hash, time, actor, reason)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                amendment.seq.0 as i64,
                amendment.event.0 as i64,
                amendment.reverts,
                amendment.replaced,
                &amendment.salt[..],
                &amendment.hash.0[..],
                amendment.time,
                amendment.actor,
                amendment.reason,
            ],
        )?;
        self.run(
            "UPDATE events SET data = ?2 WHERE seq = ?1",
            params![amendment.event.0 as i64, data],
        )?;
        self.forget_following(amendment.event)
    }

    /// Forgets this machine's projections that follow the log, and the snapshots that have the event: their history is
    /// another one now. Who commits names the next live one.
    fn forget_following(&self, event: Seq) -> Result<()> {
        self.run("DELETE FROM projections WHERE role <> 'replay'", &[])?;
        self.run(
            "DELETE FROM snapshots WHERE position >= ?1",
            params![event.0 as i64],
        )?;
        Ok(())
    }

    pub(super) fn write_undone(&self, event: Seq, by: Seq) -> Result<()> {
        self.run(
            "INSERT INTO undone (event, seq) VALUES (?1, ?2)",
            params![event.0 as i64, by.0 as i64],
        )?;
        Ok(())
    }

    /// A second redaction of an event keeps what the chain covers: the original payload's hash.
    pub(super) fn write_redaction(&self, redaction: &Redaction, data: &str) -> Result<()> {
        let event = redaction.event.0 as i64;
        self.run(
            "INSERT INTO redactions (event, seq, payload_hash, salt, replacement, time, actor, reason)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (event) DO UPDATE SET seq = excluded.seq, salt = excluded.salt,
                 replacement = excluded.replacement, time = excluded.time, actor = excluded.actor,
                 reason = excluded.reason",
            params![
                event,
                redaction.seq.0 as i64,
                &redaction.payload_hash.0[..],
                &redaction.salt[..],
                redaction.replacement.map(|hash| hash.0.to_vec()),
                redaction.time,
                redaction.actor,
                redaction.reason,
            ],
        )?;
        self.run(
            "UPDATE events SET data = ?2, salt = zeroblob(16) WHERE seq = ?1",
            params![event, data],
        )?;
        self.run(
            "UPDATE amendments SET replaced = NULL, salt = zeroblob(16) WHERE event = ?1",
            params![event],
        )?;
        self.run(
            "UPDATE commands SET data = '', message = NULL, details = NULL
             WHERE id = (SELECT command FROM events WHERE seq = ?1)",
            params![event],
        )?;
        self.erase_deliveries(redaction.event)?;
        // Each is a copy of what was erased.
        self.forget_following(Seq::ZERO)?;
        self.run("DELETE FROM projections", &[])?;
        // What is expected of a shadow may name what was erased.
        self.run("DELETE FROM meta WHERE key LIKE 'expect %'", &[])?;
        // Any line may quote it.
        self.run("DELETE FROM handler_log", &[])?;
        self.begin_cleaning(redaction.seq)
    }

    pub(super) fn rewrite_effects(
        &self,
        seq: Seq,
        effects: &[u8],
        tasks: &[RecordedTask],
    ) -> Result<()> {
        let at = seq.0 as i64;
        self.run(
            "UPDATE effects SET body = ?2 WHERE seq = ?1",
            params![at, effects],
        )?;
        for (ordinal, RecordedTask { task, .. }) in tasks.iter().enumerate() {
            self.run(
                "UPDATE tasks SET key = ?4, data = ?5, not_before = ?6 WHERE kind = ?3 AND seq = ?1 AND ordinal = ?2",
                params![
                    at,
                    ordinal as i64,
                    task.kind,
                    task.key,
                    task.data,
                    task.not_before
                ],
            )?;
        }
        // What was asked for at a place that has no task now, or one of another kind.
        for (ordinal, kind) in self.tasks_of(seq)? {
            let asked = tasks.get(ordinal as usize);
            if asked.is_none_or(|asked| asked.task.kind != kind) {
                self.run(
                    "DELETE FROM tasks WHERE kind = ?3 AND seq = ?1 AND ordinal = ?2",
                    params![at, ordinal, kind],
                )?;
                self.forget_delivery(seq, ordinal)?;
            }
        }
        // What was said about it may repeat what is gone.
        self.erase_deliveries(seq)
    }

    /// Ordinal and kind of an event's tasks.
    fn tasks_of(&self, seq: Seq) -> Result<Vec<(i64, String)>> {
        let mut found = Vec::new();
        for kind in self.task_kinds()? {
            let mut statement = self
                .connection
                .prepare_cached("SELECT ordinal FROM tasks WHERE kind = ?1 AND seq = ?2")
                .map_err(|error| self.failed(error))?;
            let ordinals: Vec<i64> = statement
                .query_map((&kind, seq.0 as i64), |row| row.get(0))
                .and_then(Iterator::collect)
                .map_err(|error| self.failed(error))?;
            found.extend(ordinals.into_iter().map(|ordinal| (ordinal, kind.clone())));
        }
        Ok(found)
    }

    /// Forgets what was answered and edited of an event's tasks; their state stays.
    fn erase_deliveries(&self, seq: Seq) -> Result<()> {
        for sql in [
            "UPDATE deliveries SET result = NULL, data = NULL WHERE seq = ?1",
            "UPDATE task_steps SET said = NULL WHERE seq = ?1",
        ] {
            self.run(sql, params![seq.0 as i64])?;
        }
        Ok(())
    }

    /// Forgets a task that is not asked for any more.
    fn forget_delivery(&self, seq: Seq, ordinal: i64) -> Result<()> {
        for sql in [
            "DELETE FROM deliveries WHERE seq = ?1 AND ordinal = ?2",
            "DELETE FROM task_steps WHERE seq = ?1 AND ordinal = ?2",
        ] {
            self.run(sql, params![seq.0 as i64, ordinal])?;
        }
        Ok(())
    }
}
