//! Which versions a book has, and which events each of them handled: told from the log alone.

use super::load::lines;
use crate::book::Reader;
use std::collections::BTreeMap;

use crate::model::changelog::{Declared, VersionChanges, compare};
use crate::model::{Certification, StoredVersion};
use crate::model::{Lineup, Manifest, PluginVersion, Result, TypeName, VersionDate};
use crate::store::Catalog;

use super::load::VersionLine;
use super::retirement::VersionState;

/// All versions of a book and how often each lineup is stamped on each type of event.
pub(crate) struct Listing {
    versions: BTreeMap<PluginVersion, StoredVersion>,
    stamped: Vec<(Lineup, TypeName, u64)>,
    certifications: Vec<Certification>,
}

impl Reader {
    /// Every version that was ever loaded, by plugin and date.
    pub fn versions(&self) -> Result<Vec<VersionLine>> {
        lines(self.log(), &self.live()?.schedule.last())
    }

    /// What each version changed against the one before it, by plugin and date.
    pub fn changelog(&self, plugin: Option<&str>) -> Result<Vec<ChangelogEntry>> {
        Ok(Listing::read(self.log())?.changelog(plugin))
    }
}

impl Listing {
    pub fn read(log: &Catalog) -> Result<Listing> {
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
            state: VersionState::Loaded,
            pins: Vec::new(),
            needed_by: Vec::new(),
            certification: self.certification(stored),
        });
        lines.collect()
    }

    /// True when a lineup runs a version: it names it, for all callers or for some, or one that extends it.
    pub fn runs(&self, lineup: &Lineup, version: &PluginVersion) -> bool {
        let plugin = version.plugin.as_str();
        let dates = lineup.version(plugin).into_iter();
        let dates = dates.chain(lineup.earlier(plugin).iter().copied());
        let mut named = dates.filter_map(|date| {
            self.versions.get(&PluginVersion {
                plugin: version.plugin.clone(),
                date,
            })
        });
        named.any(|named| {
            let chain = self.chain(named);
            chain
                .iter()
                .any(|manifest| manifest.version == version.date.to_string())
        })
    }

    /// Versions that extend a version, directly.
    pub fn extending<'a>(
        &'a self,
        version: &'a PluginVersion,
    ) -> impl Iterator<Item = &'a PluginVersion> {
        let date = version.date.to_string();
        let same_plugin = self
            .versions
            .values()
            .filter(|other| other.version.plugin == version.plugin);
        same_plugin
            .filter(move |other| other.manifest.extends.as_deref() == Some(date.as_str()))
            .map(|other| &other.version)
    }

    /// The certification of this very component.
    fn certification(&self, stored: &StoredVersion) -> Option<Certification> {
        let mut certifications = self.certifications.iter();
        certifications
            .find(|known| known.version == stored.version && known.digest == stored.digest)
            .cloned()
    }

    /// True where a version was ever loaded.
    pub fn has(&self, version: &PluginVersion) -> bool {
        self.versions.contains_key(version)
    }

    /// Events of the log that a version handled.
    pub fn events(&self, version: &PluginVersion) -> u64 {
        self.stamps(version).map(|(_, _, events)| events).sum()
    }

    /// Under which lineups a version handled events of which type.
    pub fn handled<'a>(
        &'a self,
        version: &'a PluginVersion,
    ) -> impl Iterator<Item = (&'a Lineup, &'a TypeName)> {
        self.stamps(version)
            .map(|(lineup, event_type, _)| (lineup, event_type))
    }

    fn stamps<'a>(
        &'a self,
        version: &'a PluginVersion,
    ) -> impl Iterator<Item = &'a (Lineup, TypeName, u64)> {
        self.stamped.iter().filter(|(lineup, event_type, _)| {
            is_in(lineup, version) && self.handles(version, event_type.as_str())
        })
    }

    /// True where a version of another plugin in a lineup reads a plugin's tables.
    pub fn reads(&self, lineup: &Lineup, plugin: &str) -> bool {
        lineup.iter().any(|version| {
            let stored = self.versions.get(&version);
            stored.is_some_and(|stored| {
                let chain = self.chain(stored);
                let mut reads = chain.iter().flat_map(|manifest| &manifest.reads);
                version.plugin.as_str() != plugin && reads.any(|reads| reads.plugin == plugin)
            })
        })
    }

    /// True when a version, or one it extends, declares or materializes a type.
    fn handles(&self, version: &PluginVersion, event_type: &str) -> bool {
        let stored = self.versions.get(version);
        stored.is_some_and(|stored| {
            let chain = self.chain(stored);
            chain.iter().any(|manifest| names(manifest, event_type))
        })
    }
}

impl Listing {
    /// What each version changed against the one before it by date; the first of a plugin against nothing, and untold.
    pub fn changelog(&self, plugin: Option<&str>) -> Vec<ChangelogEntry> {
        let mut entries = Vec::new();
        let mut before: Option<&StoredVersion> = None;
        for stored in self.versions.values() {
            let name = &stored.version.plugin;
            let earlier = before.filter(|before| before.version.plugin == *name);
            before = Some(stored);
            if plugin.is_some_and(|plugin| plugin != name.as_str()) {
                continue;
            }
            let declared = earlier.map(|earlier| {
                let (old, new) = (self.chain(earlier), self.chain(stored));
                compare(&Declared::of(&old), &Declared::of(&new))
            });
            entries.push(ChangelogEntry {
                version: stored.version.clone(),
                since: earlier.map(|earlier| earlier.version.date),
                description: stored.manifest.description.clone(),
                changes: stored.manifest.changes.clone(),
                declared: declared.unwrap_or_default(),
            });
        }
        entries
    }

    /// A version's manifest and those of the versions it extends, newest first.
    fn chain<'a>(&'a self, stored: &'a StoredVersion) -> Vec<&'a Manifest> {
        let mut chain = vec![&stored.manifest];
        let mut next = stored.manifest.extends().ok().flatten();
        while let Some(date) = next {
            let version = PluginVersion {
                plugin: stored.version.plugin.clone(),
                date,
            };
            let Some(stored) = self.versions.get(&version) else {
                break;
            };
            chain.push(&stored.manifest);
            next = stored.manifest.extends().ok().flatten();
        }
        chain
    }
}

/// A version in the changelog.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangelogEntry {
    pub version: PluginVersion,
    /// The version before it, which it is compared with.
    pub since: Option<VersionDate>,
    pub description: String,
    /// In its author's words.
    pub changes: Vec<String>,
    /// What it declares otherwise.
    pub declared: VersionChanges,
}

fn is_in(lineup: &Lineup, version: &PluginVersion) -> bool {
    lineup.version(version.plugin.as_str()) == Some(version.date)
}

fn names(manifest: &Manifest, event_type: &str) -> bool {
    manifest.materializes.iter().any(|name| name == event_type)
        || manifest.events.iter().any(|event| event.name == event_type)
}
