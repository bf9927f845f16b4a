//! JSON text that keeps its form on the way through: payloads are passed on as they came.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use serde_json::value::RawValue;

/// One JSON value as text, written and read as it is.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JsonText<'a>(Cow<'a, RawValue>);

impl<'a> JsonText<'a> {
    /// Text that is not JSON becomes a JSON string.
    pub fn of(text: &'a str) -> JsonText<'a> {
        match serde_json::from_str::<&RawValue>(text) {
            Ok(raw) => JsonText(Cow::Borrowed(raw)),
            Err(_) => JsonText::from_value(&Json::from(text)),
        }
    }

    pub fn from_value(value: &Json) -> JsonText<'static> {
        // A value's own text is JSON.
        let raw =
            RawValue::from_string(value.to_string()).unwrap_or_else(|_| RawValue::NULL.to_owned());
        JsonText(Cow::Owned(raw))
    }

    pub fn get(&self) -> &str {
        self.0.get()
    }

    pub fn into_owned(self) -> JsonText<'static> {
        JsonText(Cow::Owned(self.0.into_owned()))
    }
}

impl fmt::Debug for JsonText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.get())
    }
}

impl fmt::Display for JsonText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.get())
    }
}

impl PartialEq for JsonText<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

/// Any JSON value.
impl JsonSchema for JsonText<'_> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Json".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        true.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_kept_and_what_is_no_json_becomes_a_string() {
        for (text, written) in [
            (r#"{"z": 1.50,"a":1}"#, r#"{"z": 1.50,"a":1}"#),
            ("null", "null"),
            ("no json", r#""no json""#),
            ("", r#""""#),
        ] {
            let json = serde_json::to_string(&JsonText::of(text)).unwrap();
            assert_eq!(json, written);
            let read: JsonText<'static> = serde_json::from_str(&json).unwrap();
            assert_eq!(read, JsonText::of(text));
        }
    }
}
