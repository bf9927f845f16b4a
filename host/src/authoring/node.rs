//! Plugins in TypeScript: `daybook-js` of the SDK, and `npm test`.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use super::tool;
use crate::model::{Error, Result};

/// Builds the plugin in a folder into a file.
pub fn build(folder: &Path, out: &Path) -> Result<()> {
    let command = daybook_js(folder)?;
    tool::build(
        Command::new(command)
            .arg("build")
            .arg(folder)
            .arg("--out")
            .arg(out),
    )
}

/// Runs the script `test` of the plugin's package.json.
pub fn test(folder: &Path) -> Result<ExitStatus> {
    daybook_js(folder)?;
    tool::show(
        Command::new("npm")
            .args(["test", "--silent"])
            .current_dir(folder),
    )
}

/// The SDK's command, once all that it needs is there.
fn daybook_js(folder: &Path) -> Result<PathBuf> {
    for program in ["node", "npm"] {
        if tool::find(program).is_none() {
            let command = tool::package_command("nodejs npm", "nodejs npm", "node");
            return Err(tool::missing(
                format!(
                    "{program} is missing, which plugins in TypeScript need (Node 20.6 or later)"
                ),
                command,
            ));
        }
    }
    match tool::find_above(folder, "node_modules/.bin/daybook-js")? {
        Some(command) => Ok(command),
        None => Err(not_installed(folder)),
    }
}

fn not_installed(folder: &Path) -> Error {
    let command = match folder.join("package-lock.json").is_file() {
        true => "npm ci",
        false => "npm install",
    };
    tool::missing(
        format!(
            "the packages that {} needs are not installed",
            folder.display()
        ),
        tool::within(folder, command),
    )
}
