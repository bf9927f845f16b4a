//! `daybook verify`

use super::Exit;
use super::common::FormatArg;
use super::output::{Output, count};
use super::progress::Bar;
use super::target::{Target, TargetArg};
use crate::model::Result;
use crate::model::clock::Stopwatch;

/// Prove that the log still yields the state
///
/// Checks the chain of hashes over all events; replays the whole log with the versions that handled each event, while
/// what must not matter is perturbed; and compares every event's effects with those that were recorded, then the
/// running hash and the rows of the live state. The log and the live state are not touched. A book that is served goes on
/// meanwhile; what is told is as of the moment of asking.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook verify mybook
  daybook verify mybook --format json || echo 'something does not hold'
  daybook verify --url http://127.0.0.1:7373

Exit code 1: something does not hold, and the first thing that does not is named.")]
pub struct Args {
    #[command(flatten)]
    target: TargetArg,
    #[command(flatten)]
    format: FormatArg,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    let clock = Stopwatch::start();
    let target = args.target.open(out)?;
    let verified = {
        let mut bar = Bar::new("checking the chain of hashes");
        match target {
            Target::Book(mut book) => book.verify(&mut bar.events("verifying"))?,
            Target::Server(client) => client.verify()?,
        }
    };
    let exit = if verified.problem.is_none() {
        Exit::Fine
    } else {
        Exit::Differs
    };
    if args.format.is_json() {
        out.json(&verified.json())?;
        return Ok(exit);
    }
    match &verified.problem {
        None => out.line(format_args!(
            "{} hold, in {}, {:.1} s",
            count(verified.events, "event"),
            count(verified.epochs, "epoch"),
            clock.seconds()
        ))?,
        Some(problem) => out.line(format_args!("does not hold: {problem}"))?,
    }
    out.line(format_args!("  log      {}", verified.head_hash))?;
    out.line(format_args!("  effects  {}", verified.running))?;
    out.line(format_args!("  rows     {}", verified.rows))?;
    Ok(exit)
}
