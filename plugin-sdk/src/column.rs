//! Column types: how Rust values are kept in a table.

use serde::{Deserialize, Serialize};

pub use crate::contract::manifest::ColumnKind;
use crate::contract::types::Value;
use crate::date::Date;
use crate::failure::Failure;
use crate::payload::{self, Payload};
use crate::time::Time;

/// A type that one column can hold. Derive it for a newtype around another column type, or for an enum without
/// fields: `#[derive(Column)] struct AccountId(i64);`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be kept in a column",
    note = "columns hold i64, i32, u32, u64, bool, f64, String, Vec<u8>, Date, Time, LocalDateTime, Money, Decimal, Percent, \
            Duration, Uuid, Json<T>, an Option of these, and types with `#[derive(Column)]`"
)]
pub trait Column: Sized {
    /// The kind of the column.
    const KIND: ColumnKind;
    /// Whether the column may be null.
    const NULLABLE: bool = false;

    /// Fails to compile where the type's parameters cannot be: a currency in small letters.
    #[doc(hidden)]
    const CHECKED: () = ();

    /// What its values mean to people, for the manifest: `money(CZK,2)`, `bool`. None: as they are kept.
    fn format() -> Option<String> {
        None
    }

    /// The value as it is kept.
    fn into_value(self) -> Value;

    /// The value as it is kept in this column.
    ///
    /// # Panics
    /// With the column's name, where it does not hold the value.
    #[doc(hidden)]
    fn into_column(self, _table: &str, _column: &str) -> Value {
        self.into_value()
    }

    /// The value as it is kept, from a borrowed one.
    fn to_value(&self) -> Value;

    /// Back from the kept value.
    ///
    /// # Errors
    /// Where the kept value does not fit the type.
    fn from_value(value: Value) -> Result<Self, ColumnError>;
}

/// A kept value that does not fit the column's Rust type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnError {
    problem: String,
}

impl ColumnError {
    /// The problem in words.
    pub fn new(problem: impl Into<String>) -> Self {
        Self {
            problem: problem.into(),
        }
    }

    /// As a failure that names the column.
    #[cold]
    pub(crate) fn at(self, table: &str, column: &str) -> Failure {
        Failure::new("bad-column", format!("{table}.{column}: {}", self.problem))
    }
}

impl std::fmt::Display for ColumnError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.problem)
    }
}

/// The error for a value of another kind.
#[doc(hidden)]
#[cold]
pub fn unexpected(expected: &str, got: &Value) -> ColumnError {
    ColumnError {
        problem: format!("expected {expected}, got {}", crate::show::value(got)),
    }
}

const LARGEST: &str = "at most 9223372036854775807 fits";

macro_rules! integer_columns {
    ($($type:ty),*) => {$(
        impl Column for $type {
            const KIND: ColumnKind = ColumnKind::Integer;

            fn into_value(self) -> Value {
                self.to_value()
            }

            fn to_value(&self) -> Value {
                match i64::try_from(*self) {
                    Ok(number) => Value::Integer(number),
                    Err(_) => panic!("{self} is too large for a column: {LARGEST}"),
                }
            }

            fn into_column(self, table: &str, column: &str) -> Value {
                match i64::try_from(self) {
                    Ok(number) => Value::Integer(number),
                    Err(_) => panic!("{table}.{column} = {self}: too large for a column, {LARGEST}"),
                }
            }

            fn from_value(value: Value) -> Result<Self, ColumnError> {
                match value {
                    Value::Integer(number) => <$type>::try_from(number)
                        .map_err(|_| ColumnError::new(format!("{number} does not fit {}", stringify!($type)))),
                    other => Err(unexpected("an integer", &other)),
                }
            }
        }
    )*};
}

integer_columns!(i64, i32, i16, i8, u64, u32, u16, u8);

impl Column for bool {
    const KIND: ColumnKind = ColumnKind::Integer;

    fn format() -> Option<String> {
        Some("bool".to_owned())
    }

    fn into_value(self) -> Value {
        Value::Integer(i64::from(self))
    }

    fn to_value(&self) -> Value {
        Value::Integer(i64::from(*self))
    }

