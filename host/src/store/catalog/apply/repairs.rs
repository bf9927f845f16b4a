//! Repairs into their tables: payloads replaced and erased, effects written anew.

use rusqlite::params;

use super::super::events::Catalog;
use crate::model::{Amendment, Place, Redaction, Result, Seq, Task};

impl Catalog {
    pub(super) fn write_amendment(
        &self,
        amendment: &Amendment,
        data: &str,
        effects: &[u8],
    ) -> Result<()> {
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
        self.run(
            "INSERT INTO amended_effects (seq, body) VALUES (?1, ?2)",
            params![amendment.seq.0 as i64, effects],
        )?;
        self.forget_following(amendment.event)
    }

    pub(super) fn rewrite_amended(&self, by: Seq, effects: &[u8]) -> Result<()> {
        self.run(
            "UPDATE amended_effects SET body = ?2 WHERE seq = ?1",
            params![by.0 as i64, effects],
        )?;
        Ok(())
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
            "INSERT OR REPLACE INTO undone (event, seq) VALUES (?1, ?2)",
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

    pub(super) fn rewrite_effects(&self, seq: Seq, effects: &[u8]) -> Result<()> {
        self.run(
            "UPDATE effects SET body = ?2 WHERE seq = ?1",
            params![seq.0 as i64, effects],
        )?;
        // What was said about its tasks may repeat what is gone.
        self.erase_deliveries(seq)
    }

    /// That a task's delivery was begun is known for ever, so that nobody takes it for a new one.
    pub(super) fn rewrite_task(&self, place: Place, kind: &str, task: Option<&Task>) -> Result<()> {
        let (seq, ordinal) = (place.seq.0 as i64, place.ordinal);
        let Some(task) = task else {
            self.run(
                "INSERT OR REPLACE INTO gone_tasks (seq, ordinal, kind)
                 SELECT t.seq, t.ordinal, t.kind FROM tasks t
                 LEFT JOIN deliveries d ON d.seq = t.seq AND d.ordinal = t.ordinal
                 WHERE t.kind = ?3 AND t.seq = ?1 AND t.ordinal = ?2 AND coalesce(d.state, t.state) <> 'pending'",
                params![seq, ordinal, kind],
            )?;
            self.run(
                "DELETE FROM tasks WHERE kind = ?3 AND seq = ?1 AND ordinal = ?2",
                params![seq, ordinal, kind],
            )?;
            return self.forget_delivery(place);
        };
        self.run(
            "UPDATE tasks SET key = ?4, data = ?5, not_before = ?6 WHERE kind = ?3 AND seq = ?1 AND ordinal = ?2",
            params![seq, ordinal, kind, task.key, task.data, task.not_before],
        )?;
        self.erase_deliveries(place.seq)
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
    fn forget_delivery(&self, place: Place) -> Result<()> {
        for sql in [
            "DELETE FROM late_tasks WHERE seq = ?1 AND ordinal = ?2",
            "DELETE FROM deliveries WHERE seq = ?1 AND ordinal = ?2",
            "DELETE FROM task_steps WHERE seq = ?1 AND ordinal = ?2",
        ] {
            self.run(sql, params![place.seq.0 as i64, place.ordinal])?;
        }
        Ok(())
    }
}
