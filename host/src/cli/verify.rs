//! `daybook verify`

use super::Exit;
use super::common::{FormatArg, InstancesArg, seq};
use super::output::{Output, count};
use super::progress::Bar;
use super::target::TargetArg;
use crate::model::clock::Stopwatch;
use crate::model::{Digest, Result, Seq};

/// Prove that the log still yields the state
///
/// Checks the files themselves and the chain of hashes over all events; replays the whole log with the versions that
/// handled each event, while what must not matter is perturbed; compares every event's effects with those that were
/// recorded, then the running hashes and the rows of the live state; and last every row of the log with what its commits
/// left. The log and the live state are not touched. A book that is served goes on meanwhile; what is told is as of the
/// moment of asking.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook verify mybook
  daybook verify mybook --since 1000000
  daybook verify mybook --head $(cat /elsewhere/mybook.head)
  daybook verify mybook --format json || echo 'something does not hold'
  daybook verify --url http://127.0.0.1:7373

Exit code 1: something does not hold, and the first thing that does not is named.")]
pub struct Args {
    #[command(flatten)]
    target: TargetArg,
    /// Begin at the last snapshot at or before this event; what is before it is taken as it is
    #[arg(long, value_name = "SEQ", value_parser = seq)]
    since: Option<Seq>,
    /// A digest that `daybook head` printed once: prove that nothing was cut off since
    #[arg(long, value_name = "DIGEST", conflicts_with = "since")]
    head: Option<Digest>,
    /// In which instances calls are made; `proved` also compares the whole of one with a fresh one after each call
    #[arg(long, value_enum, default_value_t)]
    instances: InstancesArg,
    #[command(flatten)]
    format: FormatArg,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    let clock = Stopwatch::start();
    let mut target = args.target.open(out)?;
    let verified = {
        let mut bar = Bar::new("checking the chain of hashes");
        let progress = &mut bar.events("verifying");
        target.verify(args.since, args.head, args.instances.into(), progress)?
    };
    let exit = if verified.problem.is_none() {
        Exit::Fine
    } else {
        Exit::Differs
    };
    if args.format.is_json() {
        out.json(&verified)?;
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
    out.line(format_args!("  log      {}", verified.log))?;
    out.line(format_args!("  changes  {}", verified.running))?;
    out.line(format_args!("  tasks    {}", verified.running_tasks))?;
    out.line(format_args!("  rows     {}", verified.rows))?;
    if let Some(digest) = &verified.digest {
        out.line(format_args!("  head     {digest}"))?;
    }
    if let Some(hint) = &verified.hint {
        out.advise(hint)?;
    }
    Ok(exit)
}
