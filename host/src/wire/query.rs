//! A SELECT over the state, and its rows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::value::Cell;
use crate::model::{Error, JsonText, QueryColumn, Result};

/// Rows of one answer at most.
pub const ROWS_MAX: usize = 10_000;

/// One read-only SELECT over the tables `plugin_table`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueryRequest {
    pub sql: String,
    /// For `?` in the text: null, numbers, texts, truths, or `{"blob": "00ff"}`.
    #[serde(default)]
    pub parameters: Vec<JsonText<'static>>,
    /// Rows at most; 1000 where it is left out.
    #[serde(default)]
    #[schemars(range(min = 1, max = 10_000))]
    pub limit: Option<usize>,
    /// The state after this event (its seq), or after the last one recorded by this time (RFC 3339).
    #[serde(default)]
    #[schemars(extend("type" = ["integer", "string", "null"]))]
    pub as_of: Option<Json>,
    /// The state after the last event that happened by this time (RFC 3339), by the event's own time.
    #[serde(default)]
    pub as_of_event_time: Option<String>,
    /// Of an earlier state: as the book showed it then, by the versions and from the payloads of then. Else by what is in force
    /// now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub as_known: bool,
    /// The rows of a replay, by its name, in the place of the live state's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub projection: Option<String>,
}

/// What a SELECT gave.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct QueryReply {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// What the values of each column mean, `money(CZK,2)`, where they are a table's and it says so; null elsewhere. The rows
    /// hold them as they are kept. Absent where no column has one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub formats: Vec<Option<String>>,
    pub rows: Vec<Vec<Cell>>,
    /// There are more rows.
    pub truncated: bool,
    /// The last event in the state that was asked.
    pub position: u64,
}

impl QueryReply {
    /// The columns with their formats.
    pub fn query_columns(&self) -> Result<Vec<QueryColumn>> {
        let formats = self.formats.iter().map(Option::as_deref);
        let formats = formats.chain(std::iter::repeat(None));
        { self.columns.iter().zip(formats) }
            .map(|(name, format)| {
                let unknown = |text| Error::corrupt(format!("the column {name}: {text}"));
                Ok(QueryColumn {
                    name: name.clone(),
                    format: format.map(str::parse).transpose().map_err(unknown)?,
                })
            })
            .collect()
    }
}
