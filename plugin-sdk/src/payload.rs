//! Payloads: the author's types as JSON text and as JSON Schema.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde::de::DeserializeOwned;

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
        Err(error) => panic!("a payload that cannot be written as JSON: {error}"),
    };
    // Most payloads have no null, and then no number that stands as one.
    if text.contains("null")
        && let Err(error) = finite::check(payload)
    {
        panic!("a payload that cannot be written as JSON: {error}");
    }
    text
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
    let generator = SchemaSettings::draft2020_12().into_generator();
    encode(&generator.into_root_schema_for::<T>())
}
