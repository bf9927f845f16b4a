//! Payloads: the author's types as JSON text and as JSON Schema.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use crate::failure::Failure;
use crate::finite;

/// A type that travels as JSON and describes itself. Derive it: `#[derive(Payload)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of a payload",
    note = "derive it: `#[derive(Payload)]`"
)]
pub trait Payload: Serialize + DeserializeOwned + JsonSchema {}

// A type without the derive is to be told of the derive, not of the traits behind it.
#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + JsonSchema> Payload for T {}

/// The payload as JSON text.
///
/// # Panics
/// Where the payload cannot be JSON, which takes a map whose keys are not text, or a number that is infinite or none.
pub fn encode<T: Serialize>(payload: &T) -> String {
    let text = match serde_json::to_string(payload) {
        Ok(text) => text,
        Err(error) => not_json::<T>(&error),
    };
    // Most payloads have no null, and then no number that stands as one.
    if text.contains("null")
        && let Err(error) = finite::check(payload)
    {
        not_json::<T>(&error);
    }
    text
}

#[cold]
fn not_json<T>(error: &dyn std::fmt::Display) -> ! {
    let name = std::any::type_name::<T>();
    panic!("{name} cannot be written as JSON: {error}")
}

/// The payload from its JSON text.
///
/// # Errors
/// `bad-payload`, with the type and the place, where the text does not fit the type.
pub fn decode<T: DeserializeOwned>(type_name: &str, data: &str) -> Result<T, Failure> {
    serde_json::from_str(data).map_err(|error| bad_payload(type_name, &error))
}

#[cold]
fn bad_payload(type_name: &str, error: &serde_json::Error) -> Failure {
    Failure::new("bad-payload", format!("{type_name}: {error}"))
}

/// The type's JSON Schema (2020-12) as text.
pub fn schema<T: JsonSchema>() -> String {
    encode(&schema_json::<T>())
}

/// The type's JSON Schema as text, with which a payload has no member that the type does not name. What says itself which
/// others there may be, as a map does, stays as it is.
pub fn closed_schema<T: JsonSchema>() -> String {
    let mut schema = schema_json::<T>();
    let mut parts = Vec::new();
    find_parts(&schema, &mut parts);
    close(&mut schema, false);
    if let Some(Json::Object(shared)) = schema.get_mut("$defs") {
        for (name, shared) in shared {
            close(shared, parts.contains(&format!("#/$defs/{name}")));
        }
    }
    encode(&schema)
}

fn schema_json<T: JsonSchema>() -> Json {
    let generator = SchemaSettings::draft2020_12().into_generator();
    generator.into_root_schema_for::<T>().to_value()
}

/// Keywords whose schemas describe one object together.
const TOGETHER: [&str; 3] = ["allOf", "anyOf", "oneOf"];

/// Finds the references to what is only part of an object's description: others name its other members.
fn find_parts(schema: &Json, parts: &mut Vec<String>) {
    match schema {
        Json::Object(members) => {
            if let (true, Some(Json::String(part))) = (is_named(members), members.get("$ref")) {
                parts.push(part.clone());
            }
            for (keyword, inner) in members {
                if TOGETHER.contains(&keyword.as_str()) && is_named(members) {
                    let part = |it: &Json| Some(it.get("$ref")?.as_str()?.to_owned());
                    parts.extend(inner.as_array().into_iter().flatten().filter_map(part));
                }
                find_parts(inner, parts);
            }
        }
        Json::Array(items) => items.iter().for_each(|item| find_parts(item, parts)),
        _ => {}
    }
}

fn is_named(members: &Map<String, Json>) -> bool {
    members.contains_key("properties")
}

/// Closes a schema and those within it. `is_part`: what is around it names further members of the same object.
fn close(schema: &mut Json, is_part: bool) {
    let Json::Object(members) = schema else {
        return;
    };
    let is_named = is_named(members);
    let mut is_shared = members.contains_key("$ref");
    for (keyword, inner) in members.iter_mut() {
        match (keyword.as_str(), inner) {
            (keyword, Json::Array(parts)) if TOGETHER.contains(&keyword) => {
                is_shared = true;
                let is_part = is_part || is_named;
                parts.iter_mut().for_each(|part| close(part, is_part));
            }
            ("properties" | "patternProperties", Json::Object(named)) => {
                named.values_mut().for_each(|it| close(it, false));
            }
            ("items" | "additionalProperties", inner) => close(inner, false),
            ("prefixItems", Json::Array(items)) => {
                items.iter_mut().for_each(|item| close(item, false));
            }
            _ => {}
        }
    }
    let closing = match is_shared {
        true => "unevaluatedProperties",
        false => "additionalProperties",
    };
    if is_named && !is_part && !members.contains_key("additionalProperties") {
        members.entry(closing).or_insert(Json::Bool(false));
    }
}
