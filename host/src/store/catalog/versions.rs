//! Components and versions in the log: bytes by digest, manifests, and the layouts that effects refer to.

use crate::model::StoredVersion;
use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::OptionalExtension;

use super::events::Catalog;
use crate::model::manifest::Table;
use crate::model::{Digest, Error, PluginName, PluginVersion, Result, TableLayout};

impl Catalog {
    /// All versions, by plugin and date.
    pub fn versions(&self) -> Result<Vec<StoredVersion>> {
        let rows: Vec<(String, String, Vec<u8>, String, String)> = self.all(
            "SELECT plugin, date, digest, manifest, loaded_at FROM versions ORDER BY plugin, date",
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
            .map(|(plugin, date, digest, manifest, loaded_at)| {
                Ok(StoredVersion {
                    version: PluginVersion {
                        plugin: plugin.parse().map_err(Error::stored)?,
                        date: date.parse().map_err(Error::stored)?,
                    },
                    digest: Digest::from_slice(&digest)?,
                    manifest: serde_json::from_str(&manifest).map_err(|error| {
                        Error::corrupt(format!("manifest of {plugin}@{date}: {error}"))
                    })?,
                    loaded_at,
                })
            })
            .collect()
    }

    pub fn component(&self, digest: &Digest) -> Result<Vec<u8>> {
        let bytes: Option<Vec<u8>> = self
            .connection
            .query_row(
                "SELECT bytes FROM components WHERE digest = ?1",
                [&digest.0[..]],
                |row| row.get(0),
            )
            .optional()
            .map_err(|error| self.failed(error))?;
        match bytes {
            Some(bytes) if Digest::of(&bytes) == *digest => Ok(bytes),
            Some(_) => Err(
                Error::corrupt(format!("component {digest} is not what was loaded"))
                    .hint("restore the log from a copy"),
            ),
            None => Err(Error::corrupt(format!(
                "component {digest} is not in the log"
            ))),
        }
    }

    /// Every layout that was ever registered, for reading recorded effects.
    pub fn layouts(&self) -> Result<BTreeMap<[u8; 16], Arc<TableLayout>>> {
        let rows: Vec<(String, String)> = self
            .all("SELECT plugin, declaration FROM layouts", |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        rows.into_iter()
            .map(|(plugin, declaration)| {
                let table: Table = serde_json::from_str(&declaration)
                    .map_err(|error| Error::corrupt(format!("a layout of {plugin}: {error}")))?;
                let layout = { PluginName::new(&plugin).and_then(|plugin| table.layout(&plugin)) }
                    .map_err(Error::stored)?;
                Ok((layout.digest, Arc::new(layout)))
            })
            .collect()
    }
}
