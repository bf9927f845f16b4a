//! `daybook activate`

use clap::ValueEnum;
use serde_json::json;

use super::Exit;
use super::common::{BookArg, FormatArg};
use super::output::Output;
use super::progress::Bar;
use crate::model::{PluginVersion, Result};
use crate::service;

/// Put a loaded version in force
///
/// The new state is built beside the old one and switched to in the very transaction that records the activation: a
/// reader sees the old state or the new one, never a mixture, and whatever fails on the way changes nothing. The
/// policy says what becomes of the events that are there already. Going back is activating the earlier version again.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook activate mybook bank@1994-01-01
  daybook activate mybook bank@1994-01-01 --policy recorded")]
pub struct Args {
    #[command(flatten)]
    book: BookArg,
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

impl From<Policy> for service::Policy {
    fn from(policy: Policy) -> service::Policy {
        match policy {
            Policy::Pinned => service::Policy::Pinned,
            Policy::Recorded => service::Policy::Recorded,
        }
    }
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    let mut book = args.book.open()?;
    let seq = {
        let mut bar = Bar::new("activating");
        let mut progress = bar.events("materializing");
        book.activate(&args.version, args.policy.into(), &mut progress)?
    };
    let lineup = book.lineup();
    if args.format.is_json() {
        out.json(&json!({
            "plugin": args.version.plugin.as_str(),
            "version": args.version.date.to_string(),
            "seq": seq.0,
            "lineup": lineup.to_string(),
        }))?;
    } else {
        out.line(format_args!(
            "{} is active since event {seq}; in force: {lineup}",
            args.version
        ))?;
    }
    Ok(Exit::Fine)
}
