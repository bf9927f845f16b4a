//! Tables of the state and their rows, and the index of what a server has.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value as Json, json};

use super::value::Cell;
use crate::model::manifest::{Column as DeclaredColumn, ColumnKind};
use crate::model::{JsonText, TableLayout, Value};

/// What there is at a server.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Index {
    /// The host's version.
    pub daybook: String,
    /// Position of the log's last event.
    pub head: u64,
    /// The versions that are in force.
    pub lineup: String,
    /// Requests, each with what it is for.
    pub links: BTreeMap<String, String>,
}

/// The tables of the live state.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Tables {
    /// The versions that are in force.
    pub lineup: String,
    pub tables: Vec<Table>,
}

/// A table.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Table {
    /// `plugin.table`
    pub table: String,
    /// `plugin_table`
    pub sql_name: String,
    pub columns: Vec<Column>,
    /// Columns of the key, in its order.
    pub key: Vec<String>,
    pub indexes: Vec<TableIndex>,
}

/// A column of a table.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Column {
    pub name: String,
    /// `integer`, `real`, `text` or `blob`
    pub kind: String,
    /// What the values mean: `money(CZK,2)`, `bool`, …; rows and filters have them in that form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    pub nullable: bool,
    pub default: Option<Cell>,
}

/// An index of a table.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct TableIndex {
    pub name: String,
    pub columns: Vec<String>,
    pub unique: bool,
}

impl From<&TableLayout> for Table {
    fn from(table: &TableLayout) -> Table {
        let names = |columns: &[usize]| -> Vec<String> {
            let columns = columns.iter();
            { columns.map(|&at| table.columns[at].name.clone()) }.collect()
        };
        let columns = table.columns.iter().map(|column| Column {
            name: column.name.clone(),
            kind: column.kind.sql().to_lowercase(),
            format: column.format.as_ref().map(ToString::to_string),
            nullable: column.nullable,
            default: column.default.clone().map(Cell),
        });
        let indexes = table.indexes.iter().map(|index| TableIndex {
            name: index.name.clone(),
            columns: names(&index.columns),
            unique: index.unique,
        });
        Table {
            table: table.name(),
            sql_name: table.sql_name.clone(),
            columns: columns.collect(),
            key: names(&table.key),
            indexes: indexes.collect(),
        }
    }
}

/// A value as `/state` shows it.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum ShownValue {
    /// Of a column without a format: as it is kept.
    Kept(Cell),
    /// As the column's format has it: truths are truths, amounts are texts with their decimal places, JSON is itself.
    Shown(JsonText<'static>),
}

impl ShownValue {
    pub fn of(column: &DeclaredColumn, value: &Value) -> ShownValue {
        let format = column.format.as_ref();
        match format.and_then(|format| format.json(value)) {
            Some(shown) => ShownValue::Shown(shown),
            None => ShownValue::Kept(Cell(value.clone())),
        }
    }
}

impl<'de> Deserialize<'de> for ShownValue {
    /// Which of the two it is only its column says.
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<ShownValue, D::Error> {
        JsonText::deserialize(from).map(ShownValue::Shown)
    }
}

/// JSON Schema of a table's rows, as `/state` shows them.
pub fn shown_row_schema(table: &TableLayout) -> Json {
    let columns = table.columns.iter().map(|column| {
        let mut schema = match (&column.format, column.kind) {
            (Some(format), _) => format.schema(),
            (None, ColumnKind::Integer) => json!({"type": "integer", "format": "int64"}),
            (None, ColumnKind::Real) => json!({"type": ["number", "object"]}),
            (None, ColumnKind::Text) => json!({"type": "string"}),
            (None, ColumnKind::Blob) => {
                json!({"type": "object", "required": ["blob"], "properties": {"blob": {"type": "string"}}})
            }
        };
        if let Some(format) = &column.format {
            schema["description"] = format.to_string().into();
        }
        let schema = match column.nullable {
            true => json!({"anyOf": [schema, {"type": "null"}]}),
            false => schema,
        };
        (column.name.clone(), schema)
    });
    let properties: serde_json::Map<String, Json> = columns.collect();
    json!({
        "description": format!("A row of {}.", table.name()),
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    })
}

/// A row as `/state` shows it: its columns by their names, in the order of the table.
#[derive(Debug, Clone)]
pub struct ShownRow(pub Vec<(String, ShownValue)>);

impl Serialize for ShownRow {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl<'de> Deserialize<'de> for ShownRow {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<ShownRow, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = ShownRow;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a row, which is a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ShownRow, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(ShownRow(members))
            }
        }
        from.deserialize_map(Members)
    }
}

impl JsonSchema for ShownRow {
    fn schema_name() -> Cow<'static, str> {
        "ShownRow".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Columns by their names, in the order of the table; values in their column's format. Each table has a schema of its own: `Row.plugin.table`.",
            "type": "object",
        })
    }
}

/// Rows of a table, a page of them.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct TablePage {
    /// `plugin.table`
    pub table: String,
    pub rows: Vec<ShownRow>,
    /// Send it as `after` for those that follow; null at the end.
    pub next: Option<String>,
    /// Of each row, for `Daybook-Expect`; absent where nobody asked for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hashes: Option<Vec<Hashes>>,
}

/// A hash of each column, for `Daybook-Expect`.
pub type Hashes = BTreeMap<String, String>;

/// One row of a table.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct TableRow {
    /// `plugin.table`
    pub table: String,
    /// As it is kept, and as `Daybook-Expect` takes it.
    pub key: Vec<Cell>,
    pub row: ShownRow,
    /// For `Daybook-Expect`.
    pub hashes: Hashes,
}

/// A row as it was read: an entry of `Daybook-Expect`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpectedRow {
    /// `plugin.table`
    pub table: String,
    pub key: Vec<Cell>,
    /// Of the columns that must be as they were.
    pub hashes: Hashes,
}
