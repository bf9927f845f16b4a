//! `daybook versions`

use serde_json::json;

use super::Exit;
use super::common::{BookArg, FormatArg};
use super::output::{Output, thousands};
use super::table::{number, table, text};
use crate::model::Result;
use crate::service::{VersionLine, certification_json};

/// List the plugin versions of a book
///
/// Every version that was ever loaded, by plugin and date, with the one that is active and how many events of the log
/// each has handled. A version with events is needed for ever: it is what a replay of them runs. Its isolation says how
/// long an instance of it lives, as its certification showed, on the engine that is named; on another engine it is
/// `event`, and a new certification is due.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook versions mybook
  daybook versions mybook --format json")]
pub struct Args {
    #[command(flatten)]
    book: BookArg,
    #[command(flatten)]
    format: FormatArg,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    let versions = args.book.read()?.versions()?;
    if args.format.is_json() {
        for line in &versions {
            out.json(&json!({
                "plugin": line.version.plugin.as_str(),
                "version": line.version.date.to_string(),
                "extends": line.manifest.extends,
                "active": line.active,
                "state": line.state.as_str(),
                "needed_by": line.needed_by,
                "pins": line.pins.iter().map(|pin| json!({
                    "actor": pin.actor, "uses": pin.uses, "last_at": pin.last_at,
                })).collect::<Vec<_>>(),
                "events": line.events,
                "digest": line.digest.to_string(),
                "loaded_at": line.loaded_at,
                "isolation": line.isolation().as_str(),
                "certification_due": line.is_certification_due(),
                "certification": line.certification.as_ref().map(certification_json),
                "description": line.manifest.description,
                "changes": line.manifest.changes,
            }))?;
        }
        return Ok(Exit::Fine);
    }
    if versions.is_empty() {
        let book = args.book.path.display();
        out.say("no version is loaded")?;
        out.advise(format_args!("daybook load {book} FILE.wasm"))?;
        return Ok(Exit::Fine);
    }
    let mut rows = table([
        "VERSION",
        "",
        "EXTENDS",
        "EVENTS",
        "DIGEST",
        "LOADED",
        "ISOLATION",
        "CERTIFIED",
        "CHANGES",
    ]);
    for line in versions {
        rows.add_row([
            text(&line.version),
            text(match line.active {
                true => "active",
                false => line.state.as_str(),
            }),
            text(line.manifest.extends.as_deref().unwrap_or_default()),
            number(thousands(line.events)),
            text(line.digest.short()),
            text(line.loaded_at.get(..19).unwrap_or(&line.loaded_at)),
            text(line.isolation()),
            text(certified(&line)),
            text(line.manifest.changes.join("; ")),
        ]);
    }
    out.line(rows)?;
    Ok(Exit::Fine)
}

/// The engine of a version's certification, or that one is due.
fn certified(line: &VersionLine) -> String {
    match &line.certification {
        Some(known) if line.is_certification_due() => {
            format!("due: was on {}", known.engine)
        }
        Some(known) if known.events + known.commands == 0 => "nothing to try yet".into(),
        Some(known) => known.engine.clone(),
        None => "due: daybook certify".into(),
    }
}
