//! Commands that the clock runs, into their table.

use rusqlite::params;

use super::super::events::Catalog;
use crate::model::{CommandSchedule, Result};

impl Catalog {
    pub(super) fn write_schedule(&self, schedule: &CommandSchedule) -> Result<()> {
        let last = schedule.last.as_ref();
        self.run(
            "INSERT OR REPLACE INTO schedules
                 (name, timing, command, data, subject, after, paused, set_at, actor, runs,
                  last_due, last_at, last_command, last_outcome, last_event, last_events, last_said)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
            params![
                schedule.name,
                schedule.timing,
                schedule.command_type,
                schedule.data,
                schedule.subject,
                schedule.after,
                schedule.paused,
                schedule.set_at,
                schedule.actor,
                schedule.runs as i64,
                last.and_then(|last| last.due.as_ref()),
                last.map(|last| &last.at),
                last.map(|last| &last.command),
                last.map(|last| &last.outcome),
                last.and_then(|last| last.first_event)
                    .map(|seq| seq.0 as i64),
                last.map(|last| last.events as i64),
                last.and_then(|last| last.said.as_ref()),
            ],
        )?;
        Ok(())
    }

    pub(super) fn remove_schedule(&self, name: &str) -> Result<()> {
        self.run("DELETE FROM schedules WHERE name = ?1", &[&name])?;
        Ok(())
    }
}
