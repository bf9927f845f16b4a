//! What operations came to, as JSON: the server's answers and the command line's output are the same.

use serde_json::{Value as Json, json};

use super::replays::Verified;
use super::versions::Loaded;
use crate::model::{Lineup, PluginVersion, Seq};

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
