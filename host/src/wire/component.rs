//! What a component declares.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// A component as it describes itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Inspected {
    pub plugin: String,
    /// The version's date.
    pub version: String,
    /// SHA-256 of the component.
    pub digest: String,
    /// Its size.
    pub bytes: usize,
    /// Languages and tools that made it, as it says itself: `rustc 1.95.0`.
    #[serde(default)]
    pub producers: Vec<String>,
    /// What it imports.
    pub imports: Vec<String>,
    /// It handles events.
    pub materializer: bool,
    /// It answers commands.
    pub creator: bool,
    /// Its tables, events, commands and tasks; schemas are JSON and not text.
    pub manifest: Json,
}
