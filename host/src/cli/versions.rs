//! `daybook versions`

use serde_json::json;

use super::Exit;
use super::common::FormatArg;
use super::output::{Output, thousands};
use super::table::{number, table, text};
use super::target::TargetArg;
use crate::model::Result;

/// List the plugin versions of a book
///
/// Every version that was ever loaded, by plugin and date, with the one that is active and how many events of the log
/// each has handled. A version with events is needed for ever: it is what a replay of them runs.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook versions mybook
  daybook versions mybook --format json
  daybook versions --url http://127.0.0.1:7373")]
pub struct Args {
    #[command(flatten)]
    target: TargetArg,
    #[command(flatten)]
    format: FormatArg,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    let versions = args.target.read()?.versions()?;
    if args.format.is_json() {
        for line in &versions {
            out.json(&json!({
                "plugin": line.version.plugin.as_str(),
                "version": line.version.date.to_string(),
                "extends": line.manifest.extends,
                "active": line.active,
                "events": line.events,
                "digest": line.digest.to_string(),
                "loaded_at": line.loaded_at,
                "description": line.manifest.description,
                "changes": line.manifest.changes,
            }))?;
        }
        return Ok(Exit::Fine);
    }
    if versions.is_empty() {
        out.say("no version is loaded")?;
        out.advise(format_args!("daybook load {} FILE.wasm", args.target))?;
        return Ok(Exit::Fine);
    }
    let mut rows = table([
        "VERSION", "", "EXTENDS", "EVENTS", "DIGEST", "LOADED", "CHANGES",
    ]);
    for line in versions {
        rows.add_row([
            text(&line.version),
            text(if line.active { "active" } else { "" }),
            text(line.manifest.extends.as_deref().unwrap_or_default()),
            number(thousands(line.events)),
            text(line.digest.short()),
            text(line.loaded_at.get(..19).unwrap_or(&line.loaded_at)),
            text(line.manifest.changes.join("; ")),
        ]);
    }
    out.line(rows)?;
    Ok(Exit::Fine)
}
