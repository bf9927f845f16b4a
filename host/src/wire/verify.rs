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
    /// Running hash of all changes.
    pub running: String,
    /// Running hash of all tasks.
    #[serde(default)]
    pub running_tasks: String,
    /// Hash of the live state's rows.
    pub rows: String,
    /// Digest of everything that the log's commits left, up to the last one: to be kept elsewhere.
    #[serde(default)]
    pub digest: Option<String>,
}

/// What a whole history came to, in a few hashes: two books are compared by them, whatever their size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HistoryHashes {
    /// The last event that is in the state.
    pub event: u64,
    /// Chain hash of the log up to it. Each book has salts of its own: only copies of one book have the same.
    pub log: String,
    /// Running hash of all row changes.
    pub changes: String,
    /// Running hash of all tasks that were asked for.
    pub tasks: String,
    /// What is in force.
    pub lineup: String,
}

impl From<&book::HistoryHashes> for HistoryHashes {
    fn from(hashes: &book::HistoryHashes) -> HistoryHashes {
        HistoryHashes {
            event: hashes.head.position.0,
            log: hashes.log.to_string(),
            changes: hashes.head.running.to_string(),
            tasks: hashes.head.tasks.to_string(),
            lineup: hashes.lineup.to_string(),
        }
    }
}

/// Two whole histories compared by their hashes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SameHistories {
    /// The same effects: changes and tasks.
    pub same: bool,
    pub changes: bool,
    pub tasks: bool,
    /// They are copies of one book.
    pub log: bool,
    pub one: HistoryHashes,
    pub other: HistoryHashes,
}

impl SameHistories {
    pub fn of(one: HistoryHashes, other: HistoryHashes) -> SameHistories {
        let (changes, tasks) = (one.changes == other.changes, one.tasks == other.tasks);
        SameHistories {
            same: changes && tasks,
            changes,
            tasks,
            log: one.log == other.log,
            one,
            other,
        }
    }
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
            running_tasks: verified.tasks.to_string(),
            rows: verified.rows.to_string(),
            digest: verified.digest.map(|digest| digest.to_string()),
        }
    }
}
