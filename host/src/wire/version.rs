//! Versions of plugins: loaded, certified, listed, put in force, given up, and what each changed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{self, Instances, Lineup, PluginVersion, Seq, changelog};
use crate::versions::{self, VersionLine};

/// What becomes of the events that are there already when a version is put in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// All of history is materialized again with the version.
    #[default]
    Pinned,
    /// State stays as it is; the version handles what comes from now on.
    Recorded,
    /// State stays as it is; from now on each event is handled by the version of its caller's date.
    Stamped,
}

impl From<Policy> for versions::Policy {
    fn from(policy: Policy) -> versions::Policy {
        match policy {
            Policy::Pinned => versions::Policy::Pinned,
            Policy::Recorded => versions::Policy::Recorded,
            Policy::Stamped => versions::Policy::Stamped,
        }
    }
}

/// What a certification showed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Certification {
    /// RFC 3339, UTC.
    pub certified_at: String,
    /// The engine that ran it; on another one it is due again.
    pub engine: String,
    /// Events that were tried.
    pub events: u64,
    /// Commands that were tried.
    pub commands: u64,
    /// What becomes of its instances after a call: `reset` or `fresh`.
    pub instances: String,
    /// Why.
    pub reason: String,
}

impl From<&model::Certification> for Certification {
    fn from(known: &model::Certification) -> Certification {
        Certification {
            certified_at: known.certified_at.clone(),
            engine: known.engine.clone(),
            events: known.events,
            commands: known.commands,
            instances: known.instances.to_string(),
            reason: known.reason.clone(),
        }
    }
}

/// A component that was loaded.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Loaded {
    pub plugin: String,
    /// The version's date.
    pub version: String,
    /// SHA-256 of the component.
    pub digest: String,
    /// What the version says that it changes.
    pub changes: Vec<String>,
    /// Exactly this component was loaded before; nothing changed.
    pub already: bool,
    /// What becomes of its instances after a call: `reset` or `fresh`; null where it was loaded before.
    pub instances: Option<String>,
    /// What its certification showed; null where it was loaded before.
    pub certification: Option<Certification>,
    /// A call that came near the limit of fuel when it was tried, in words; absent where none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub costly: Option<String>,
}

impl From<&versions::Loaded> for Loaded {
    fn from(loaded: &versions::Loaded) -> Loaded {
        Loaded {
            plugin: loaded.version.plugin.to_string(),
            version: loaded.version.date.to_string(),
            digest: loaded.digest.to_string(),
            changes: loaded.changes.clone(),
            already: loaded.already,
            instances: loaded.instances.as_ref().map(Instances::to_string),
            certification: loaded.certification.as_ref().map(Into::into),
            costly: loaded.costly.clone(),
        }
    }
}

/// Every version that was ever loaded.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Versions {
    /// By plugin and date.
    pub versions: Vec<Version>,
}

/// A version of a plugin.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Version {
    pub plugin: String,
    /// The version's date.
    pub version: String,
    /// Date of the version that it stands on.
    pub extends: Option<String>,
    /// It is in force.
    pub active: bool,
    /// `loaded`, `retired`, …
    pub state: String,
    /// Events that it handled first.
    pub events: u64,
    /// Why it cannot be retired; empty where it can.
    pub needed_by: Vec<String>,
    /// Who asked for it by its date.
    pub pins: Vec<VersionPin>,
    /// SHA-256 of the component.
    pub digest: String,
    /// RFC 3339, UTC.
    pub loaded_at: String,
    /// What becomes of its instances after a call: `reset` or `fresh`; null where a certification is due.
    pub instances: Option<String>,
    /// It was never certified, or on another engine.
    pub certification_due: bool,
    /// A certification on this engine tried it, and nothing that must not matter made a difference.
    pub certified: bool,
    pub certification: Option<Certification>,
    pub description: String,
    /// What it says that it changes.
    pub changes: Vec<String>,
    /// Types of events that it handles.
    pub materializes: Vec<String>,
}

/// A caller that asked for a version by its date.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct VersionPin {
    /// Null: callers without a token.
    pub actor: Option<String>,
    pub uses: u64,
    /// RFC 3339, UTC.
    pub last_at: String,
}

impl From<&VersionLine> for Version {
    fn from(line: &VersionLine) -> Version {
        let manifest = &line.manifest;
        let pins = line.pins.iter().map(|pin| VersionPin {
            actor: pin.actor.clone(),
            uses: pin.uses,
            last_at: pin.last_at.clone(),
        });
        Version {
            plugin: line.version.plugin.to_string(),
            version: line.version.date.to_string(),
            extends: manifest.extends.clone(),
            active: line.active,
            state: line.state.as_str().to_owned(),
            events: line.events,
            needed_by: line.needed_by.clone(),
            pins: pins.collect(),
            digest: line.digest.to_string(),
            loaded_at: line.loaded_at.clone(),
            instances: line.instances().as_ref().map(Instances::to_string),
            certification_due: line.is_certification_due(),
            certified: line.is_certified(),
            certification: line.certification.as_ref().map(Into::into),
            description: manifest.description.clone(),
            changes: manifest.changes.clone(),
            materializes: manifest.materializes.clone(),
        }
    }
}

/// How a loaded version is put in force.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ActivateRequest {
    pub policy: Policy,
}

/// A version that is in force now.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Activated {
    pub plugin: String,
    /// The version's date.
    pub version: String,
    /// The event that says so.
    pub seq: u64,
    /// All that is in force now.
    pub lineup: String,
}

