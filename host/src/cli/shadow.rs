//! `daybook shadow`

use std::path::PathBuf;

use super::Exit;
use super::activate::Policy;
use super::common::FormatArg;
use super::input;
use super::output::Output;
use super::progress::Bar;
use super::target::TargetArg;
use super::tracks::show;
use crate::model::{PluginVersion, Result};
use crate::wire::ShadowRequest;

/// Try a version beside the live state
///
/// A projection of its own is brought up to the log's head under the active versions with this one in its place, and each
/// event's effects are compared with what the live state recorded: differences are counted by event type and column, each
/// kind with its first example. Nothing else changes. While the book is served it goes on following what comes in.
/// `daybook promote` puts it in force. Without a version: how the shadows and the standby stand.
///
/// Expectations stay with the shadow: without `--expect` those that it has go on, also where an amendment made it begin anew.
/// `--expect` replaces them and `--no-expect` drops them; so do `--drop`, a promotion and a redaction.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook shadow mybook bank@1994-01-01 --expect plugins/bank/1994-01-01/expect.toml
  daybook shadow mybook
  daybook shadow mybook bank@1994-01-01 --drop

Exit code 1: there are differences that the expectation file does not name.")]
pub struct Args {
    #[command(flatten)]
    target: TargetArg,
    /// The version: bank@1994-01-01
    #[arg(value_name = "PLUGIN@DATE")]
    version: Option<PluginVersion>,
    /// The differences that are wanted, with reasons (TOML), in the place of those that the shadow has
    #[arg(long, value_name = "FILE")]
    expect: Option<PathBuf>,
    /// Drop the expectations that the shadow has
    #[arg(long, conflicts_with = "expect", requires = "version")]
    no_expect: bool,
    /// What becomes of the events that are there already
    #[arg(long, value_enum, default_value_t)]
    policy: Policy,
    /// Give the shadow up
    #[arg(long, conflicts_with_all = ["expect", "no_expect", "policy"], requires = "version")]
    drop: bool,
    #[command(flatten)]
    format: FormatArg,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    let mut target = args.target.open(out)?;
    let Some(version) = &args.version else {
        let tracks = target.tracks()?;
        if tracks.is_empty() {
            out.say("nothing follows the log beside the live state")?;
        }
        for track in &tracks {
            match args.format.is_json() {
                true => out.json(track)?,
                false => show(track, out)?,
            }
        }
        return Ok(Exit::Fine);
    };
    if args.drop {
        let dropped = target.drop_shadow(version)?;
        match args.format.is_json() {
            true => out.json(&dropped)?,
            false => out.line(format_args!("the shadow of {version} is gone"))?,
        }
        return Ok(Exit::Fine);
    }
    let request = ShadowRequest {
        version: version.to_string(),
        policy: Some(args.policy.into()),
        expect: match &args.expect {
            Some(path) => Some(input::expectation_text(path)?),
            None => args.no_expect.then(String::new),
        },
    };
    let track = {
        let mut bar = Bar::new("following the log");
        let mut progress = bar.events("materializing");
        target.shadow(&request, &mut progress)?
    };
    match args.format.is_json() {
        true => out.json(&track)?,
        false => show(&track, out)?,
    }
    if track.is_unexpected() {
        return Ok(Exit::Differs);
    }
    out.advise(format_args!("daybook promote {} {version}", args.target))?;
    Ok(Exit::Fine)
}
