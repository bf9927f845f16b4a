//! Versions with their components, layouts and certifications, into their tables.

use rusqlite::params;

use super::super::events::Catalog;
use crate::model::manifest::Table;
use crate::model::{
    Certification, Digest, Error, PluginVersion, Result, StoredVersion, TableLayout,
};

impl Catalog {
    pub(super) fn write_component(&self, digest: &Digest, bytes: &[u8]) -> Result<()> {
        self.run(
            "INSERT OR IGNORE INTO components (digest, bytes) VALUES (?1, ?2)",
            params![&digest.0[..], bytes],
        )?;
        Ok(())
    }

    pub(super) fn write_version(&self, version: &StoredVersion) -> Result<()> {
        let manifest = serde_json::to_string(&version.manifest)
            .map_err(|error| Error::internal(format!("writing a manifest: {error}")))?;
        self.run(
            "INSERT OR REPLACE INTO versions (plugin, date, digest, manifest, loaded_at) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                version.version.plugin.as_str(),
                version.version.date.to_string(),
                &version.digest.0[..],
                manifest,
                version.loaded_at
            ],
        )?;
        Ok(())
    }

    pub(super) fn write_layout(&self, layout: &TableLayout) -> Result<()> {
        let key = layout.key.iter();
        let declaration = Table {
            name: layout.table.clone(),
            columns: layout.columns.clone(),
            primary_key: key.map(|&at| layout.columns[at].name.clone()).collect(),
            indexes: Vec::new(),
        };
        let declaration = serde_json::to_string(&declaration)
            .map_err(|error| Error::internal(format!("writing a layout: {error}")))?;
        self.run(
            "INSERT INTO layouts (digest, plugin, declaration) VALUES (?1, ?2, ?3)
             ON CONFLICT (digest) DO UPDATE SET declaration = excluded.declaration",
            params![&layout.digest[..], layout.plugin.as_str(), declaration],
        )?;
        Ok(())
    }

    pub(super) fn write_certification(&self, certification: &Certification) -> Result<()> {
        self.run(
            "INSERT OR REPLACE INTO certifications
             (plugin, date, digest, certified_at, engine, events, commands, materializers, creators, reason)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                certification.version.plugin.as_str(),
                certification.version.date.to_string(),
                &certification.digest.0[..],
                certification.certified_at,
                certification.engine,
                certification.events as i64,
                certification.commands as i64,
                certification.instances.as_str(),
                // Materializers and creators had words of their own once.
                certification.instances.as_str(),
                certification.reason,
            ],
        )?;
        Ok(())
    }

    pub(super) fn write_retired(
        &self,
        version: &PluginVersion,
        at: &str,
        reason: Option<&str>,
    ) -> Result<()> {
        self.run(
            "INSERT INTO retirements (plugin, date, retired_at, reason) VALUES (?1, ?2, ?3, ?4)",
            params![
                version.plugin.as_str(),
                version.date.to_string(),
                at,
                reason
            ],
        )?;
        Ok(())
    }

    pub(super) fn remove_retired(&self, version: &PluginVersion) -> Result<()> {
        self.run(
            "DELETE FROM retirements WHERE plugin = ?1 AND date = ?2",
            params![version.plugin.as_str(), version.date.to_string()],
        )?;
        Ok(())
    }
}
