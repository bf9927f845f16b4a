//! Events that a version named for them handles, in whatever is pinned.

use rusqlite::params;

use super::events::Catalog;
use crate::model::{PluginVersion, Result, Seq};

impl Catalog {
    /// In the order of the log.
    pub fn event_pins(&self) -> Result<Vec<(Seq, PluginVersion)>> {
        let rows: Vec<(i64, String, String)> = self.all(
            "SELECT event, plugin, date FROM event_pins ORDER BY event",
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
        rows.into_iter()
            .map(|(event, plugin, date)| {
                let version = PluginVersion {
                    plugin: plugin.parse()?,
                    date: date.parse()?,
                };
                Ok((Seq(event as u64), version))
            })
            .collect()
    }

    /// Part of the open transaction. `seq` is the event that says so; it replaces an earlier pin.
    pub fn put_event_pin(&mut self, event: Seq, version: &PluginVersion, seq: Seq) -> Result<()> {
        self.connection
            .execute(
                "INSERT OR REPLACE INTO event_pins (event, plugin, date, seq) VALUES (?1, ?2, ?3, ?4)",
                params![
                    event.0 as i64,
                    version.plugin.as_str(),
                    version.date.to_string(),
                    seq.0 as i64
                ],
            )
            .map_err(|error| self.failed(error))?;
        Ok(())
    }

    /// Part of the open transaction.
    pub fn remove_event_pin(&mut self, event: Seq) -> Result<()> {
        self.connection
            .execute("DELETE FROM event_pins WHERE event = ?1", [event.0 as i64])
            .map_err(|error| self.failed(error))?;
        Ok(())
    }
}
