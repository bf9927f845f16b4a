//! The manifest: asked for once, at load, and checked before anybody believes it.

use wasmtime::component::{ComponentExportIndex, ComponentNamedList, InstancePre, Lift};

use super::component::{Code, Contract};
use super::engine::Runtime;
use super::state::CallState;
use super::wasi::{Perturbed, Wasi};
use super::{draft, v1};
use crate::model::manifest::Manifest;
use crate::model::{Digest, Error, PluginVersion, Result, limits};

/// The functions of a contract that a component exports.
pub(super) struct Exports {
    pub contract: Contract,
    pub describe: ComponentExportIndex,
    /// Of the draft alone.
    pub partitions: Option<ComponentExportIndex>,
    pub materialize: Option<ComponentExportIndex>,
    pub create: Option<ComponentExportIndex>,
}

impl Runtime {
    /// Calls `describe`, checks what it says against the component's exports, and gives the finished code.
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
            manifest: Manifest::default(),
            contract: exports.contract,
            uses_wasi,
            imports: Vec::new(),
            pre,
            materialize: exports.materialize,
            create: exports.create,
            resetting: None,
            fresh_because: None,
        };
        let manifest = match exports.contract {
            Contract::V1 => v1::describe(self, &code, &exports.describe)?,
            Contract::Draft => draft::describe(self, &code, &exports)?,
        };
        check_bytes(&manifest)?;
        manifest.check()?;
        check_exports(&manifest, &code)?;
        code.version = manifest.identity()?;
        code.manifest = manifest;
        Ok(code)
    }

    /// Calls what a component says of itself.
    pub(super) fn ask<R>(
        &self,
        code: &Code,
        function: &ComponentExportIndex,
        name: &str,
    ) -> Result<R>
    where
        R: ComponentNamedList + Lift + 'static,
    {
        let wasi = code
            .uses_wasi
            .then(|| Wasi::of("1970-01-01T00:00:00Z", name, Perturbed::default()));
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
