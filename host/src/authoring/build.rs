//! From a plugin's folder to its component: built by the tools of its language, and loaded once as a book would.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use super::{Language, cargo, node, python, target};
use crate::model::{Digest, Error, PluginVersion, Result};
use crate::runtime::{Runtime, encode_component};

/// A component that a book will take.
#[derive(Debug, Clone)]
pub struct BuiltPlugin {
    pub version: PluginVersion,
    /// SHA-256 of the bytes.
    pub digest: Digest,
    pub bytes: Vec<u8>,
    /// Where the bytes are: `plugins/PLUGIN-DATE.wasm` in the target folder of the crate's workspace, or else in the folder
    /// `target` of the plugin.
    pub file: PathBuf,
}

/// Builds the plugin in a folder, whatever its language is.
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

/// Runs the tests of the plugin in a folder, where its author sees them.
pub fn test(path: &Path) -> Result<ExitStatus> {
    match Language::of(path)? {
        Language::Rust => cargo::test(path),
        Language::TypeScript => node::test(path),
        Language::Python => python::test(path),
    }
}

/// Builds a component and tries it.
fn build_with(runtime: &Runtime, path: &Path) -> Result<BuiltPlugin> {
    let (plugins, bytes) = match Language::of(path)? {
        Language::Rust => compile(path)?,
        Language::TypeScript => build_by(path, node::build)?,
        Language::Python => build_by(path, python::build)?,
    };
    let code = runtime
        .load(&bytes, None)
        .map_err(|error| error.context(path.display()))?;
    let file = plugins.join(format!(
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

/// Compiles a crate and turns its core module into a component. Gives the folder for components, too.
fn compile(path: &Path) -> Result<(PathBuf, Vec<u8>)> {
    let package = cargo::package(path)?;
    target::ensure(&package.root)?;
    let module = cargo::compile(&package)?;
    let module = std::fs::read(&module).map_err(|error| Error::io(module.display(), error))?;
    Ok((package.plugins(), encode_component(&module)?))
}

/// Has a component built by another SDK's command, and takes it from where that wrote it.
fn build_by(path: &Path, build: impl Fn(&Path, &Path) -> Result<()>) -> Result<(PathBuf, Vec<u8>)> {
    let failed = |error| Error::io(path.display(), error);
    let plugins = path.canonicalize().map_err(failed)?.join("target/plugins");
    std::fs::create_dir_all(&plugins).map_err(|error| Error::io(plugins.display(), error))?;
    // Builds at the same time do not meet.
    let file = plugins.join(format!("built-{}.wasm", std::process::id()));
    build(path, &file)?;
    let bytes = std::fs::read(&file).map_err(|error| Error::io(file.display(), error))?;
    std::fs::remove_file(&file).map_err(|error| Error::io(file.display(), error))?;
    Ok((path.join("target/plugins"), bytes))
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
