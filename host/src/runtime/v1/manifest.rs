//! The manifest as a component gives it: a JSON document with a format number, described by `wit/v1/manifest.schema.json`.

use serde::{Deserialize, Deserializer};
use serde_json::Value as Json;
use serde_json::value::RawValue;
use wasmtime::component::ComponentExportIndex;

use crate::model::error::shown;
use crate::model::format::ColumnFormat;
use crate::model::manifest::{
    Column, ColumnKind, ForeignTable, Index, Manifest, PayloadType, Table, TaskKind,
};
use crate::model::value::bytes_of_hex;
use crate::model::{Error, Partitioning, Result, Value, limits, strict_json};
use crate::runtime::component::Code;
use crate::runtime::engine::Runtime;

/// The format that this host reads.
const FORMAT: u64 = 1;

/// Calls `describe`.
pub fn describe(
    runtime: &Runtime,
    code: &Code,
    function: &ComponentExportIndex,
) -> Result<Manifest> {
    let (text,) = runtime.ask::<(String,)>(code, function, "describe")?;
    read(&text)
}

/// Reads a manifest; what it does not say is empty.
fn read(text: &str) -> Result<Manifest> {
    if text.len() > limits::MANIFEST_BYTES_MAX {
        return Err(Error::refused(format!(
            "the component's manifest has {} bytes; {} at most",
            text.len(),
            limits::MANIFEST_BYTES_MAX
        )));
    }
    let refused = |what: String| Error::refused(format!("the component's manifest {what}"));
    let strict = serde_json::from_str::<strict_json::Strict>(text);
    strict.map_err(|error| refused(format!("is no JSON: {}", shown(&error.to_string()))))?;
    // The format first: another one may have other members.
    let format: Format = serde_json::from_str(text)
        .map_err(|error| refused(format!("does not say its format, a whole number: {error}")))?;
    if format.format != FORMAT {
        return Err(refused(format!(
            "is of format {}; this host reads format {FORMAT}",
            format.format
        )));
    }
    let document: Document = serde_json::from_str(text)
        .map_err(|error| refused(format!("cannot be read: {}", shown(&error.to_string()))))?;
    document.into_model().map_err(refused)
}

