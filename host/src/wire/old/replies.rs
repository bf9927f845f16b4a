//! What operations came to, as JSON: the server's answers and the command line's output are the same.

use serde_json::{Value as Json, json};

use crate::model::{Isolation, Lineup, PluginVersion, Seq};
use crate::shadow::TrackStatus;
use crate::store::SnapshotRecord;
use crate::study::Verified;
use crate::versions::ChangelogEntry;
use crate::versions::Promoted;
use crate::versions::certification_json;
use crate::versions::{Loaded, VersionLine};

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

impl TrackStatus {
    pub fn json(&self) -> Json {
        json!({
            "name": self.name,
            "role": self.role.as_str(),
            "schedule": self.schedule.to_string(),
            "position": self.position.0,
            "head": self.head.0,
            "lag": self.lag(),
            "ready": self.is_ready,
            "doom": self.doom,
            "differences": self.tally,
        })
    }
}

impl Promoted {
    pub fn json(&self) -> Json {
        json!({
            "seq": self.seq.0,
            "lineup": self.lineup.to_string(),
            "track": self.status.json(),
        })
    }
}

/// A snapshot as JSON, for every door.
pub fn snapshot_json(record: &SnapshotRecord) -> Json {
    json!({
        "file": record.file,
        "position": record.position.0,
        "schedule": record.schedule.to_string(),
        "made_at": record.made_at,
        "made_by": record.made_by,
    })
}

impl ChangelogEntry {
    pub fn json(&self) -> Json {
        let declared = self.declared.changes.iter().map(|change| {
            json!({
                "kind": change.kind, "name": change.name, "place": change.place,
                "what": change.what, "detail": change.detail, "breaking": change.breaking.as_str(),
            })
        });
        json!({
            "plugin": self.version.plugin.as_str(),
            "version": self.version.date.to_string(),
            "since": self.since.map(|date| date.to_string()),
            "description": self.description,
            "changes": self.changes,
            "declared": declared.collect::<Vec<_>>(),
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
