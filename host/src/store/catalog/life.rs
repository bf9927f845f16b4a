//! What the log keeps of the life of versions beside the versions themselves: who asked for one by its date, and which are
//! retired.

use std::collections::BTreeMap;

use super::events::Catalog;
use crate::model::{Error, PluginVersion, Result};

/// A caller that asked for a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinned {
    /// Absent: callers without a token.
    pub actor: Option<String>,
    pub uses: u64,
    /// RFC 3339, UTC.
    pub last_at: String,
}

impl Catalog {
    /// Who asked for which version.
    pub fn pins(&self) -> Result<BTreeMap<PluginVersion, Vec<Pinned>>> {
        let rows: Vec<(String, String, String, i64, String)> = self.all(
            "SELECT plugin, date, actor, uses, last_at FROM pins ORDER BY plugin, date, actor",
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
        let mut pins: BTreeMap<PluginVersion, Vec<Pinned>> = BTreeMap::new();
        for (plugin, date, actor, uses, last_at) in rows {
            let version = PluginVersion {
                plugin: plugin.parse().map_err(Error::stored)?,
                date: date.parse().map_err(Error::stored)?,
            };
            pins.entry(version).or_default().push(Pinned {
                actor: Some(actor).filter(|actor| !actor.is_empty()),
                uses: uses as u64,
                last_at,
            });
        }
        Ok(pins)
    }

    /// Retired versions, and since when.
    pub fn retired(&self) -> Result<BTreeMap<PluginVersion, String>> {
        let rows = self.all_texts("SELECT plugin, date, retired_at FROM retirements")?;
        rows.into_iter()
            .map(|[plugin, date, at]| {
                let version = PluginVersion {
                    plugin: plugin.parse().map_err(Error::stored)?,
                    date: date.parse().map_err(Error::stored)?,
                };
                Ok((version, at))
            })
            .collect()
    }
}
