//! A UUID, for keys and references.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::column::{Column, ColumnError, ColumnKind, unexpected};
use crate::contract::types::Value;
use crate::failure::{Failure, Refusal};

/// A UUID such as `017f22e2-79b0-7cc3-98c4-dc0c0c07398f`: text in payloads and columns, where it says `uuid`. It is read in either
/// case and written in small letters, so that equal ones are equal as text. `cx.make_uuid()` makes one in a creator.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid([u8; 16]);

/// A text that is no UUID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UuidError(String);

impl Uuid {
    /// Of its bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }

    /// Reads the form of 8-4-4-4-12 digits, and nothing else.
    ///
    /// # Errors
    /// Where the text has another form.
    pub fn parse(text: &str) -> Result<Self, UuidError> {
        Self::read(text.as_bytes()).ok_or_else(|| UuidError(text.to_owned()))
    }

    fn read(text: &[u8]) -> Option<Self> {
        let mut bytes = [0; 16];
        if text.len() != 36 || [8, 13, 18, 23].iter().any(|&dash| text[dash] != b'-') {
            return None;
        }
        let mut digits = text.iter().filter(|&&byte| byte != b'-');
        for byte in &mut bytes {
            let mut half = || char::from(*digits.next()?).to_digit(16);
            *byte = (half()? * 16 + half()?) as u8;
        }
        digits.next().is_none().then_some(Self(bytes))
    }
}

impl fmt::Display for UuidError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is not a UUID like 017f22e2-79b0-7cc3-98c4-dc0c0c07398f",
            self.0
        )
    }
}

impl std::error::Error for UuidError {}

impl From<UuidError> for Failure {
    fn from(error: UuidError) -> Self {
        Self::new("bad-uuid", error.to_string())
    }
}

impl From<UuidError> for Refusal {
    fn from(error: UuidError) -> Self {
        Failure::from(error).into()
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(36);
        for (at, byte) in self.0.iter().enumerate() {
            if [4, 6, 8, 10].contains(&at) {
                text.push('-');
            }
            for half in [byte >> 4, byte & 15] {
                text.extend(char::from_digit(u32::from(half), 16));
            }
        }
        f.pad(&text)
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Uuid {
    type Err = UuidError;

    fn from_str(text: &str) -> Result<Self, UuidError> {
        Self::parse(text)
    }
}

impl Serialize for Uuid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Uuid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Uuid {
    fn schema_name() -> Cow<'static, str> {
        "Uuid".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "uuid" })
    }
}

impl Column for Uuid {
    const KIND: ColumnKind = ColumnKind::Text;

    fn format() -> Option<String> {
        Some("uuid".to_owned())
    }

    fn into_value(self) -> Value {
        self.to_value()
    }

    fn to_value(&self) -> Value {
        Value::Text(self.to_string())
    }

    fn from_value(value: Value) -> Result<Self, ColumnError> {
        match value {
            Value::Text(text) => Self::parse(&text).map_err(|e| ColumnError::new(e.to_string())),
            other => Err(unexpected("a UUID", &other)),
        }
    }
}
