//! `daybook retire`

use super::Exit;
use super::common::FormatArg;
use super::output::Output;
use super::target::TargetArg;
use crate::model::{PluginVersion, Result};
use crate::wire::Reason;

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
    let reason = Reason {
        reason: args.reason.clone(),
    };
    let retired = args
        .target
        .open(out)?
        .retire(&args.version, &reason, None)?;
    if args.format.is_json() {
        out.json(&retired)?;
    } else {
        out.line(format_args!(
            "{} is retired since event {}",
            retired.version, retired.seq
        ))?;
    }
    Ok(Exit::Fine)
}
