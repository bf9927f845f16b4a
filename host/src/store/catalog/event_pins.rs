//! Events that a version named for them handles, in whatever is pinned.

use super::events::Catalog;
use crate::model::{Error, PluginVersion, Result, Seq};

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
                    plugin: plugin.parse().map_err(Error::stored)?,
                    date: date.parse().map_err(Error::stored)?,
                };
                Ok((Seq(event as u64), version))
            })
            .collect()
    }
}
