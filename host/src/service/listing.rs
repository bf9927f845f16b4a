//! Which versions a book has, and which events each of them handled: told from the log alone.

use std::collections::BTreeMap;

use crate::model::{Lineup, Manifest, PluginVersion, Result, TypeName, VersionDate};
use crate::store::{Certification, LogDb, StoredVersion};

use super::versions::VersionLine;

/// All versions of a book and how often each lineup is stamped on each type of event.
pub(super) struct Listing {
    versions: BTreeMap<PluginVersion, StoredVersion>,
    stamped: Vec<(Lineup, TypeName, u64)>,
    certifications: Vec<Certification>,
}

impl Listing {
    pub fn read(log: &LogDb) -> Result<Listing> {
        let versions = log
            .versions()?
            .into_iter()
            .map(|stored| (stored.version.clone(), stored));
        let stamped = log.stamped()?.into_iter();
        Ok(Listing {
            versions: versions.collect(),
            stamped: stamped
                .map(|(lineup, event_type, events)| Ok((lineup.parse()?, event_type, events)))
                .collect::<Result<_>>()?,
            certifications: log.certifications()?,
        })
    }

    /// Every version, by plugin and date.
    pub fn lines(&self, active: &Lineup) -> Vec<VersionLine> {
        let lines = self.versions.values().map(|stored| VersionLine {
            version: stored.version.clone(),
            digest: stored.digest,
            manifest: stored.manifest.clone(),
            loaded_at: stored.loaded_at.clone(),
            active: is_in(active, &stored.version),
            events: self.events(&stored.version),
            certification: self.certification(stored),
        });
        lines.collect()
    }

    /// The certification of this very component.
    fn certification(&self, stored: &StoredVersion) -> Option<Certification> {
        let mut certifications = self.certifications.iter();
        certifications
            .find(|known| known.version == stored.version && known.digest == stored.digest)
            .cloned()
    }

    /// Events of the log that a version handled.
    pub fn events(&self, version: &PluginVersion) -> u64 {
        let handled = self.stamped.iter().filter(|(lineup, event_type, _)| {
            is_in(lineup, version) && self.handles(version, event_type.as_str())
        });
        handled.map(|(_, _, events)| events).sum()
    }

    /// True when a version, or one it extends, declares or materializes a type.
    fn handles(&self, version: &PluginVersion, event_type: &str) -> bool {
        let mut next = Some(version.clone());
        while let Some(version) = next {
            let Some(stored) = self.versions.get(&version) else {
                return false;
            };
            if names(&stored.manifest, event_type) {
                return true;
            }
            let extends: Option<VersionDate> = stored.manifest.extends().ok().flatten();
            next = extends.map(|date| PluginVersion {
                plugin: version.plugin,
                date,
            });
        }
        false
    }
}

fn is_in(lineup: &Lineup, version: &PluginVersion) -> bool {
    lineup.version(version.plugin.as_str()) == Some(version.date)
}

fn names(manifest: &Manifest, event_type: &str) -> bool {
    manifest.materializes.iter().any(|name| name == event_type)
        || manifest.events.iter().any(|event| event.name == event_type)
}