    fn from_value(value: Value) -> Result<Self, ColumnError> {
        match value {
            Value::Integer(0) => Ok(false),
            Value::Integer(1) => Ok(true),
            other => Err(unexpected("0 or 1", &other)),
        }
    }
}

impl Column for f64 {
    const KIND: ColumnKind = ColumnKind::Real;

    fn into_value(self) -> Value {
        Value::Real(self)
    }

    fn to_value(&self) -> Value {
        Value::Real(*self)
    }

    fn from_value(value: Value) -> Result<Self, ColumnError> {
        match value {
            Value::Real(number) => Ok(number),
            other => Err(unexpected("a real", &other)),
        }
    }
}

impl Column for String {
    const KIND: ColumnKind = ColumnKind::Text;

    fn into_value(self) -> Value {
        Value::Text(self)
    }

    fn to_value(&self) -> Value {
        Value::Text(self.clone())
    }

    fn from_value(value: Value) -> Result<Self, ColumnError> {
        match value {
            Value::Text(text) => Ok(text),
            other => Err(unexpected("a text", &other)),
        }
    }
}

impl Column for Vec<u8> {
    const KIND: ColumnKind = ColumnKind::Blob;

    fn into_value(self) -> Value {
        Value::Blob(self)
    }

    fn to_value(&self) -> Value {
        Value::Blob(self.clone())
    }

    fn from_value(value: Value) -> Result<Self, ColumnError> {
        match value {
            Value::Blob(bytes) => Ok(bytes),
            other => Err(unexpected("a blob", &other)),
        }
    }
}

impl Column for Date {
    const KIND: ColumnKind = ColumnKind::Text;

    fn format() -> Option<String> {
        Some("date".to_owned())
    }

    fn into_value(self) -> Value {
        Value::Text(self.to_text())
    }

    fn to_value(&self) -> Value {
        Value::Text(self.to_text())
    }

    fn from_value(value: Value) -> Result<Self, ColumnError> {
        match value {
            Value::Text(text) => Self::parse(&text).map_err(|e| ColumnError::new(e.to_string())),
            other => Err(unexpected("a date", &other)),
        }
    }
}

impl Column for Time {
    const KIND: ColumnKind = ColumnKind::Text;

    fn format() -> Option<String> {
        Some("instant".to_owned())
    }

    fn into_value(self) -> Value {
        Value::Text(self.to_sortable_text())
    }

    fn to_value(&self) -> Value {
        Value::Text(self.to_sortable_text())
    }

    fn from_value(value: Value) -> Result<Self, ColumnError> {
        match value {
            Value::Text(text) => Self::parse(&text).map_err(|e| ColumnError::new(e.to_string())),
            other => Err(unexpected("a time", &other)),
        }
    }
}

impl<T: Column> Column for Option<T> {
    const KIND: ColumnKind = T::KIND;
    const CHECKED: () = T::CHECKED;
    const NULLABLE: bool = true;

    fn format() -> Option<String> {
        T::format()
    }

    fn into_value(self) -> Value {
        self.map_or(Value::Null, T::into_value)
    }

    fn into_column(self, table: &str, column: &str) -> Value {
        self.map_or(Value::Null, |value| value.into_column(table, column))
    }

    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::to_value)
    }

    fn from_value(value: Value) -> Result<Self, ColumnError> {
        match value {
            Value::Null => Ok(None),
            value => T::from_value(value).map(Some),
        }
    }
}

/// A payload kept in one column as JSON text: `tags: Json<Vec<String>>`.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct Json<T>(pub T);

impl<T: Payload> Column for Json<T> {
    const KIND: ColumnKind = ColumnKind::Text;

    fn format() -> Option<String> {
        Some("json".to_owned())
    }

    fn into_value(self) -> Value {
        self.to_value()
    }

    fn to_value(&self) -> Value {
        Value::Text(payload::encode(&self.0))
    }

    fn from_value(value: Value) -> Result<Self, ColumnError> {
        match value {
            Value::Text(text) => serde_json::from_str(&text)
                .map(Self)
                .map_err(|error| ColumnError::new(error.to_string())),
            other => Err(unexpected("a JSON text", &other)),
        }
    }
}
