//! The projections' registry and the epochs, in the log: which file is live, and what must be run to get its rows.

use rusqlite::params;

use super::events::Catalog;
use crate::model::{Error, Result, Schedule, Seq};

/// What a projection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Answers reads and commands; follows every commit.
    Live,
    /// Follows the log under a candidate, to be compared with the live one and put in its place.
    Shadow,
    /// Was live until another took its place; follows the log, to be gone back to.
    Standby,
    /// Made by a replay under a name of its own.
    Replay,
}

impl Role {
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Live => "live",
            Role::Shadow => "shadow",
            Role::Standby => "standby",
            Role::Replay => "replay",
        }
    }
}

impl std::str::FromStr for Role {
    type Err = Error;

    fn from_str(text: &str) -> Result<Role> {
        [Role::Live, Role::Shadow, Role::Standby, Role::Replay]
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| Error::corrupt(format!("'{text}' is no role of a projection")))
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
                    schedule: schedule.parse()?,
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

    /// Forgets a projection; its file is the caller's to remove. Part of the open transaction.
    pub fn remove_projection(&mut self, name: &str) -> Result<()> {
        self.connection
            .execute("DELETE FROM projections WHERE name = ?1", [name])
            .map_err(|error| self.failed(error))?;
        Ok(())
    }

    /// Forgets what follows the log beside the live projection, and the snapshots that have an event: their history is
    /// about to be another one. The files are the caller's to remove. Part of the open transaction.
    pub fn forget_beside(&mut self, event: Seq) -> Result<()> {
        let run = |sql: &str, values: &[&dyn rusqlite::ToSql]| {
            self.connection
                .execute(sql, values)
                .map_err(|error| self.failed(error))
        };
        run(
            "DELETE FROM projections WHERE role IN ('shadow', 'standby')",
            &[],
        )?;
        run("DELETE FROM meta WHERE key LIKE 'expect %'", &[])?;
        run(
            "DELETE FROM snapshots WHERE position >= ?1",
            params![event.0 as i64],
        )?;
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

    /// Part of the open transaction.
    pub fn remove_meta(&mut self, key: &str) -> Result<()> {
        self.connection
            .execute("DELETE FROM meta WHERE key = ?1", [key])
            .map_err(|error| self.failed(error))?;
        Ok(())
    }
}