impl Activated {
    pub fn new(version: &PluginVersion, seq: Seq, lineup: &Lineup) -> Activated {
        Activated {
            plugin: version.plugin.to_string(),
            version: version.date.to_string(),
            seq: seq.0,
            lineup: lineup.to_string(),
        }
    }
}

/// What a certification came to.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Certified {
    pub plugin: String,
    /// The version's date.
    pub version: String,
    /// False: it is not to be trusted; the certification's reason names the first difference.
    pub deterministic: bool,
    pub certification: Certification,
    /// A call that came near the limit of fuel when it was tried, in words; absent where none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub costly: Option<String>,
}

impl From<&versions::Certified> for Certified {
    fn from(certified: &versions::Certified) -> Certified {
        let known = &certified.certification;
        Certified {
            plugin: known.version.plugin.to_string(),
            version: known.version.date.to_string(),
            deterministic: certified.refusal.is_none(),
            certification: known.into(),
            costly: certified.costly.clone(),
        }
    }
}

/// Why something is done.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// It stays in the log.
    #[serde(default)]
    pub reason: Option<String>,
}

/// A version is to be given up.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RetireRequest {
    /// It stays in the log.
    #[serde(default)]
    pub reason: Option<String>,
    /// For how many days a caller's request of a version by its date counts, from now on; absent: as it was set last.
    #[serde(default)]
    pub pin_days: Option<u32>,
}

/// Who and what needs a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WhyNot {
    /// `plugin@date`
    pub version: String,
    /// In words; empty where it can be retired.
    pub reasons: Vec<String>,
    /// Versions that extend it.
    pub extended_by: Vec<String>,
    /// Projections that run it.
    pub projections: Vec<String>,
    /// How many events it handled.
    pub events: u64,
    /// The first thousand of them.
    pub first_events: Vec<u64>,
    /// Where it handled none: from which events on recorded effects come from what others read of it.
    pub epochs: Vec<u64>,
    /// Events that it is to handle wherever versions are pinned.
    pub pinned_events: Vec<u64>,
    /// Who asked for it by its date.
    pub callers: Vec<WhyNotCaller>,
    /// For how many days that counts; null: for ever.
    pub pin_days: Option<u32>,
}

/// A caller that asked for a version by its date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WhyNotCaller {
    /// Null: callers without a token.
    pub actor: Option<String>,
    pub uses: u64,
    /// RFC 3339, UTC.
    pub last_at: String,
    /// It was asked so lately that it counts.
    pub counts: bool,
}

impl WhyNot {
    pub fn new(version: &PluginVersion, needs: &versions::Needs) -> WhyNot {
        let numbers = |seqs: &[Seq]| seqs.iter().map(|seq| seq.0).collect();
        let callers = needs.callers.iter().map(|caller| WhyNotCaller {
            actor: caller.actor.clone(),
            uses: caller.uses,
            last_at: caller.last_at.clone(),
            counts: needs.counts(caller),
        });
        WhyNot {
            version: version.to_string(),
            reasons: needs.reasons(),
            extended_by: needs.extended_by.iter().map(ToString::to_string).collect(),
            projections: needs.projections.clone(),
            events: needs.events,
            first_events: numbers(&needs.first_events),
            epochs: numbers(&needs.epochs),
            pinned_events: numbers(&needs.pinned_events),
            callers: callers.collect(),
            pin_days: needs.pin_days,
        }
    }
}

/// A version that nobody gets any more.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Retired {
    /// `plugin@date`
    pub version: String,
    /// The event that says so.
    pub seq: u64,
}

/// What each version changed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Changelog {
    /// By plugin and date.
    pub versions: Vec<ChangelogEntry>,
}

/// What one version changed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ChangelogEntry {
    pub plugin: String,
    /// The version's date.
    pub version: String,
    /// Date of the version before it, which it is compared with.
    pub since: Option<String>,
    pub description: String,
    /// In its author's words.
    pub changes: Vec<String>,
    /// What it declares otherwise.
    pub declared: Vec<DeclaredChange>,
}

/// One difference of what two versions declare.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DeclaredChange {
    /// `event`, `command` or `table`
    pub kind: String,
    /// `bank.Deposit`, `account`
    pub name: String,
    /// Where in it: a JSON pointer into the schema, or a column; empty for the whole.
    pub place: String,
    /// `added`, `removed` or `changed`
    pub what: String,
    pub detail: String,
    /// Whether what was valid before may not be any more: `no`, `breaking` or `maybe`.
    pub breaking: String,
}

impl From<&changelog::Change> for DeclaredChange {
    fn from(change: &changelog::Change) -> DeclaredChange {
        DeclaredChange {
            kind: change.kind.to_owned(),
            name: change.name.clone(),
            place: change.place.clone(),
            what: change.what.to_owned(),
            detail: change.detail.clone(),
            breaking: change.breaking.as_str().to_owned(),
        }
    }
}

impl From<&versions::ChangelogEntry> for ChangelogEntry {
    fn from(entry: &versions::ChangelogEntry) -> ChangelogEntry {
        ChangelogEntry {
            plugin: entry.version.plugin.to_string(),
            version: entry.version.date.to_string(),
            since: entry.since.map(|date| date.to_string()),
            description: entry.description.clone(),
            changes: entry.changes.clone(),
            declared: entry.declared.changes.iter().map(Into::into).collect(),
        }
    }
}