#[derive(Deserialize)]
struct Format {
    format: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "format")]
    _format: u64,
    plugin: String,
    version: String,
    #[serde(default)]
    extends: Option<String>,
    #[serde(default)]
    description: String,
    #[serde(default)]
    changes: Vec<String>,
    #[serde(default)]
    tables: Vec<DocumentTable>,
    #[serde(default)]
    reads: Vec<DocumentForeignTable>,
    #[serde(default)]
    events: Vec<DocumentType>,
    #[serde(default)]
    materializes: Vec<String>,
    #[serde(default)]
    commands: Vec<DocumentType>,
    #[serde(default)]
    tasks: Vec<DocumentTaskKind>,
    #[serde(default)]
    partitions: Partitioning,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DocumentTable {
    name: String,
    columns: Vec<DocumentColumn>,
    primary_key: Vec<String>,
    #[serde(default)]
    indexes: Vec<DocumentIndex>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DocumentColumn {
    name: String,
    kind: ColumnKind,
    #[serde(default)]
    format: Option<String>,
    #[serde(default)]
    nullable: bool,
    /// A null that is written is a default; none that is not.
    #[serde(default, deserialize_with = "given")]
    default: Option<Json>,
}

fn given<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<Option<Json>, D::Error> {
    Json::deserialize(from).map(Some)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DocumentIndex {
    name: String,
    columns: Vec<String>,
    #[serde(default)]
    unique: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DocumentForeignTable {
    plugin: String,
    table: String,
    columns: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DocumentType {
    name: String,
    #[serde(default)]
    description: String,
    /// JSON Schema, 2020-12; kept as it is written.
    schema: Box<RawValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DocumentTaskKind {
    name: String,
    #[serde(default)]
    description: String,
}

type Read<T> = std::result::Result<T, String>;

impl Document {
    fn into_model(self) -> Read<Manifest> {
        let payload = |it: DocumentType| PayloadType {
            name: it.name,
            description: it.description,
            schema: it.schema.get().to_owned(),
        };
        Ok(Manifest {
            plugin: self.plugin,
            version: self.version,
            extends: self.extends,
            description: self.description,
            changes: self.changes,
            tables: { self.tables.into_iter() }
                .map(table)
                .collect::<Read<_>>()?,
            reads: { self.reads.into_iter() }
                .map(|it| ForeignTable {
                    plugin: it.plugin,
                    table: it.table,
                    columns: it.columns,
                })
                .collect(),
            events: self.events.into_iter().map(payload).collect(),
            materializes: self.materializes,
            commands: self.commands.into_iter().map(payload).collect(),
            tasks: { self.tasks.into_iter() }
                .map(|it| TaskKind {
                    name: it.name,
                    description: it.description,
                })
                .collect(),
            partitions: self.partitions,
        })
    }
}

fn table(table: DocumentTable) -> Read<Table> {
    let column = |it: DocumentColumn| column(&table.name, it);
    Ok(Table {
        columns: { table.columns.into_iter() }
            .map(column)
            .collect::<Read<_>>()?,
        primary_key: table.primary_key,
        indexes: { table.indexes.into_iter() }
            .map(|it| Index {
                name: it.name,
                columns: it.columns,
                unique: it.unique,
            })
            .collect(),
        name: table.name,
    })
}

fn column(table: &str, column: DocumentColumn) -> Read<Column> {
    let named = |what: &str| {
        let (table, name) = (shown(table), shown(&column.name));
        format!("says of column '{name}' of table '{table}': {what}")
    };
    let format = { column.format.as_deref() }
        .map(|text| ColumnFormat::parse(text, column.kind).map_err(|what| named(&what)))
        .transpose()?;
    let default = { column.default.as_ref() }
        .map(|json| value(json, column.kind).ok_or_else(|| named("its default is not of its kind")))
        .transpose()?;
    Ok(Column {
        kind: column.kind,
        nullable: column.nullable,
        name: column.name,
        format,
        default,
    })
}

/// A column's default, of its kind; a blob is written `{"hex": "00ff"}`.
fn value(json: &Json, kind: ColumnKind) -> Option<Value> {
    match (json, kind) {
        (Json::Null, _) => Some(Value::Null),
        (Json::Number(number), ColumnKind::Integer) => number.as_i64().map(Value::Integer),
        (Json::Number(number), ColumnKind::Real) => number.as_f64().map(Value::Real),
        (Json::String(text), ColumnKind::Text) => Some(Value::Text(text.clone())),
        (Json::Object(members), ColumnKind::Blob) if members.len() == 1 => {
            bytes_of_hex(members.get("hex")?.as_str()?).map(Value::Blob)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SCHEMA: &str = include_str!("../../../../wit/v1/manifest.schema.json");

    fn whole() -> Json {
        json!({
            "format": 1, "plugin": "bank", "version": "2020-01-01", "extends": "2019-01-01",
            "description": "a bank", "changes": ["the first"],
            "tables": [{
                "name": "account", "primary_key": ["id"],
                "columns": [
                    {"name": "id", "kind": "integer"},
                    {"name": "balance", "kind": "integer", "format": "money(CZK,2)", "default": 0},
                    {"name": "note", "kind": "text", "nullable": true, "default": null},
                    {"name": "key", "kind": "blob", "format": "uuid", "default": {"hex": "00ff"}},
                ],
                "indexes": [{"name": "by_note", "columns": ["note"], "unique": true}],
            }],
            "reads": [{"plugin": "user", "table": "user", "columns": ["id"]}],
            "events": [{"name": "bank.Paid", "description": "paid", "schema": {"type": "object"}}],
            "materializes": ["bank.Paid"],
            "commands": [{"name": "bank.Pay", "schema": true}],
            "tasks": [{"name": "mail", "description": "a letter"}],
            "partitions": {
                "events": [{"event": "bank.Paid", "field": "account"}],
                "tables": [{"table": "account", "column": "id"}],
            },
        })
    }

    #[test]
    fn a_whole_manifest_is_read_and_fits_the_schema() {
        let schema = jsonschema::validator_for(&serde_json::from_str(SCHEMA).unwrap()).unwrap();
        assert!(schema.is_valid(&whole()));
        let manifest = read(&whole().to_string()).unwrap();
        manifest.check().unwrap();
        let columns = &manifest.tables[0].columns;
        assert_eq!(
            columns[1].format.as_ref().unwrap().to_string(),
            "money(CZK,2)"
        );
        let defaults: Vec<_> = columns.iter().map(|it| it.default.clone()).collect();
        let blob = Value::Blob(vec![0, 255]);
        assert_eq!(
            defaults,
            [None, Some(Value::Integer(0)), Some(Value::Null), Some(blob)]
        );
        assert_eq!(manifest.events[0].schema, r#"{"type":"object"}"#);
        let least = json!({"format": 1, "plugin": "bank", "version": "2020-01-01"});
        assert!(schema.is_valid(&least) && read(&least.to_string()).is_ok());
    }

    #[test]
    fn what_is_no_manifest_is_refused_and_told_with_its_place() {
        let schema = jsonschema::validator_for(&serde_json::from_str(SCHEMA).unwrap()).unwrap();
        for (pointer, value, words) in [
            ("/format", json!(2), "format 2; this host reads format 1"),
            ("/format", json!("1"), "does not say its format"),
            ("/plugin", json!(7), "expected a string"),
            ("/tables/0/colums", json!([]), "unknown field `colums`"),
            (
                "/tables/0/columns/1/kind",
                json!("money"),
                "unknown variant `money`",
            ),
            (
                "/commands/0/partition",
                json!({}),
                "unknown field `partition`",
            ),
        ] {
            let mut document = whole();
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            document.pointer_mut(parent).unwrap()[name] = value;
            let error = read(&document.to_string()).unwrap_err().to_string();
            assert!(error.contains(words), "{pointer}: {error}");
            assert!(!schema.is_valid(&document), "{pointer}");
        }
        for (pointer, value, words) in [
            (
                "/tables/0/columns/1/format",
                json!("money"),
                "column 'balance' of table 'account': 'money' is no format",
            ),
            (
                "/tables/0/columns/2/format",
                json!("bool"),
                "format 'bool' is not for columns of kind text",
            ),
            (
                "/tables/0/columns/1/default",
                json!("x"),
                "its default is not of its kind",
            ),
        ] {
            let mut document = whole();
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            document.pointer_mut(parent).unwrap()[name] = value;
            let error = read(&document.to_string()).unwrap_err().to_string();
            assert!(error.contains(words), "{pointer}: {error}");
        }
        for text in ["", "[]", r#"{"format": 1, "format": 1}"#] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
