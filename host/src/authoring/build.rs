//! From a plugin's crate to its component: compiled, encoded, and loaded once as a book would.

use std::path::{Path, PathBuf};

use super::cargo::{self, Package};
use super::target;
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
    let mut built = build_all(&[path.to_owned()])?;
    built
        .pop()
        .ok_or_else(|| Error::internal("one crate was built, and none came of it"))
}

/// Builds several plugins, those of one workspace with a single run of cargo. In the order of the paths.
pub fn build_all(paths: &[PathBuf]) -> Result<Vec<BuiltPlugin>> {
    let packages: Vec<Package> = paths
        .iter()
        .map(|path| cargo::package(path))
        .collect::<Result<_>>()?;
    let mut modules: Vec<Option<PathBuf>> = vec![None; packages.len()];
    for (at, package) in packages.iter().enumerate() {
        if modules[at].is_some() {
            continue;
        }
        target::ensure(&package.root)?;
        let beside: Vec<usize> = (at..packages.len())
            .filter(|&other| packages[other].root == package.root)
            .collect();
        let group: Vec<Package> = beside
            .iter()
            .map(|&other| packages[other].clone())
            .collect();
        for (other, module) in beside.into_iter().zip(cargo::compile(&group)?) {
            modules[other] = Some(module);
        }
    }
    let runtime = Runtime::new()?;
    let built = modules
        .into_iter()
        .zip(&packages)
        .zip(paths)
        .map(|((module, package), path)| {
            let module = module.ok_or_else(|| Error::internal("a crate was left out"))?;
            finish(&runtime, package, &module).map_err(|error| error.context(path.display()))
        });
    built.collect()
}

/// The target folder of the workspace that a crate is of.
pub fn target_folder(path: &Path) -> Result<PathBuf> {
    cargo::package(path).map(|package| package.target)
}

/// Turns a core module into a component and tries it.
fn finish(runtime: &Runtime, package: &Package, module: &Path) -> Result<BuiltPlugin> {
    let module = std::fs::read(module).map_err(|error| Error::io(module.display(), error))?;
    let bytes = encode_component(&module)?;
    let code = runtime.load(&bytes, None)?;
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
