//! Refusals: problem details as RFC 9457 has them, and the members that a client can act upon.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::shadow::Track;
use super::state::Hashes;
use super::value::Cell;
use crate::model::{JsonText, Rejection};

/// Why a request was refused.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// `/problems/` and a name that never changes its meaning.
    #[serde(rename = "type")]
    pub problem: String,
    pub title: String,
    pub status: u16,
    /// What is wrong, in words.
    pub detail: String,
    /// What the error means to who called: `usage`, `refused`, `rejected`, `plugin`, `conflict`, `unavailable`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The way out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Members beside those of all problems; the types of this file name those that clients act upon.
    #[serde(flatten)]
    pub members: Map<String, Json>,
}

/// Members of `/problems/rejected`: a plugin's rejection.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Rejected {
    /// Of the plugin's own choosing.
    pub code: String,
    /// Whatever else the plugin says.
    #[serde(default)]
    pub details: Option<JsonText<'static>>,
    /// Id of the command; absent where a blocking reaction rejected an event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// What the creator logged: of a preview alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<String>,
}

impl From<&Rejection> for Rejected {
    fn from(rejection: &Rejection) -> Rejected {
        let details = rejection.details.as_deref();
        Rejected {
            code: rejection.code.clone(),
            details: details.map(|details| JsonText::of(details).into_owned()),
            command: None,
            log: Vec::new(),
        }
    }
}

/// Members of `/problems/differs`: a shadow has differences that nobody expected.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Differs {
    pub track: Track,
}

/// Members of `/problems/stale`: rows are not as they were read.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Stale {
    pub changed: Vec<StaleRow>,
}

/// A row that changed since it was read.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct StaleRow {
    /// `plugin.table`
    pub table: String,
    /// The key as text: its parts with commas between.
    pub key: String,
    /// Columns that changed.
    pub columns: Vec<String>,
}

/// Members of `/problems/position`: a subject has moved on.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Moved {
    /// Position of the subject's last event.
    pub position: u64,
}

/// Members of `/problems/schema`: a payload does not fit its type.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Misfit {
    /// JSON pointer to what does not fit.
    pub pointer: String,
}

/// Members of `/problems/absent`: no row has this key; the hashes guard that it stays so.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Absent {
    /// `plugin.table`
    pub table: String,
    pub key: Vec<Cell>,
    /// For `Daybook-Expect`, by column.
    pub hashes: Hashes,
}
