//! From a plugin's crate to its component: compiled, encoded, and loaded once as a book would.

use std::path::{Path, PathBuf};

use super::{cargo, target};
use crate::model::{Digest, Error, PluginVersion, Result};
use crate::runtime::{Runtime, encode_component};

/// A component that a book will take.
#[derive(Debug, Clone)]
pub struct BuiltPlugin {
    pub version: PluginVersion,
    /// SHA-256 of the bytes.
    pub digest: Digest,
    pub bytes: Vec<u8>,
    /// Where the bytes are: `<target folder of the workspace>/plugins/PLUGIN-DATE.wasm`.
    pub file: PathBuf,
}

/// Builds the plugin whose crate is in a folder.
pub fn build(path: &Path) -> Result<BuiltPlugin> {
    build_with(&Runtime::new()?, path)
}

/// Builds several plugins, in the order of their folders. What those of one workspace depend on is compiled once.
pub fn build_all(paths: &[PathBuf]) -> Result<Vec<BuiltPlugin>> {
    let runtime = Runtime::new()?;
    paths
        .iter()
        .map(|path| build_with(&runtime, path))
        .collect()
}

/// The target folder of the workspace that a crate is of.
pub fn target_folder(path: &Path) -> Result<PathBuf> {
    cargo::package(path).map(|package| package.target)
}

/// Compiles a crate, turns its core module into a component, and tries that.
fn build_with(runtime: &Runtime, path: &Path) -> Result<BuiltPlugin> {
    let package = cargo::package(path)?;
    target::ensure(&package.root)?;
    let module = cargo::compile(&package)?;
    let module = std::fs::read(&module).map_err(|error| Error::io(module.display(), error))?;
    let bytes = encode_component(&module)?;
    let code = runtime
        .load(&bytes, None)
        .map_err(|error| error.context(path.display()))?;
    let file = package.plugins().join(format!(
        "{}-{}.wasm",
        code.version.plugin, code.version.date
    ));
    write_whole(&file, &bytes)?;
    Ok(BuiltPlugin {
        version: code.version,
        digest: code.digest,
        bytes,
        file,
    })
}

/// Writes a file that is there whole or not at all, whoever else writes it at the same time.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = |error| Error::io(format!("writing {}", path.display()), error);
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(format!(".{}.new", std::process::id()));
    std::fs::write(&unfinished, bytes).map_err(failed)?;
    std::fs::rename(&unfinished, path).map_err(|error| {
        // The rename's error is the one to tell; a leftover is only untidy.
        let _ = std::fs::remove_file(&unfinished);
        failed(error)
    })
}
