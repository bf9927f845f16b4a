//! What a component of the draft says of itself: a record, and its partitions by another function.

use super::daybook::plugin::manifest as wit;
use super::partitions;
use crate::model::manifest::{
    Column, ColumnKind, ForeignTable, Index, Manifest, PayloadType, Table, TaskKind,
};
use crate::model::{Partitioning, Result, Value};
use crate::runtime::component::Code;
use crate::runtime::describe::Exports;
use crate::runtime::engine::Runtime;

/// Calls `describe`, and `partitions` where there is such an export.
pub fn describe(runtime: &Runtime, code: &Code, exports: &Exports) -> Result<Manifest> {
    let (declared,) = runtime.ask::<(wit::Manifest,)>(code, &exports.describe, "describe")?;
    let mut manifest = manifest(declared);
    if let Some(function) = &exports.partitions {
        let (declared,) =
            runtime.ask::<(partitions::Partitioning,)>(code, function, "partitions")?;
        manifest.partitions = declared.into();
    }
    Ok(manifest)
}

fn manifest(declared: wit::Manifest) -> Manifest {
    let payload = |name, description, schema| PayloadType {
        name,
        description,
        schema,
    };
    Manifest {
        plugin: declared.plugin,
        version: declared.version,
        extends: declared.extends,
        description: declared.description,
        changes: declared.changes,
        tables: declared.tables.into_iter().map(table).collect(),
        reads: declared
            .reads
            .into_iter()
            .map(|reads| ForeignTable {
                plugin: reads.plugin,
                table: reads.table,
                columns: reads.columns,
            })
            .collect(),
        events: declared
            .events
            .into_iter()
            .map(|e| payload(e.name, e.description, e.schema))
            .collect(),
        materializes: declared.materializes,
        commands: declared
            .commands
            .into_iter()
            .map(|c| payload(c.name, c.description, c.schema))
            .collect(),
        tasks: declared
            .tasks
            .into_iter()
            .map(|task| TaskKind {
                name: task.name,
                description: task.description,
            })
            .collect(),
        partitions: Partitioning::default(),
    }
}

fn table(table: wit::Table) -> Table {
    Table {
        name: table.name,
        columns: table
            .columns
            .into_iter()
            .map(|column| Column {
                name: column.name,
                kind: match column.kind {
                    wit::ColumnKind::Integer => ColumnKind::Integer,
                    wit::ColumnKind::Real => ColumnKind::Real,
                    wit::ColumnKind::Text => ColumnKind::Text,
                    wit::ColumnKind::Blob => ColumnKind::Blob,
                },
                format: None,
                nullable: column.nullable,
                default: column.default_value.map(Value::from),
            })
            .collect(),
        primary_key: table.primary_key,
        indexes: table
            .indexes
            .into_iter()
            .map(|index| Index {
                name: index.name,
                columns: index.columns,
                unique: index.unique,
            })
            .collect(),
    }
}
