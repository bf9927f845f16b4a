//! `daybook certify`

use super::Exit;
use super::common::FormatArg;
use super::output::{Output, count};
use super::table::clean;
use super::target::TargetArg;
use crate::model::{PluginVersion, Result};

/// Certify a loaded version on the history there is now
///
/// The version is run over a sample of the log's events and commands, several times each on the same state, while what
/// must not matter is perturbed: WASI's clock and random bytes, and the order of rows that no ORDER BY fixes. After a
/// call the whole of its instance, put back to what it was, is compared with a fresh one. Loading does the same; this is
/// for a version that was loaded before there was history, or certified on another engine.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook certify mybook bank@1994-01-01

Exit code 1: the version is not deterministic; the first difference is named.")]
pub struct Args {
    #[command(flatten)]
    target: TargetArg,
    /// The version: bank@1994-01-01
    #[arg(value_name = "PLUGIN@DATE")]
    version: PluginVersion,
    #[command(flatten)]
    format: FormatArg,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    let certified = args.target.open(out)?.certify(&args.version)?;
    let exit = match certified.deterministic {
        true => Exit::Fine,
        false => Exit::Differs,
    };
    if args.format.is_json() {
        out.json(&certified)?;
        return Ok(exit);
    }
    let certification = &certified.certification;
    out.line(format_args!(
        "{}  instances {}: {}",
        args.version,
        certification.instances,
        clean(&certification.reason)
    ))?;
    out.line(format_args!(
        "  tried {} and {}, on {}",
        count(certification.events, "event"),
        count(certification.commands, "command"),
        certification.engine
    ))?;
    if let Some(costly) = &certified.costly {
        out.say(clean(costly))?;
    }
    Ok(exit)
}
