//! What a verification found.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::book;
use crate::study;

/// What a verification found, as of the moment it was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Verified {
    /// The log still yields the state.
    pub holds: bool,
    /// The first thing that does not hold, in words.
    pub problem: Option<String>,
    /// The command that puts it right, where one does.
    #[serde(default)]
    pub hint: Option<String>,
    /// Events that were replayed.
    pub events: u64,
    /// Stretches of the log under one lineup each.
    pub epochs: u64,
    /// SHA-256 of the log.
    pub log: String,
    /// Running hash of all effects.
    pub running: String,
    /// Hash of the live state's rows.
    pub rows: String,
    /// Digest of everything that the log's commits left, up to the last one: to be kept elsewhere.
    #[serde(default)]
    pub digest: Option<String>,
}

/// Where the log stands, as a digest that covers all that its commits left. Kept elsewhere, it proves later that nothing was
/// cut off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LogHead {
    /// SHA-256, chained over the commits.
    pub digest: String,
    /// The last event.
    pub event: u64,
    /// Its chain hash.
    pub hash: String,
}

impl From<&book::LogHead> for LogHead {
    fn from(head: &book::LogHead) -> LogHead {
        LogHead {
            digest: head.digest.to_string(),
            event: head.event.0,
            hash: head.hash.to_string(),
        }
    }
}

impl From<&study::Verified> for Verified {
    fn from(verified: &study::Verified) -> Verified {
        Verified {
            holds: verified.problem.is_none(),
            problem: verified.problem.clone(),
            hint: verified.hint.clone(),
            events: verified.events,
            epochs: verified.epochs,
            log: verified.head_hash.to_string(),
            running: verified.running.to_string(),
            rows: verified.rows.to_string(),
            digest: verified.digest.map(|digest| digest.to_string()),
        }
    }
}
