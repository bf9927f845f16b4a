//! Programs of the author's machine: where they are, how they are run, and the one command that installs what is missing.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use crate::model::{Error, ErrorKind, Result};

/// A program of the PATH.
pub fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut places = std::env::split_paths(&path).map(|folder| folder.join(name));
    places.find(|place| place.is_file())
}

/// The first that is there, in a folder or in one above it.
pub fn find_above(folder: &Path, name: impl AsRef<OsStr>) -> Result<Option<PathBuf>> {
    let failed = |error| Error::io(folder.display(), error);
    let folder = folder.canonicalize().map_err(failed)?;
    let name = Path::new(name.as_ref());
    let mut places = folder.ancestors().map(|folder| folder.join(name));
    Ok(places.find(|place| place.exists()))
}

/// What is missing, and the command that puts it there.
pub fn missing(what: impl Into<String>, command: impl Into<String>) -> Error {
    Error::new(ErrorKind::Io, what).hint(format!("install it with: {}", command.into()))
}

/// A command as it is carried out in a folder: `(cd FOLDER && COMMAND)`.
pub fn within(folder: &Path, command: &str) -> String {
    match folder.as_os_str() == "." {
        true => command.to_owned(),
        false => format!("(cd {} && {command})", folder.display()),
    }
}

/// The command of this machine's packages that installs something: its names for Debian, Fedora and Homebrew.
pub fn package_command(apt: &str, dnf: &str, brew: &str) -> String {
    if cfg!(target_os = "macos") {
        format!("brew install {brew}")
    } else if find("apt-get").is_none() && find("dnf").is_some() {
        format!("dnf install {dnf}")
    } else {
        format!("apt-get install {apt}")
    }
}

/// Runs the tests of a plugin where its author sees them.
pub fn show(command: &mut Command) -> Result<ExitStatus> {
    command.stdin(Stdio::null());
    command
        .status()
        .map_err(|error| cannot_run(command, &error))
}

/// Runs a build. What it says of itself is no part of this program's output; what it says is wrong is seen.
pub fn build(command: &mut Command) -> Result<()> {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let status = command
        .status()
        .map_err(|error| cannot_run(command, &error))?;
    match status.success() {
        true => Ok(()),
        false => Err(Error::refused(format!(
            "{} does not build the plugin, and says why",
            name(command)
        ))),
    }
}

fn name(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    name.to_string_lossy().into_owned()
}

fn cannot_run(command: &Command, error: &std::io::Error) -> Error {
    let program = command.get_program().to_string_lossy();
    Error::new(ErrorKind::Io, format!("{program} cannot be run: {error}"))
}
