//! Bodies as handlers take them: JSON of a type, a component, or the text of an event or a command.

use axum::http::HeaderMap;
use schemars::{JsonSchema, Schema};
use serde::de::DeserializeOwned;

use super::declared::BodyDeclared;
use super::media;
use super::problem::Problem;
use crate::serve::bodies::Size;
use crate::wire;

/// What a handler takes of a request's body.
pub trait Input: Sized + Send + 'static {
    const SIZE: Size = Size::Usual;

    /// None where the route takes no body.
    fn declared() -> Option<BodyDeclared>;

    fn read(headers: &HeaderMap, bytes: Vec<u8>) -> Result<Self, Problem>;
}

/// Nothing: what a client sends all the same is read and let be.
impl Input for () {
    fn declared() -> Option<BodyDeclared> {
        None
    }

    fn read(_: &HeaderMap, _: Vec<u8>) -> Result<(), Problem> {
        Ok(())
    }
}

/// JSON of a type. An absent body is `{}`.
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned + JsonSchema + Send + 'static> Input for JsonBody<T> {
    fn declared() -> Option<BodyDeclared> {
        let schema = schemars::schema_for!(T);
        Some(BodyDeclared {
            media: "application/json",
            schema: |generator| generator.subschema_for::<T>(),
            is_required: needs_members(&schema),
        })
    }

    fn read(headers: &HeaderMap, bytes: Vec<u8>) -> Result<Self, Problem> {
        let text = json_text(headers, bytes)?;
        let text = if text.trim().is_empty() { "{}" } else { &text };
        serde_json::from_str(text).map(JsonBody).map_err(|error| {
            let shape = wire::shape::<T>();
            Problem::malformed(format!("the body is not {shape}: {error}"))
        })
    }
}

fn needs_members(schema: &Schema) -> bool {
    let required = schema.get("required").and_then(|it| it.as_array());
    required.is_some_and(|names| !names.is_empty())
}

/// The body as text of JSON, if it does not say that it is something else. An absent one says nothing.
pub fn json_text(headers: &HeaderMap, bytes: Vec<u8>) -> Result<String, Problem> {
    if !bytes.is_empty() {
        media::check_json(headers)?;
    }
    text(bytes)
}

/// The body as text: JSON in UTF-8.
pub fn text(bytes: Vec<u8>) -> Result<String, Problem> {
    String::from_utf8(bytes).map_err(|_| Problem::malformed("the body is not UTF-8"))
}
