//! Plugins in Python: `daybook-py` of the SDK, and pytest, in the environment of the plugin.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use super::tool;
use crate::model::{Error, Result};

/// Where a plugin's packages are.
#[derive(Debug)]
enum Environment {
    /// A folder such as `.venv`.
    Folder(PathBuf),
    /// uv makes it, and keeps it as `uv.lock` says.
    Uv(PathBuf),
}

/// Builds the plugin in a folder into a file.
pub fn build(folder: &Path, out: &Path) -> Result<()> {
    let environment = Environment::of(folder)?;
    environment.needs("componentize-py", folder)?;
    let mut command = environment.command("daybook-py", folder)?;
    tool::build(
        command
            .arg("build")
            .arg(absolute(folder)?)
            .arg("--out")
            .arg(out),
    )
}

/// Runs the plugin's tests.
pub fn test(folder: &Path) -> Result<ExitStatus> {
    let environment = Environment::of(folder)?;
    environment.needs("pytest", folder)?;
    let mut command = environment.command("python", folder)?;
    tool::show(command.args(["-m", "pytest", "-q"]).current_dir(folder))
}

impl Environment {
    fn of(folder: &Path) -> Result<Environment> {
        if let Some(found) = tool::find_above(folder, ".venv")? {
            return Ok(Environment::Folder(found));
        }
        if let Some(named) = std::env::var_os("VIRTUAL_ENV").filter(|named| !named.is_empty()) {
            return Ok(Environment::Folder(named.into()));
        }
        let uv = tool::find("uv");
        if let Some(uv) = uv {
            return Ok(Environment::Uv(uv));
        }
        if tool::find("python3").is_none() {
            return Err(tool::missing(
                "python3 is missing, which plugins in Python need (3.11 or later)",
                tool::package_command("python3 python3-venv", "python3", "python"),
            ));
        }
        let command = format!(
            "python3 -m venv .venv && .venv/bin/pip install {}",
            packages(folder)
        );
        Err(tool::missing(
            format!("{} has no environment for its packages", folder.display()),
            tool::within(folder, &command),
        ))
    }

    /// Checks for a program of a package; uv installs it where it is missing.
    fn needs(&self, program: &str, folder: &Path) -> Result<()> {
        match self {
            Environment::Folder(environment) => program_of(environment, program, folder).map(drop),
            Environment::Uv(_) => Ok(()),
        }
    }

    fn command(&self, program: &str, folder: &Path) -> Result<Command> {
        Ok(match self {
            Environment::Folder(environment) => {
                Command::new(program_of(environment, program, folder)?)
            }
            Environment::Uv(uv) => {
                let mut command = Command::new(uv);
                command
                    .args(["run", "--quiet", "--project"])
                    .arg(absolute(folder)?)
                    .arg(program);
                command
            }
        })
    }
}

fn program_of(environment: &Path, program: &str, folder: &Path) -> Result<PathBuf> {
    let found = environment.join("bin").join(program);
    if found.is_file() {
        return Ok(found);
    }
    let pip = environment.join("bin/pip");
    let pip = match environment.parent().zip(folder.canonicalize().ok()) {
        Some((parent, folder)) if parent == folder => ".venv/bin/pip".to_owned(),
        _ => pip.display().to_string(),
    };
    let command = format!("{pip} install {}", packages(folder));
    Err(tool::missing(
        format!("{program} is not installed in {}", environment.display()),
        tool::within(folder, &command),
    ))
}

/// What pip is to install for the plugin.
fn packages(folder: &Path) -> &'static str {
    match folder.join("requirements.txt").is_file() {
        true => "-r requirements.txt",
        false => "'daybook-sdk[build]' pytest",
    }
}

fn absolute(folder: &Path) -> Result<PathBuf> {
    let failed = |error| Error::io(folder.display(), error);
    folder.canonicalize().map_err(failed)
}
