//! `daybook versions`

use super::Exit;
use super::common::FormatArg;
use super::output::{Output, thousands};
use super::table::{number, table, text};
use super::target::TargetArg;
use crate::model::{Result, tells_of_refusal};
use crate::wire::Version;

/// List the plugin versions of a book
///
/// Every version that was ever loaded, by plugin and date, with the one that is active and how many events of the log
/// each has handled. A version with events is needed for ever: it is what a replay of them runs. Its instances are `reset`
/// after each call, or there is a `fresh` one for each, as its certification showed on the engine that is named; on
/// another engine a new certification is due.
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
        versions.iter().try_for_each(|line| out.json(line))?;
        return Ok(Exit::Fine);
    }
    if versions.is_empty() {
        out.say("no version is loaded")?;
        out.advise(format_args!("daybook load {} FILE.wasm", args.target))?;
        return Ok(Exit::Fine);
    }
    let mut rows = table([
        "VERSION",
        "",
        "EXTENDS",
        "EVENTS",
        "DIGEST",
        "LOADED",
        "INSTANCES",
        "CERTIFIED",
        "CHANGES",
    ]);
    for line in versions {
        rows.add_row([
            text(format_args!("{}@{}", line.plugin, line.version)),
            text(match line.active {
                true => "active",
                false => &line.state,
            }),
            text(line.extends.as_deref().unwrap_or_default()),
            number(thousands(line.events)),
            text(line.digest.get(..12).unwrap_or(&line.digest)),
            text(line.loaded_at.get(..19).unwrap_or(&line.loaded_at)),
            text(line.instances.as_deref().unwrap_or_default()),
            text(certified(&line)),
            text(line.changes.join("; ")),
        ]);
    }
    out.line(rows)?;
    Ok(Exit::Fine)
}

/// The engine of a version's certification, or that one is due, or that the version is not to be trusted.
fn certified(line: &Version) -> String {
    match &line.certification {
        Some(known) if tells_of_refusal(&known.reason) => {
            format!("no: {}", known.reason)
        }
        Some(known) if line.certification_due => {
            format!("due: was on {}", known.engine)
        }
        Some(known) if known.events + known.commands == 0 => "nothing to try yet".into(),
        Some(known) => known.engine.clone(),
        None => "due: daybook certify".into(),
    }
}
