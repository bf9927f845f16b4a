//! `daybook retire`

use serde_json::json;

use super::Exit;
use super::common::FormatArg;
use super::output::Output;
use super::target::{Target, TargetArg};
use crate::model::{PluginVersion, Result};

/// Give a version up
///
/// Nobody gets it any more, neither by its date nor for a replay. Refused while anything needs it: events that it handled,
/// a projection that runs it, a version that extends it, a caller that asked for it by its date; the reason says which.
/// Its code stays in the log, and loading the same file again takes the retirement back.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook retire mybook bank@1994-01-01 --reason 'never went live'")]
pub struct Args {
    #[command(flatten)]
    target: TargetArg,
    /// The version: bank@1994-01-01
    #[arg(value_name = "PLUGIN@DATE")]
    version: PluginVersion,
    /// Why; kept in the log
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    format: FormatArg,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    let reason = args.reason.as_deref();
    let seq = match args.target.open(out)? {
        Target::Book(mut book) => book.retire(&args.version, reason, None)?,
        Target::Server(client) => client.retire(&args.version, reason)?,
    };
    if args.format.is_json() {
        out.json(&json!({ "version": args.version.to_string(), "seq": seq.0 }))?;
    } else {
        out.line(format_args!(
            "{} is retired since event {seq}",
            args.version
        ))?;
    }
    Ok(Exit::Fine)
}
