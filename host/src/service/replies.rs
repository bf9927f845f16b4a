//! What operations came to, as JSON: the server's answers and the command line's output are the same.

use serde_json::{Value as Json, json};

use super::certify::certification_json;
use super::replays::Verified;
use super::versions::{Loaded, VersionLine};
use crate::model::{Isolation, Lineup, PluginVersion, Seq};

/// What activating came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Activated {
    pub version: PluginVersion,
    /// The event that records it.
    pub seq: Seq,
    /// What is in force now.
    pub lineup: Lineup,
}

impl Loaded {
    pub fn json(&self) -> Json {
        json!({
            "plugin": self.version.plugin.as_str(),
            "version": self.version.date.to_string(),
            "digest": self.digest.to_string(),
            "changes": self.changes,
            "already": self.already,
            "isolation": self.isolation.map(Isolation::as_str),
            "certification": self.certification.as_ref().map(certification_json),
        })
    }
}

impl VersionLine {
    pub fn json(&self) -> Json {
        let pins = self
            .pins
            .iter()
            .map(|pin| json!({ "actor": pin.actor, "uses": pin.uses, "last_at": pin.last_at }));
        json!({
            "plugin": self.version.plugin.as_str(),
            "version": self.version.date.to_string(),
            "extends": self.manifest.extends,
            "active": self.active,
            "state": self.state.as_str(),
            "events": self.events,
            "needed_by": self.needed_by,
            "pins": pins.collect::<Vec<_>>(),
            "digest": self.digest.to_string(),
            "loaded_at": self.loaded_at,
            "isolation": self.isolation().as_str(),
            "certification_due": self.is_certification_due(),
            "certification": self.certification.as_ref().map(certification_json),
            "description": self.manifest.description,
            "changes": self.manifest.changes,
            "materializes": self.manifest.materializes,
        })
    }
}

impl Activated {
    pub fn json(&self) -> Json {
        json!({
            "plugin": self.version.plugin.as_str(),
            "version": self.version.date.to_string(),
            "seq": self.seq.0,
            "lineup": self.lineup.to_string(),
        })
    }
}

impl Verified {
    pub fn json(&self) -> Json {
        json!({
            "holds": self.problem.is_none(),
            "problem": self.problem,
            "events": self.events,
            "epochs": self.epochs,
            "log": self.head_hash.to_string(),
            "running": self.running.to_string(),
            "rows": self.rows.to_string(),
        })
    }
}
