//! The keyword `type` of JSON Schema, held as plugins read payloads. The standard takes `1.0` and `1e3` for integers, integers
//! of any size for an `int64`, and any text for a `date-time`. No plugin can read those as what it asked for, so they are
//! refused before it is asked.

use std::ops::RangeInclusive;

use jsonschema::paths::Location;
use jsonschema::{Keyword, ValidationError};
use serde_json::{Map, Value as Json};

use super::counted_json::{Counted, CountedNode};
use crate::model::clock;

/// The types that a schema names, each as far as its `format` narrows it.
struct Types(Vec<Type>);

struct Type {
    name: String,
    format: Option<String>,
}

/// What jsonschema calls where a schema has `type`.
pub fn keyword<'a>(
    schema: &'a Map<String, Json>,
    types: &'a Json,
    _: Location,
) -> Result<Box<dyn for<'i> Keyword<'i, Counted>>, ValidationError<'a>> {
    let format = schema.get("format").and_then(Json::as_str);
    let named = match types {
        Json::Array(types) => types.as_slice(),
        one => std::slice::from_ref(one),
    };
    let types = { named.iter() }.map(|name| Type {
        name: name.as_str().unwrap_or_default().to_owned(),
        format: format.map(str::to_owned),
    });
    Ok(Box::new(Types(types.collect())))
}

impl<'i> Keyword<'i, Counted> for Types {
    fn validate(&self, value: CountedNode<'i>) -> Result<(), ValidationError<'i>> {
        let value = value.look();
        if self.take(value) {
            return Ok(());
        }
        let named = { self.0.iter() }.map(|it| match it.narrowing() {
            Some(format) => format!("\"{}\" ({format})", it.name),
            None => format!("\"{}\"", it.name),
        });
        let named: Vec<String> = named.collect();
        Err(ValidationError::custom(format!(
            "{value} is not of type {}",
            named.join(", ")
        )))
    }

    fn is_valid(&self, value: CountedNode<'i>) -> bool {
        self.take(value.look())
    }
}

impl Types {
    fn take(&self, value: &Json) -> bool {
        self.0.iter().any(|it| it.takes(value))
    }
}

impl Type {
    /// The format, where it says which values are taken.
    fn narrowing(&self) -> Option<&str> {
        let format = self.format.as_deref()?;
        let narrows = match &*self.name {
            "integer" => range(format).is_some(),
            "string" => matches!(format, "date" | "date-time"),
            _ => false,
        };
        narrows.then_some(format)
    }

    fn takes(&self, value: &Json) -> bool {
        match (&*self.name, value) {
            ("null", Json::Null)
            | ("boolean", Json::Bool(_))
            | ("object", Json::Object(_))
            | ("array", Json::Array(_))
            | ("number", Json::Number(_)) => true,
            // Written without fraction and exponent, in 64 bits.
            ("integer", Json::Number(number)) => {
                let number = number.as_i128();
                let range = self.format.as_deref().and_then(range);
                number.is_some_and(|it| range.is_none_or(|range| range.contains(&it)))
            }
            ("string", Json::String(text)) => match self.format.as_deref() {
                Some("date-time") => clock::is_rfc3339(text),
                Some("date") => clock::is_date(text),
                _ => true,
            },
            _ => false,
        }
    }
}

/// The integers of a format.
fn range(format: &str) -> Option<RangeInclusive<i128>> {
    Some(match format {
        "int8" => i8::MIN.into()..=i8::MAX.into(),
        "int16" => i16::MIN.into()..=i16::MAX.into(),
        "int32" => i32::MIN.into()..=i32::MAX.into(),
        "int64" => i64::MIN.into()..=i64::MAX.into(),
        "uint8" => 0..=u8::MAX.into(),
        "uint16" => 0..=u16::MAX.into(),
        "uint32" => 0..=u32::MAX.into(),
        "uint64" => 0..=u64::MAX.into(),
        _ => return None,
    })
}
