//! Payloads against their JSON Schemas.

use std::sync::OnceLock;

use serde_json::Value as Json;

use super::counted_json::{Counted, within};
use super::schema_budget::{PATTERN_BYTES_MAX, SchemaBudget, pattern_options};
use super::schema_types;
use crate::model::error::Problem;
use crate::model::strict_json::Strict;
use crate::model::{Error, Result, limits};

/// A compiled schema of one event or command type.
pub struct PayloadSchema {
    name: String,
    validator: jsonschema::Validator<Counted>,
    /// As it was declared.
    text: String,
    /// Lets members through that it does not name. Made when it is first asked for.
    open: OnceLock<Option<Box<PayloadSchema>>>,
}

impl std::fmt::Debug for PayloadSchema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PayloadSchema({})", self.name)
    }
}

impl PayloadSchema {
    /// Takes off the version's budget what the schema needs.
    pub fn new(name: &str, text: &str, budget: &mut SchemaBudget) -> Result<PayloadSchema> {
        let refuse = |what: String| Error::refused(format!("the schema of '{name}' {what}"));
        let schema: Json =
            serde_json::from_str(text).map_err(|error| refuse(format!("is not JSON: {error}")))?;
        budget
            .spend(&schema)
            .map_err(|error| refuse(error.message))?;
        Self::compile(name, text, &schema)
    }

    fn compile(name: &str, text: &str, schema: &Json) -> Result<PayloadSchema> {
        let refuse = |what: String| Error::refused(format!("the schema of '{name}' {what}"));
        let validator = jsonschema::options_for::<Counted>()
            .with_pattern_options(pattern_options(PATTERN_BYTES_MAX))
            .with_keyword("type", schema_types::keyword)
            .build(schema)
            .map_err(|error| refuse(format!("is not a JSON Schema: {}", cut(error.to_string()))))?;
        Ok(PayloadSchema {
            name: name.to_owned(),
            validator,
            text: text.to_owned(),
            open: OnceLock::new(),
        })
    }

    /// As `check`, but members that the schema does not name are let through: what a newer version asks of this one may have
    /// more of them, and so may an event whose inverse is asked for.
    pub fn check_open(&self, data: &str) -> Result<()> {
        let refused = match self.check(data) {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        let open = self.open.get_or_init(|| {
            let mut schema = serde_json::from_str(&self.text).ok()?;
            let was_closed = open(&mut schema);
            let made = was_closed.then(|| Self::compile(&self.name, "", &schema).ok());
            made.flatten().map(Box::new)
        });
        open.as_ref().map_or(Err(refused), |open| open.check(data))
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

    /// Refuses a payload with the JSON pointer to the first fault. Looking at it takes a counted number of steps, and is ended
    /// after some.
    pub fn check(&self, data: &str) -> Result<()> {
        let payload = self.read(data)?;
        let is_valid = || self.validator.is_valid((&payload).into());
        match within(limits::SCHEMA_STEPS_MAX, is_valid) {
            Some(true) => return Ok(()),
            Some(false) => {}
            None => {
                return Err(Error::refused(format!(
                    "payload of '{}' takes more than {} steps to compare with its schema",
                    self.name,
                    limits::SCHEMA_STEPS_MAX
                ))
                .problem(Problem::Limit)
                .hint("a schema without choices inside choices takes fewer"));
            }
        }
        // Faults of choices that are nested would be gathered for each way through them.
        let first = || {
            let fault = self.validator.validate((&payload).into()).err()?;
            Some((fault.instance_path().to_string(), cut(fault.to_string())))
        };
        let (pointer, what) = match within(limits::SCHEMA_FAULT_STEPS_MAX, first).flatten() {
            Some(found) => found,
            None => (
                String::new(),
                "it differs in too many ways to say where".to_owned(),
            ),
        };
        let place = match pointer.is_empty() {
            true => "the payload".to_owned(),
            false => format!("'{pointer}'"),
        };
        Err(Error::refused(format!(
            "payload of '{}' does not fit its schema at {place}: {what}",
            self.name
        ))
        .problem(Problem::Schema { pointer })
        .hint("daybook plugin inspect FILE.wasm shows the schema"))
    }
}

/// Takes out of a schema that no other members may come. True where anything of it said so.
fn open(schema: &mut Json) -> bool {
    match schema {
        Json::Object(members) => {
            let mut was_closed = false;
            for keyword in ["additionalProperties", "unevaluatedProperties"] {
                if members.get(keyword) == Some(&Json::Bool(false)) {
                    members.remove(keyword);
                    was_closed = true;
                }
            }
            { members.values_mut() }.fold(was_closed, |was_closed, it| open(it) | was_closed)
        }
        Json::Array(items) => { items.iter_mut() }.fold(false, |was, item| open(item) | was),
        _ => false,
    }
}

/// What a fault says may have all of the payload in it.
fn cut(text: String) -> String {
    const CHARACTERS_MAX: usize = 300;
    match text.char_indices().nth(CHARACTERS_MAX) {
        None => text,
        Some((end, _)) => format!("{}…", &text[..end]),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_closed_schema_does_not_name_is_let_through_where_that_is_wanted_and_nothing_else() {
        let text = r##"{"type": "object", "required": ["n"], "additionalProperties": false,
            "properties": {"n": {"type": "integer"}, "inner": {"$ref": "#/$defs/inner"}},
            "$defs": {"inner": {"type": "object", "unevaluatedProperties": false, "properties": {"a": {"type": "string"}}}}}"##;
        let schema = PayloadSchema::new("a.B", text, &mut SchemaBudget::default()).unwrap();
        schema.check(r#"{"n": 1, "inner": {"a": "x"}}"#).unwrap();
        for more in [r#"{"n": 1, "m": 2}"#, r#"{"n": 1, "inner": {"b": 2}}"#] {
            let error = schema.check(more).unwrap_err();
            assert!(error.message.contains("does not fit its schema"), "{error}");
            schema.check_open(more).unwrap();
        }
        for bad in [r#"{"m": 2}"#, r#"{"n": 1, "inner": {"a": 2}}"#, "{"] {
            assert!(schema.check_open(bad).is_err(), "{bad}");
        }
    }
}
