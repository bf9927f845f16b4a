//! The manifest: asked for once, at load, and checked before anybody believes it.

use wasmtime::component::{ComponentExportIndex, InstancePre};

use super::bindings::daybook::plugin::manifest as wit;
use super::component::Code;
use super::engine::Runtime;
use super::state::CallState;
use super::wasi::{Perturbed, Wasi};
use crate::model::manifest::{
    Column, ColumnKind, ForeignTable, Index, Manifest, PayloadType, Table, TaskKind,
};
use crate::model::{Digest, Error, PluginVersion, Result, Value, limits};

impl Runtime {
    /// Calls `describe`, checks what it says against the component's exports, and gives the finished code.
    pub(super) fn describe(
        &self,
        pre: InstancePre<CallState>,
        digest: Digest,
        uses_wasi: bool,
        describe: &ComponentExportIndex,
        materialize: Option<ComponentExportIndex>,
        create: Option<ComponentExportIndex>,
    ) -> Result<Code> {
        // Until the manifest is known the code has no name of its own.
        let unnamed = PluginVersion {
            plugin: "unnamed".parse()?,
            date: "1970-01-01".parse()?,
        };
        let mut code = Code {
            version: unnamed,
            digest,
            manifest: Manifest {
                plugin: String::new(),
                version: String::new(),
                extends: None,
                description: String::new(),
                changes: Vec::new(),
                tables: Vec::new(),
                reads: Vec::new(),
                events: Vec::new(),
                materializes: Vec::new(),
                commands: Vec::new(),
                tasks: Vec::new(),
            },
            uses_wasi,
            imports: Vec::new(),
            pre,
            materialize,
            create,
        };
        let wasi =
            uses_wasi.then(|| Wasi::new("1970-01-01T00:00:00Z", "describe", Perturbed::default()));
        let result = self.call::<_, (wit::Manifest,)>(&code, describe, wasi, ());
        let (declared,) = result.map_err(|error| match error.host_fault() {
            Some(fault) => fault.clone(),
            None => Error::refused(format!("the component's describe {error}")),
        })?;
        let manifest = manifest(declared);
        check_bytes(&manifest)?;
        manifest.check()?;
        check_exports(&manifest, &code)?;
        code.version = manifest.identity()?;
        code.manifest = manifest;
        Ok(code)
    }
}

/// Refuses a manifest that is larger than one may be, as it is kept: with all of its texts.
fn check_bytes(manifest: &Manifest) -> Result<()> {
    let bytes = serde_json::to_string(manifest)
        .map_err(|error| Error::internal(format!("a manifest that is not JSON: {error}")))?
        .len();
    if bytes > limits::MANIFEST_BYTES_MAX {
        return Err(Error::refused(format!(
            "the component's manifest has {bytes} bytes; {} at most",
            limits::MANIFEST_BYTES_MAX
        )));
    }
    Ok(())
}

fn check_exports(manifest: &Manifest, code: &Code) -> Result<()> {
    if !manifest.materializes.is_empty() && !code.has_materializer() {
        return Err(Error::refused(format!(
            "{}@{} says that it materializes '{}' but exports no materializer",
            manifest.plugin, manifest.version, manifest.materializes[0]
        )));
    }
    if !manifest.commands.is_empty() && !code.has_creator() {
        return Err(Error::refused(format!(
            "{}@{} declares command '{}' but exports no creator",
            manifest.plugin, manifest.version, manifest.commands[0].name
        )));
    }
    Ok(())
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
