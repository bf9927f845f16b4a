//! `daybook certify`

use clap::ValueEnum;

use super::Exit;
use super::common::FormatArg;
use super::output::{Output, count};
use super::table::clean;
use super::target::TargetArg;
use crate::model::{PluginVersion, Result};
use crate::wire::{CertifyRequest, FreshInstances};

/// Certify a loaded version on the history there is now
///
/// The version is run over a sample of the log's events and commands, several times each on the same state, while what
/// must not matter is perturbed: WASI's clock and random bytes, the order of rows that no ORDER BY fixes, and whether
/// the instance has seen other events. Loading does the same; this is for a version that was loaded before there was
/// history, or certified on another engine. Where reuse changes nothing, its isolation is `batch` from then on: one
/// instance serves many events, which is faster and gives the same effects. Else it is `event`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook certify mybook bank@1994-01-01
  daybook certify mybook bank@1994-01-01 --isolation event

Exit code 1: the version is not deterministic; the first difference is named.")]
pub struct Args {
    #[command(flatten)]
    target: TargetArg,
    /// The version: bank@1994-01-01
    #[arg(value_name = "PLUGIN@DATE")]
    version: PluginVersion,
    /// Try nothing: from now on every call of it gets a fresh instance, whatever a certification showed
    #[arg(long, value_enum)]
    isolation: Option<IsolationArg>,
    #[command(flatten)]
    format: FormatArg,
}

/// Nobody can ask for `batch`: only a certification gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum IsolationArg {
    /// A fresh instance for every call
    Event,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    let request = CertifyRequest {
        isolation: args
            .isolation
            .map(|IsolationArg::Event| FreshInstances::Event),
    };
    let certified = args.target.open(out)?.certify(&args.version, &request)?;
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
        "{}  isolation {}: {}",
        args.version,
        certified.isolation,
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
