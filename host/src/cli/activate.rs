//! `daybook activate`

use clap::ValueEnum;

use super::Exit;
use super::common::FormatArg;
use super::output::Output;
use super::progress::Bar;
use super::target::TargetArg;
use crate::model::{PluginVersion, Result};
use crate::wire::{self, ActivateRequest};

/// Put a loaded version in force
///
/// The new state is built beside the old one and switched to in the very transaction that records the activation: a
/// reader sees the old state or the new one, never a mixture, and whatever fails on the way changes nothing. The
/// policy says what becomes of the events that are there already. Going back is activating the earlier version again.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook activate mybook bank@1994-01-01
  daybook activate mybook bank@1994-01-01 --policy recorded
  daybook activate mybook bank@1994-01-01 --policy stamped
  daybook activate --url http://127.0.0.1:7373 bank@1994-01-01")]
pub struct Args {
    #[command(flatten)]
    target: TargetArg,
    /// The version: bank@1994-01-01
    #[arg(value_name = "PLUGIN@DATE")]
    version: PluginVersion,
    /// What becomes of the events that are there already
    #[arg(long, value_enum, default_value_t)]
    policy: Policy,
    #[command(flatten)]
    format: FormatArg,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub enum Policy {
    /// All of history is materialized again with the new version
    #[default]
    Pinned,
    /// State stays as it is; the new version handles what comes from now on
    Recorded,
    /// State stays as it is; from now on each event is handled by the version of its caller's date (Daybook-Version), and by the
    /// new one where a caller names none
    Stamped,
}

impl From<Policy> for wire::Policy {
    fn from(policy: Policy) -> wire::Policy {
        match policy {
            Policy::Pinned => wire::Policy::Pinned,
            Policy::Recorded => wire::Policy::Recorded,
            Policy::Stamped => wire::Policy::Stamped,
        }
    }
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    let mut target = args.target.open(out)?;
    let request = ActivateRequest {
        policy: args.policy.into(),
    };
    let activated = {
        let mut bar = Bar::new("activating");
        let mut progress = bar.events("materializing");
        target.activate(&args.version, &request, &mut progress)?
    };
    if args.format.is_json() {
        out.json(&activated)?;
    } else {
        out.line(format_args!(
            "{} is active since event {}; in force: {}",
            args.version, activated.seq, activated.lineup
        ))?;
    }
    Ok(Exit::Fine)
}
