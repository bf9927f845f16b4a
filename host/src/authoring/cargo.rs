//! Runs cargo for plugin crates: what their packages are, and their compiled modules.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use serde::Deserialize;

use super::target::TARGET;
use super::{sdk, tool};
use crate::model::{Digest, Error, ErrorKind, Result};

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
    /// The folder of the SDK, where the crate names one.
    pub sdk: Option<PathBuf>,
}

impl Package {
    /// Where plugins of the workspace are built: apart from everything else, so that an outer cargo is neither waited
    /// for nor made to build anything again.
    pub fn plugins(&self) -> PathBuf {
        self.target.join("plugins")
    }

    /// Where cargo builds. Cargo names a component by its library alone, and versions of a plugin are libraries of one name: in
    /// a target folder that workspaces share (`CARGO_TARGET_DIR`) each needs a part of its own, or would get another's component.
    fn build_folder(&self) -> PathBuf {
        match self.target.starts_with(&self.root) {
            true => self.plugins(),
            false => {
                let root = self.root.to_string_lossy();
                self.plugins().join(Digest::of(root.as_bytes()).short())
            }
        }
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
    dependencies: Vec<MetadataDependency>,
    targets: Vec<MetadataTarget>,
}

#[derive(Deserialize)]
struct MetadataDependency {
    name: String,
    /// Where it is a folder of this machine.
    path: Option<PathBuf>,
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
    // The folder may name a toolchain of its own.
    command.current_dir(folder);
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
    let sdk = package.dependencies.into_iter();
    let sdk = { sdk }
        .find(|it| it.name == sdk::FOLDER)
        .and_then(|it| it.path);
    Ok(Package {
        // A path that leads nowhere is told by cargo.
        sdk: sdk.and_then(|path| path.canonicalize().ok()),
        id: package.id,
        root: metadata.workspace_root,
        target: metadata.target_directory,
    })
}

/// Runs the tests of the crate in a folder, where its author sees them.
pub fn test(folder: &Path) -> Result<ExitStatus> {
    if tool::find("cargo").is_none() && std::env::var_os("CARGO").is_none() {
        return Err(missing());
    }
    tool::show(Command::new(cargo()).arg("test").current_dir(folder))
}

/// Compiles a package and gives its core module.
pub fn compile(package: &Package) -> Result<PathBuf> {
    let mut command = Command::new(cargo());
    // As a component alone, whatever else the crate is for its tests: with a library beside it cargo would silently leave
    // out the optimization across crates, which saves every event a seventh of its instructions.
    command.args(["rustc", "--lib", "--crate-type=cdylib", "--profile=plugin"]);
    command.arg("--message-format=json-render-diagnostics");
    command.arg(format!("--target={TARGET}"));
    command
        .arg("--manifest-path")
        .arg(package.root.join("Cargo.toml"));
    command.arg("--target-dir").arg(package.build_folder());
    command.args(["--package", &package.id]);
    for setting in PROFILE {
        command.args(["--config", setting]);
    }
    for name in UNSET {
        command.env_remove(name);
    }
    command.env("CARGO_ENCODED_RUSTFLAGS", rustflags(package));
    command.current_dir(&package.root);
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
    let artifacts = output.stdout.split(|&byte| byte == b'\n');
    artifacts
        .filter_map(|line| serde_json::from_slice::<Artifact>(line).ok())
        .filter(|artifact| artifact.package_id == package.id)
        .flat_map(|artifact| artifact.filenames)
        .find(|file| {
            file.extension()
                .is_some_and(|extension| extension == "wasm")
        })
        .ok_or_else(|| Error::internal(format!("cargo built no module for {}", package.id)))
}

/// The linker's flags, and other names for the folders that messages of panics tell of: the same source makes the same
/// component in every user's home, and wherever its folder is moved.
fn rustflags(package: &Package) -> OsString {
    let cargo_home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let cargo_home = cargo_home.or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    let mut flags = OsString::from(RUSTFLAGS.join(SEPARATOR));
    // Of two that fit the compiler takes the later one.
    for (folder, name) in [
        (cargo_home, "/cargo"),
        (Some(package.root.clone()), "/daybook"),
        (package.sdk.clone(), "/daybook/plugin-sdk"),
    ] {
        if let Some(folder) = folder {
            flags.push(format!("{SEPARATOR}--remap-path-prefix="));
            flags.push(folder);
            flags.push(format!("={name}"));
        }
    }
    flags
}

/// Between flags in `CARGO_ENCODED_RUSTFLAGS`.
const SEPARATOR: &str = "\u{1f}";

/// A line of cargo's about something it built.
#[derive(Deserialize)]
struct Artifact {
    package_id: String,
    filenames: Vec<PathBuf>,
}

fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

fn cannot_run(error: std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::NotFound => missing(),
        _ => Error::new(ErrorKind::Io, format!("cargo cannot be run: {error}")),
    }
}

fn missing() -> Error {
    let rustup = "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh";
    tool::missing("cargo is missing, which plugins in Rust need", rustup)
}
