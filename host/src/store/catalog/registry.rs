//! The projections' registry and the epochs, in the log: which file is live, and what must be run to get its rows.

use crate::model::{ProjectionRecord, Role};

use super::events::Catalog;
use crate::model::{Error, Result, Schedule, Seq};

impl Catalog {
    pub fn projections(&self) -> Result<Vec<ProjectionRecord>> {
        let rows = self.all_texts(
            "SELECT name, file, role, schedule, made_by FROM projections ORDER BY name",
        )?;
        rows.into_iter()
            .map(|[name, file, role, schedule, made_by]| {
                let role = { role.parse() }
                    .map_err(|error: Error| error.context(format!("projection '{name}'")))?;
                Ok(ProjectionRecord {
                    name,
                    file,
                    role,
                    schedule: schedule.parse().map_err(Error::stored)?,
                    made_by,
                })
            })
            .collect()
    }

    /// The projection that answers reads and commands.
    pub fn live(&self) -> Result<ProjectionRecord> {
        let records = self.projections()?.into_iter();
        { records }
            .find(|record| record.role == Role::Live)
            .ok_or_else(|| Error::corrupt("the log names no live projection"))
    }

    /// From which event on which schedule produced the recorded effects.
    pub fn epochs(&self) -> Result<Vec<(Seq, Schedule)>> {
        let rows: Vec<(i64, String)> = self.all(
            "SELECT from_seq, schedule FROM epochs ORDER BY from_seq",
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        rows.into_iter()
            .map(|(from, text)| Ok((Seq(from as u64), text.parse().map_err(Error::stored)?)))
            .collect()
    }
}

impl Catalog {
    /// A fact about the book itself.
    pub fn meta(&self, key: &str) -> Result<Option<String>> {
        use rusqlite::OptionalExtension;
        self.connection
            .query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| {
                row.get(0)
            })
            .optional()
            .map_err(|error| self.failed(error))
    }
}
