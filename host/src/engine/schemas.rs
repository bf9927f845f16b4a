//! Payloads against their JSON Schemas.

use serde_json::Value as Json;

use super::schema_types;
use crate::model::error::Problem;
use crate::model::strict_json::Strict;
use crate::model::{Error, Result, limits};

/// A compiled schema of one event or command type.
pub struct PayloadSchema {
    name: String,
    validator: jsonschema::Validator,
}

impl std::fmt::Debug for PayloadSchema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PayloadSchema({})", self.name)
    }
}

impl PayloadSchema {
    pub fn new(name: &str, text: &str) -> Result<PayloadSchema> {
        let refuse = |what: String| Error::refused(format!("the schema of '{name}' {what}"));
        let schema: Json =
            serde_json::from_str(text).map_err(|error| refuse(format!("is not JSON: {error}")))?;
        let validator = jsonschema::options()
            // Linear-time patterns: a schema must not be able to make validation hang.
            .with_pattern_options(jsonschema::PatternOptions::regex())
            .with_keyword("type", schema_types::keyword)
            .build(&schema)
            .map_err(|error| refuse(format!("is not a JSON Schema: {error}")))?;
        Ok(PayloadSchema {
            name: name.to_owned(),
            validator,
        })
    }

    /// Refuses what is no payload of any version: too large, no JSON, too deep.
    pub fn check_json(&self, data: &str) -> Result<()> {
        self.read(data).map(|_| ())
    }

    fn read(&self, data: &str) -> Result<Json> {
        check_size(&self.name, data)?;
        let Strict(payload) = serde_json::from_str(data).map_err(|error| {
            Error::refused(format!("payload of '{}' is not JSON: {error}", self.name))
        })?;
        if is_deeper(&payload, limits::PAYLOAD_DEPTH_MAX) {
            return Err(Error::refused(format!(
                "payload of '{}' is nested deeper than {} levels",
                self.name,
                limits::PAYLOAD_DEPTH_MAX
            )));
        }
        Ok(payload)
    }

    /// Refuses a payload with the JSON pointer to the first fault.
    pub fn check(&self, data: &str) -> Result<()> {
        let payload = self.read(data)?;
        match self.validator.iter_errors(&payload).next() {
            None => Ok(()),
            Some(fault) => {
                let pointer = fault.instance_path().to_string();
                let place = if pointer.is_empty() {
                    "the payload".to_owned()
                } else {
                    format!("'{pointer}'")
                };
                let mut text = fault.to_string();
                if text.len() > 300 {
                    text = text.chars().take(300).collect::<String>() + "…";
                }
                Err(Error::refused(format!(
                    "payload of '{}' does not fit its schema at {place}: {text}",
                    self.name
                ))
                .problem(Problem::Schema { pointer })
                .hint("daybook plugin inspect FILE.wasm shows the schema"))
            }
        }
    }
}

/// True where arrays and objects lie within each other beyond so many levels.
fn is_deeper(value: &Json, levels: usize) -> bool {
    let inner = |value: &Json| is_deeper(value, levels - 1);
    match value {
        Json::Array(items) => levels == 0 || items.iter().any(inner),
        Json::Object(members) => levels == 0 || members.values().any(inner),
        _ => false,
    }
}

fn check_size(name: &str, data: &str) -> Result<()> {
    if data.len() > limits::PAYLOAD_BYTES_MAX {
        return Err(Error::refused(format!(
            "payload of '{name}' has {} bytes; {} at most",
            data.len(),
            limits::PAYLOAD_BYTES_MAX
        )));
    }
    Ok(())
}
