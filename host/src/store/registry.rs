//! The projections' registry and the epochs, in the log: which file is live, and what must be run to get its rows.

use rusqlite::params;

use super::LogDb;
use crate::model::{Error, Result, Schedule, Seq};

/// What a projection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Answers reads and commands; follows every commit.
    Live,
    /// Made by a replay under a name of its own.
    Replay,
}

impl Role {
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Live => "live",
            Role::Replay => "replay",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectionRecord {
    pub name: String,
    /// File name below `projections/`.
    pub file: String,
    pub role: Role,
    pub schedule: Schedule,
    /// Host, engine and contract that made it.
    pub made_by: String,
}

impl LogDb {
    pub fn projections(&self) -> Result<Vec<ProjectionRecord>> {
        let rows: Vec<(String, String, String, String, String)> = self.all(
            "SELECT name, file, role, schedule, made_by FROM projections ORDER BY name",
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
        rows.into_iter()
            .map(|(name, file, role, schedule, made_by)| {
                let role = match role.as_str() {
                    "live" => Role::Live,
                    "replay" => Role::Replay,
                    other => {
                        return Err(Error::corrupt(format!(
                            "projection '{name}' has role '{other}'"
                        )));
                    }
                };
                Ok(ProjectionRecord {
                    name,
                    file,
                    role,
                    schedule: schedule.parse()?,
                    made_by,
                })
            })
            .collect()
    }

    /// Adds or replaces a projection by name. Part of the open transaction.
    pub fn put_projection(&mut self, record: &ProjectionRecord) -> Result<()> {
        self.connection
            .execute(
                "INSERT OR REPLACE INTO projections (name, file, role, schedule, made_by) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![
                    record.name, record.file, record.role.as_str(), record.schedule.to_string(), record.made_by
                ],
            )
            .map_err(|error| self.failed(error))?;
        Ok(())
    }

    /// From which event on which schedule produced the recorded effects.
    pub fn epochs(&self) -> Result<Vec<(Seq, Schedule)>> {
        let rows: Vec<(i64, String)> = self.all(
            "SELECT from_seq, schedule FROM epochs ORDER BY from_seq",
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        rows.into_iter()
            .map(|(from, text)| Ok((Seq(from as u64), text.parse()?)))
            .collect()
    }

    /// Part of the open transaction.
    pub fn put_epoch(&mut self, from: Seq, schedule: &Schedule) -> Result<()> {
        self.connection
            .execute(
                "INSERT OR REPLACE INTO epochs (from_seq, schedule) VALUES (?1, ?2)",
                params![from.0 as i64, schedule.to_string()],
            )
            .map_err(|error| self.failed(error))?;
        Ok(())
    }
}

impl LogDb {
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

    /// Part of the open transaction.
    pub fn put_meta(&mut self, key: &str, value: &str) -> Result<()> {
        self.connection
            .execute(
                "INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)",
                [key, value],
            )
            .map_err(|error| self.failed(error))?;
        Ok(())
    }
}
