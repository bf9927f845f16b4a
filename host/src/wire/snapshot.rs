//! Snapshots of the live state.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::SnapshotRecord;

/// The snapshots of the live state.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Snapshots {
    /// By position.
    pub snapshots: Vec<Snapshot>,
}

/// A copy of the live state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Snapshot {
    /// File name below `snapshots/`.
    pub file: String,
    /// The last event in it.
    pub position: u64,
    /// Which versions handled the events from which on.
    pub schedule: String,
    /// RFC 3339, UTC.
    pub made_at: String,
    /// Host, engine and contract that ran them.
    pub made_by: String,
}

impl From<&SnapshotRecord> for Snapshot {
    fn from(record: &SnapshotRecord) -> Snapshot {
        Snapshot {
            file: record.file.clone(),
            position: record.position.0,
            schedule: record.schedule.to_string(),
            made_at: record.made_at.clone(),
            made_by: record.made_by.clone(),
        }
    }
}
