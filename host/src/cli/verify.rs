//! `daybook verify`

use serde_json::json;

use super::Exit;
use super::common::{BookArg, FormatArg};
use super::output::{Output, count};
use super::progress::Bar;
use crate::model::Result;
use crate::model::clock::Stopwatch;

/// Prove that the log still yields the state
///
/// Checks the chain of hashes over all events; replays the whole log with the versions that handled each event, while
/// what must not matter is perturbed; and compares every event's effects with those that were recorded, then the
/// running hash and the rows of the live state. The log and the live state are not touched.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook verify mybook
  daybook verify mybook --format json || echo 'something does not hold'

Exit code 1: something does not hold, and the first thing that does not is named.")]
pub struct Args {
    #[command(flatten)]
    book: BookArg,
    #[command(flatten)]
    format: FormatArg,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    let clock = Stopwatch::start();
    let mut book = args.book.open()?;
    let verified = {
        let mut bar = Bar::new("checking the chain of hashes");
        let mut progress = bar.events("verifying");
        book.verify(&mut progress)?
    };
    let exit = if verified.problem.is_none() {
        Exit::Fine
    } else {
        Exit::Differs
    };
    if args.format.is_json() {
        out.json(&json!({
            "holds": verified.problem.is_none(),
            "problem": verified.problem,
            "events": verified.events,
            "epochs": verified.epochs,
            "log": verified.head_hash.to_string(),
            "running": verified.running.to_string(),
            "rows": verified.rows.to_string(),
        }))?;
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
