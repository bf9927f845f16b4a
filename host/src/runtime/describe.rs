//! The manifest: asked for once, at load, and checked before anybody believes it.

use wasmtime::component::{ComponentExportIndex, ComponentNamedList, InstancePre, Lift};

use super::bindings::daybook::plugin::manifest as wit;
use super::bindings::partitions;
use super::component::Code;
use super::engine::Runtime;
use super::state::CallState;
use super::wasi::{Perturbed, Wasi};
use crate::model::manifest::{
    Column, ColumnKind, ForeignTable, Index, Manifest, PayloadType, Table, TaskKind,
};
use crate::model::{Digest, Error, Partitioning, PluginVersion, Result, Value, limits};

/// The functions of the contract that a component exports.
pub(super) struct Exports {
    pub describe: ComponentExportIndex,
    pub partitions: Option<ComponentExportIndex>,
    pub materialize: Option<ComponentExportIndex>,
    pub create: Option<ComponentExportIndex>,
}

impl Runtime {
    /// Calls `describe`, and `partitions` where there is such an export, checks what they say against the component's exports,
    /// and gives the finished code.
    pub(super) fn describe(
        &self,
        pre: InstancePre<CallState>,
        digest: Digest,
        uses_wasi: bool,
        exports: Exports,
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
                partitions: Partitioning::default(),
            },
            uses_wasi,
            imports: Vec::new(),
            pre,
            materialize: exports.materialize,
            create: exports.create,
        };
        let (declared,) = self.ask::<(wit::Manifest,)>(&code, &exports.describe, "describe")?;
        let mut manifest = manifest(declared);
        if let Some(function) = exports.partitions {
            let (declared,) =
                self.ask::<(partitions::Partitioning,)>(&code, &function, "partitions")?;
            manifest.partitions = declared.into();
        }
        check_bytes(&manifest)?;
        manifest.check()?;
        check_exports(&manifest, &code)?;
        code.version = manifest.identity()?;
        code.manifest = manifest;
        Ok(code)
    }

    /// Calls what a component says of itself.
    fn ask<R>(&self, code: &Code, function: &ComponentExportIndex, name: &str) -> Result<R>
    where
        R: ComponentNamedList + Lift + 'static,
    {
        let wasi = code
            .uses_wasi
            .then(|| Wasi::new("1970-01-01T00:00:00Z", name, Perturbed::default()));
        let result = self.call::<_, R>(code, function, wasi, ());
        result.map_err(|error| match error.host_fault() {
            Some(fault) => fault.clone(),
            None => Error::refused(format!("the component's {name} {error}")),
        })
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
