//! Values of columns, and rows, as JSON. A row is an object whose members are in the order of the columns; a blob is an
//! object, so that it cannot be taken for text, and so is an infinity, for which JSON has no number.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json, json};

use crate::model::value::hex;
use crate::model::{TableLayout, Value};

/// One value of a column. Numbers are read from their text, and so come back as they were.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell(pub Value);

/// A value that is written and not kept.
struct CellOf<'a>(&'a Value);

impl Serialize for CellOf<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => to.serialize_unit(),
            Value::Integer(number) => to.serialize_i64(*number),
            Value::Real(number) if number.is_finite() => to.serialize_f64(*number),
            Value::Real(number) => to.collect_map([("real", format!("{number:?}"))]),
            Value::Text(text) => to.serialize_str(text),
            Value::Blob(bytes) => to.collect_map([("blob", hex(bytes))]),
        }
    }
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        CellOf(&self.0).serialize(to)
    }
}

impl<'de> Deserialize<'de> for Cell {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Cell, D::Error> {
        let raw = Box::<RawValue>::deserialize(from)?;
        let unknown = || serde::de::Error::custom(format!("{raw} is not a value of a column"));
        read_cell(raw.get()).map(Cell).ok_or_else(unknown)
    }
}

/// A value from the text that `Cell` wrote. A whole number has at most 64 bits: as a real it would be another one.
pub fn read_cell(text: &str) -> Option<Value> {
    match text.as_bytes().first()? {
        b'n' => Some(Value::Null),
        b'"' => serde_json::from_str(text).ok().map(Value::Text),
        b'{' => {
            let object: Map<String, Json> = serde_json::from_str(text).ok()?;
            let (kind, written) = { object.iter().next() }.filter(|_| object.len() == 1)?;
            match kind.as_str() {
                "blob" => bytes_of(written.as_str()?).map(Value::Blob),
                "real" => written.as_str()?.parse().ok().map(Value::Real),
                _ => None,
            }
        }
        _ if text.contains(['.', 'e', 'E']) => {
            let real = text.parse::<f64>().ok().filter(|it| it.is_finite());
            real.map(Value::Real)
        }
        _ => text.parse().ok().map(Value::Integer),
    }
}

/// Hexadecimal digits as bytes.
pub fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pairs = text.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => Some((digit(*high)? * 16 + digit(*low)?) as u8),
        _ => None,
    });
    pairs.collect()
}

impl JsonSchema for Cell {
    fn schema_name() -> Cow<'static, str> {
        "Cell".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "One value of a column; a blob is {\"blob\": hexadecimal digits}, an infinity {\"real\": \"inf\"}.",
            "anyOf": [
                {"type": ["null", "number", "string"]},
                {"type": "object", "required": ["blob"], "properties": {"blob": {"type": "string"}}, "additionalProperties": false},
                {"type": "object", "required": ["real"], "properties": {"real": {"enum": ["inf", "-inf"]}}, "additionalProperties": false},
            ],
        })
    }
}

/// The members of a row, or of its key: as a table has them, or as they were read.
#[derive(Debug, Clone)]
pub enum Row<'a> {
    /// All columns of a row.
    Whole(&'a TableLayout, &'a [Value]),
    /// The columns of the row's key, in the key's order.
    Key(&'a TableLayout, &'a [Value]),
    Members(Vec<(String, Value)>),
}

impl Row<'_> {
    /// Names of columns with their values, in order.
    pub fn members(&self) -> Vec<(&str, &Value)> {
        match self {
            Row::Whole(layout, row) => { layout.columns.iter().zip(*row) }
                .map(|(column, value)| (&*column.name, value))
                .collect(),
            Row::Key(layout, row) => { layout.key.iter() }
                .map(|&at| (&*layout.columns[at].name, &row[at]))
                .collect(),
            Row::Members(members) => { members.iter() }
                .map(|(name, value)| (&**name, value))
                .collect(),
        }
    }

    /// The value of a column.
    pub fn get(&self, column: &str) -> Option<&Value> {
        let members = self.members().into_iter();
        { members }.find_map(|(name, value)| (name == column).then_some(value))
    }

    pub fn into_owned(self) -> Row<'static> {
        Row::Members(match self {
            Row::Members(members) => members,
            row => { row.members().into_iter() }
                .map(|(name, value)| (name.to_owned(), value.clone()))
                .collect(),
        })
    }
}

impl PartialEq for Row<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.members() == other.members()
    }
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Row::Whole(layout, row) => {
                let cells = layout.columns.iter().zip(*row);
                to.collect_map(cells.map(|(column, value)| (&column.name, CellOf(value))))
            }
            Row::Key(layout, row) => {
                let mut map = to.serialize_map(Some(layout.key.len()))?;
                for &at in &layout.key {
                    map.serialize_entry(&layout.columns[at].name, &CellOf(&row[at]))?;
                }
                map.end()
            }
            Row::Members(members) => {
                let members = members.iter();
                to.collect_map(members.map(|(name, value)| (name, CellOf(value))))
            }
        }
    }
}

impl<'de> Deserialize<'de> for Row<'_> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Vec<(String, Value)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a row, which is a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((name, Cell(value))) = map.next_entry()? {
                    members.push((name, value));
                }
                Ok(members)
            }
        }
        from.deserialize_map(Members).map(Row::Members)
    }
}

impl JsonSchema for Row<'_> {
    fn schema_name() -> Cow<'static, str> {
        "Row".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let cell = generator.subschema_for::<Cell>();
        json_schema!({
            "description": "Columns by their names, in the order of the table.",
            "type": "object",
            "additionalProperties": cell,
        })
    }
}

/// JSON text as a JSON value; what is not JSON stays text.
pub fn json_text(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_else(|_| json!(text))
}

/// A value as a JSON value.
pub fn json_of(value: &Value) -> Json {
    serde_json::to_value(CellOf(value)).unwrap_or_default()
}

/// Values of a key, or of a row without its names.
pub fn cells<'a>(values: impl IntoIterator<Item = &'a Value>) -> Vec<Cell> {
    values
        .into_iter()
        .map(|value| Cell(value.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_comes_back_as_it_was() {
        let values = [
            Value::Null,
            Value::Integer(i64::MIN),
            Value::Integer(0),
            Value::Real(1.0),
            Value::Real(2.0),
            Value::Real(0.1 + 0.2),
            Value::Real(-0.1),
            Value::Real(1e300),
            Value::Real(1e16),
            Value::Real(f64::INFINITY),
            Value::Real(f64::NEG_INFINITY),
            Value::Text("a\"\n{\u{1b}č \"b\" \u{1} ž".into()),
            Value::Blob(vec![0, 255, 16]),
            Value::Blob(Vec::new()),
        ];
        for expected in values {
            let text = serde_json::to_string(&Cell(expected.clone())).unwrap();
            assert_eq!(text, json_of(&expected).to_string());
            assert_eq!(read_cell(&text), Some(expected), "{text}");
        }
        assert_eq!(read_cell("[1]"), None);
        assert_eq!(read_cell("9223372036854775808"), None);
        assert_eq!(read_cell("123456789012345678901234567890"), None);
        assert_eq!(read_cell("1e400"), None);
        assert_eq!(read_cell("true"), None);
    }
}
