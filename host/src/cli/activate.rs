//! `daybook activate`

use clap::ValueEnum;

use super::Exit;
use super::common::FormatArg;
use super::output::Output;
use super::progress::Bar;
use super::target::{Target, TargetArg};
use crate::model::{PluginVersion, Result};
use crate::wire::old::Activated;

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
}

impl From<Policy> for crate::versions::Policy {
    fn from(policy: Policy) -> crate::versions::Policy {
        match policy {
            Policy::Pinned => crate::versions::Policy::Pinned,
            Policy::Recorded => crate::versions::Policy::Recorded,
        }
    }
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    let policy = crate::versions::Policy::from(args.policy);
    let target = args.target.open(out)?;
    let activated = {
        let mut bar = Bar::new("activating");
        match target {
            Target::Book(mut book) => {
                let mut progress = bar.events("materializing");
                let seq = book.activate(&args.version, policy, &mut progress)?;
                Activated {
                    version: args.version.clone(),
                    seq,
                    lineup: book.lineup(),
                }
            }
            Target::Server(client) => client.activate(&args.version, policy)?,
        }
    };
    if args.format.is_json() {
        out.json(&activated.json())?;
    } else {
        out.line(format_args!(
            "{} is active since event {}; in force: {}",
            activated.version, activated.seq, activated.lineup
        ))?;
    }
    Ok(Exit::Fine)
}
