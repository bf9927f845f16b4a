//! `daybook retire`

use super::Exit;
use super::common::FormatArg;
use super::output::Output;
use super::table::clean;
use super::target::TargetArg;
use crate::model::{PluginVersion, Result};
use crate::wire::RetireRequest;

/// Give a version up
///
/// Nobody gets it any more, neither by its date nor for a replay. Refused while anything needs it: events that it handled,
/// a projection that runs it, a version that extends it, a caller that asked for it by its date; the reason says which, and
/// --why-not names each. An epoch without events needs nobody. A caller counts for as many days as --pin-days says, which is
/// kept for the next time; without it for ever.
/// Its code stays in the log, and loading the same file again takes the retirement back.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook retire mybook bank@1994-01-01 --reason 'never went live'
  daybook retire mybook bank@1994-01-01 --why-not
  daybook retire mybook bank@1994-01-01 --pin-days 90 --reason 'nobody asked for it in this quarter'

Exit code 1 with --why-not: something needs it.")]
pub struct Args {
    #[command(flatten)]
    target: TargetArg,
    /// The version: bank@1994-01-01
    #[arg(value_name = "PLUGIN@DATE")]
    version: PluginVersion,
    /// Why; kept in the log
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Name each event, pin and caller that needs it, and change nothing
    #[arg(long, conflicts_with_all = ["reason", "pin_days"])]
    why_not: bool,
    /// A caller that asked for a version by its date counts for so many days; kept for the next time
    #[arg(long, value_name = "DAYS")]
    pin_days: Option<u32>,
    #[command(flatten)]
    format: FormatArg,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    if args.why_not {
        return why_not(args, out);
    }
    let request = RetireRequest {
        reason: args.reason.clone(),
        pin_days: args.pin_days,
    };
    let retired = args
        .target
        .open(out)?
        .retire(&args.version, &request, None)?;
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

/// Names everything that needs the version.
fn why_not(args: &Args, out: &mut Output) -> Result<Exit> {
    let found = args.target.read()?.why_not(&args.version)?;
    let exit = match found.reasons.is_empty() {
        true => Exit::Fine,
        false => Exit::Differs,
    };
    if args.format.is_json() {
        out.json(&found)?;
        return Ok(exit);
    }
    if found.reasons.is_empty() {
        out.line(format_args!(
            "nothing needs {}: it can be retired",
            found.version
        ))?;
    }
    for reason in &found.reasons {
        out.line(reason)?;
    }
    for seq in &found.first_events {
        out.line(format_args!("  event {seq}  handled by it"))?;
    }
    let told = found.first_events.len() as u64;
    if found.events > told {
        out.line(format_args!("  and {} more", found.events - told))?;
    }
    for from in &found.epochs {
        out.line(format_args!(
            "  event {from}  effects from there on come from it"
        ))?;
    }
    for seq in &found.pinned_events {
        out.line(format_args!("  event {seq}  pinned to it"))?;
    }
    for caller in &found.callers {
        let actor = caller
            .actor
            .as_deref()
            .unwrap_or("a caller without a token");
        let counts = match (caller.counts, found.pin_days) {
            (false, Some(days)) => format!("  (counts no more after {days} days)"),
            _ => String::new(),
        };
        out.line(format_args!(
            "  caller {}  asked {} times, last at {}{counts}",
            clean(actor),
            caller.uses,
            caller.last_at
        ))?;
    }
    Ok(exit)
}
