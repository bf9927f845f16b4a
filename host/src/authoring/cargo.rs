//! Runs cargo for plugin crates: what their packages are, and their compiled modules.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::target::TARGET;
use crate::model::{Error, ErrorKind, Result};

/// Flags of the linker. A small stack, and a heap that is there from the start: an instance lives for one call, and
/// every page it grows by costs more than most calls' work.
const RUSTFLAGS: [&str; 2] = [
    "-Clink-arg=-zstack-size=65536",
    "-Clink-arg=--initial-heap=65536",
];

/// The profile is given here and not left to the crate, so that the same source makes the same component in any
/// workspace.
const PROFILE: [&str; 10] = [
    "profile.plugin.inherits=\"release\"",
    "profile.plugin.opt-level=3",
    "profile.plugin.lto=\"fat\"",
    "profile.plugin.codegen-units=1",
    "profile.plugin.panic=\"abort\"",
    "profile.plugin.debug=false",
    "profile.plugin.strip=\"debuginfo\"",
    "profile.plugin.debug-assertions=false",
    // A sum that does not fit stops the handler, as it stops its tests.
    "profile.plugin.overflow-checks=true",
    "profile.plugin.incremental=false",
];

/// Variables through which an outer cargo, or the user's shell, would change what is built.
const UNSET: [&str; 9] = [
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_BUILD_TARGET_DIR",
    "CARGO_MAKEFLAGS",
    "CARGO_TARGET_DIR",
    "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS",
    "MAKEFLAGS",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTFLAGS",
];

/// One plugin crate, as cargo knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    pub id: String,
    /// Its workspace.
    pub root: PathBuf,
    /// Its workspace's target folder.
    pub target: PathBuf,
}

impl Package {
    /// Where plugins of the workspace are built: apart from everything else, so that an outer cargo is neither waited
    /// for nor made to build anything again.
    pub fn plugins(&self) -> PathBuf {
        self.target.join("plugins")
    }
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<MetadataPackage>,
    workspace_root: PathBuf,
    target_directory: PathBuf,
}

#[derive(Deserialize)]
struct MetadataPackage {
    id: String,
    manifest_path: PathBuf,
    targets: Vec<MetadataTarget>,
}

#[derive(Deserialize)]
struct MetadataTarget {
    crate_types: Vec<String>,
}

/// Finds out about the crate in a folder.
pub fn package(folder: &Path) -> Result<Package> {
    let manifest = folder.join("Cargo.toml");
    if !manifest.is_file() {
        return Err(Error::usage(format!(
            "{} is not a crate: it has no Cargo.toml",
            folder.display()
        ))
        .hint("begin one with: daybook plugin new NAME"));
    }
    let manifest = manifest
        .canonicalize()
        .map_err(|error| Error::io(manifest.display(), error))?;
    let mut command = Command::new(cargo());
    // Here the outer target directory counts: below it the plugins are built.
    command
        .args([
            "metadata",
            "--no-deps",
            "--format-version=1",
            "--manifest-path",
        ])
        .arg(&manifest);
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(cannot_run)?;
    if !output.status.success() {
        return Err(Error::refused(format!(
            "cargo cannot read {}",
            manifest.display()
        )));
    }
    let metadata: Metadata = serde_json::from_slice(&output.stdout).map_err(|error| {
        Error::internal(format!(
            "reading what cargo says about {}: {error}",
            manifest.display()
        ))
    })?;
    let package = metadata
        .packages
        .into_iter()
        .find(|package| package.manifest_path == manifest)
        .ok_or_else(|| {
            Error::usage(format!(
                "{} is a workspace, not a crate",
                manifest.display()
            ))
        })?;
    if !package
        .targets
        .iter()
        .any(|target| target.crate_types.iter().any(|kind| kind == "cdylib"))
    {
        return Err(Error::refused(format!(
            "{} does not say that the library is a component",
            manifest.display()
        ))
        .hint("it needs: [lib] crate-type = [\"cdylib\", \"rlib\"]"));
    }
    Ok(Package {
        id: package.id,
        root: metadata.workspace_root,
        target: metadata.target_directory,
    })
}

/// Compiles packages of one workspace in one go, and gives each one's core module.
pub fn compile(packages: &[Package]) -> Result<Vec<PathBuf>> {
    let Some(first) = packages.first() else {
        return Ok(Vec::new());
    };
    let mut command = Command::new(cargo());
    command.args([
        "build",
        "--lib",
        "--profile=plugin",
        "--message-format=json-render-diagnostics",
    ]);
    command.arg(format!("--target={TARGET}"));
    command
        .arg("--manifest-path")
        .arg(first.root.join("Cargo.toml"));
    command.arg("--target-dir").arg(first.plugins());
    for setting in PROFILE {
        command.args(["--config", setting]);
    }
    for package in packages {
        command.args(["--package", &package.id]);
    }
    for name in UNSET {
        command.env_remove(name);
    }
    command.env("CARGO_ENCODED_RUSTFLAGS", RUSTFLAGS.join("\u{1f}"));
    command.current_dir(&first.root);
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(cannot_run)?;
    if !output.status.success() {
        return Err(Error::refused(
            "the plugin does not compile; cargo says why",
        ));
    }
    let artifacts: Vec<Artifact> = output
        .stdout
        .split(|&byte| byte == b'\n')
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect();
    packages
        .iter()
        .map(|package| module(package, &artifacts))
        .collect()
}

/// A line of cargo's about something it built.
#[derive(Deserialize)]
struct Artifact {
    package_id: String,
    filenames: Vec<PathBuf>,
}

fn module(package: &Package, artifacts: &[Artifact]) -> Result<PathBuf> {
    let files = artifacts
        .iter()
        .filter(|artifact| artifact.package_id == package.id)
        .flat_map(|artifact| &artifact.filenames);
    files
        .filter(|file| {
            file.extension()
                .is_some_and(|extension| extension == "wasm")
        })
        .cloned()
        .next()
        .ok_or_else(|| Error::internal(format!("cargo built no module for {}", package.id)))
}

fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

fn cannot_run(error: std::io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("cargo cannot be run: {error}"))
        .hint("building a plugin needs Rust: install it with rustup, or the distribution's packages rustc and cargo")
}
