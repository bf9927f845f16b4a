//! The manifest as it crosses the contract: a JSON document of format 1.

use serde_json::{Map, Value as Json, json};

use super::manifest::{Column, ColumnKind, EventType, Manifest, Table};
use super::partitions::{EventPartition, PartitionSource, Partitioning};
use super::types::Value;

/// The format of [`write`]'s documents.
pub const FORMAT: u64 = 1;

/// A manifest, and what it says of partitions, as JSON text. A schema that is no JSON stays a text, which the host refuses.
pub fn write(manifest: &Manifest, partitioning: &Partitioning) -> String {
    let mut document = json!({
        "format": FORMAT,
        "plugin": manifest.plugin,
        "version": manifest.version,
        "description": manifest.description,
        "changes": manifest.changes,
        "tables": manifest.tables.iter().map(table).collect::<Vec<_>>(),
        "reads": manifest.reads.iter().map(|it| json!({
            "plugin": it.plugin, "table": it.table, "columns": it.columns,
        })).collect::<Vec<_>>(),
        "events": manifest.events.iter().map(event).collect::<Vec<_>>(),
        "materializes": manifest.materializes,
        "commands": manifest.commands.iter().map(|it| json!({
            "name": it.name, "description": it.description, "schema": schema(&it.schema),
        })).collect::<Vec<_>>(),
        "tasks": manifest.tasks.iter().map(|it| json!({
            "name": it.name, "description": it.description,
        })).collect::<Vec<_>>(),
    });
    if let Some(extends) = &manifest.extends {
        document["extends"] = extends.as_str().into();
    }
    if !(partitioning.events.is_empty() && partitioning.tables.is_empty()) {
        document["partitions"] = partitions(partitioning);
    }
    document.to_string()
}

fn schema(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

fn event(event: &EventType) -> Json {
    json!({
        "name": event.name, "description": event.description, "schema": schema(&event.schema),
    })
}

fn partitions(partitioning: &Partitioning) -> Json {
    let event = |it: &EventPartition| match &it.source {
        PartitionSource::Subject(prefix) => json!({"event": it.event_type, "subject": prefix}),
        PartitionSource::Field(name) => json!({"event": it.event_type, "field": name}),
    };
    json!({
        "events": partitioning.events.iter().map(event).collect::<Vec<_>>(),
        "tables": partitioning.tables.iter().map(|it| json!({
            "table": it.table, "column": it.column,
        })).collect::<Vec<_>>(),
    })
}

fn table(table: &Table) -> Json {
    json!({
        "name": table.name,
        "columns": table.columns.iter().map(column).collect::<Vec<_>>(),
        "primary_key": table.primary_key,
        "indexes": table.indexes.iter().map(|it| json!({
            "name": it.name, "columns": it.columns, "unique": it.unique,
        })).collect::<Vec<_>>(),
    })
}

fn column(column: &Column) -> Json {
    let mut members = Map::new();
    let kind = match column.kind {
        ColumnKind::Integer => "integer",
        ColumnKind::Real => "real",
        ColumnKind::Text => "text",
        ColumnKind::Blob => "blob",
    };
    members.insert("name".to_owned(), column.name.as_str().into());
    members.insert("kind".to_owned(), kind.into());
    if let Some(format) = &column.format {
        members.insert("format".to_owned(), format.as_str().into());
    }
    members.insert("nullable".to_owned(), column.nullable.into());
    if let Some(value) = &column.default_value {
        members.insert("default".to_owned(), default(value));
    }
    Json::Object(members)
}

fn default(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Integer(number) => (*number).into(),
        Value::Real(number) => (*number).into(),
        Value::Text(text) => text.as_str().into(),
        Value::Blob(bytes) => {
            let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
            json!({"hex": digits.collect::<String>()})
        }
    }
}
