//! Events, commands and epochs into their tables.

use rusqlite::params;

use super::super::events::Catalog;
use crate::model::log::{CommandOutcome, PinUse, RecordedCommand, RecordedEvent};
use crate::model::{PluginVersion, Result, Schedule, Seq};

impl Catalog {
    pub(in super::super) fn write_founded(&mut self, book: &str) -> Result<()> {
        self.run("INSERT INTO meta (key, value) VALUES ('id', ?1)", &[&book])?;
        Ok(())
    }

    fn lineup_id(&mut self, text: &str) -> Result<i64> {
        if let Some(id) = self.lineups.get(text) {
            return Ok(*id);
        }
        self.run("INSERT INTO lineups (text) VALUES (?1)", &[&text])?;
        let id = self.connection.last_insert_rowid();
        self.lineups.insert(text.to_owned(), id);
        Ok(id)
    }

    pub(super) fn write_event(&mut self, recorded: &RecordedEvent) -> Result<()> {
        let lineup = self.lineup_id(&recorded.lineup)?;
        let event = &recorded.event;
        let seq = event.seq.0 as i64;
        self.run(
            "INSERT INTO events (seq, id, source, type, subject, time, recorded_at, data, salt, hash, lineup, command,
                                 extensions)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            params![
                seq,
                event.id,
                event.source,
                event.event_type.as_str(),
                event.subject,
                event.time,
                recorded.recorded_at,
                event.data,
                &recorded.salt[..],
                &recorded.hash.0[..],
                lineup,
                recorded.command,
                event.extensions,
            ],
        )?;
        self.run(
            "INSERT INTO effects (seq, body) VALUES (?1, ?2)",
            params![seq, recorded.effects],
        )?;
        self.write_tasks(event.seq, &recorded.tasks)
    }

    pub(super) fn write_command(&mut self, command: &RecordedCommand) -> Result<()> {
        let lineup = self.lineup_id(&command.lineup)?;
        let (outcome, code, message, details, events) = match &command.outcome {
            CommandOutcome::Accepted { events } => ("accepted", None, None, None, *events),
            CommandOutcome::Rejected(rejection) => (
                "rejected",
                Some(rejection.code.as_str()),
                Some(rejection.message.as_str()),
                rejection.details.as_deref(),
                0,
            ),
            CommandOutcome::Failed(message) => ("failed", None, Some(message.as_str()), None, 0),
        };
        self.run(
            "INSERT INTO commands (id, type, subject, time, actor, data, position, lineup, outcome, code, message,
                                   details, events)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            params![
                command.id,
                command.command_type.as_str(),
                command.subject,
                command.time,
                command.actor,
                command.data,
                command.position.0 as i64,
                lineup,
                outcome,
                code,
                message,
                details,
                events as i64,
            ],
        )?;
        Ok(())
    }

    pub(super) fn write_pin_use(&self, pin: &PinUse) -> Result<()> {
        self.run(
            "INSERT INTO pins (plugin, date, actor, uses, last_at) VALUES (?1, ?2, ?3, 1, ?4)
             ON CONFLICT DO UPDATE SET uses = uses + 1, last_at = excluded.last_at",
            params![
                pin.version.plugin.as_str(),
                pin.version.date.to_string(),
                pin.actor.as_deref().unwrap_or_default(),
                pin.at
            ],
        )?;
        Ok(())
    }

    pub(super) fn write_epoch(&self, from: Seq, schedule: &Schedule) -> Result<()> {
        self.run(
            "INSERT OR REPLACE INTO epochs (from_seq, schedule) VALUES (?1, ?2)",
            params![from.0 as i64, schedule.to_string()],
        )?;
        Ok(())
    }

    pub(super) fn write_event_pin(
        &self,
        event: Seq,
        version: &PluginVersion,
        by: Seq,
    ) -> Result<()> {
        self.run(
            "INSERT OR REPLACE INTO event_pins (event, plugin, date, seq) VALUES (?1, ?2, ?3, ?4)",
            params![
                event.0 as i64,
                version.plugin.as_str(),
                version.date.to_string(),
                by.0 as i64
            ],
        )?;
        Ok(())
    }

    pub(super) fn remove_event_pin(&self, event: Seq) -> Result<()> {
        self.run(
            "DELETE FROM event_pins WHERE event = ?1",
            params![event.0 as i64],
        )?;
        Ok(())
    }
}
