//! `daybook certify`

use super::common::FormatArg;
use super::output::{Output, count};
use super::table::clean;
use super::target::{Target, TargetArg};
use super::{Exit, remote};
use crate::model::{PluginVersion, Result};
use clap::ValueEnum;

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
    let mut book = match args.target.open(out)? {
        Target::Book(book) => book,
        Target::Server(client) => {
            let isolation = args.isolation.map(|_| "event");
            let body = serde_json::json!({ "isolation": isolation });
            let path = format!("/versions/{}/certify", args.version);
            let differs = |reply: &serde_json::Value| reply["deterministic"] == false;
            return remote::tell(&client, &path, &body, &args.format, differs, out);
        }
    };
    let certified = match args.isolation {
        None => book.certify(&args.version)?,
        Some(IsolationArg::Event) => book.isolate(&args.version)?,
    };
    let exit = match &certified.refusal {
        None => Exit::Fine,
        Some(_) => Exit::Differs,
    };
    let certification = &certified.certification;
    if args.format.is_json() {
        out.json(&certified.json())?;
        return Ok(exit);
    }
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
    Ok(exit)
}
