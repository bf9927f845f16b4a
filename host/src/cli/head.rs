//! `daybook head`

use super::Exit;
use super::common::FormatArg;
use super::output::Output;
use super::target::TargetArg;
use crate::model::Result;

/// Print a digest of the log, to be kept elsewhere
///
/// One line that stands for everything the log's commits left up to now: events with their effects, commands, tasks and what
/// became of them, versions, repairs. Whoever keeps it where this book cannot be written proves with `daybook verify --head`
/// that nothing was cut off since, and that what is there goes on from what was there then.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook head mybook > /elsewhere/mybook.head
  daybook head --url http://127.0.0.1:7373 --format json")]
pub struct Args {
    #[command(flatten)]
    target: TargetArg,
    #[command(flatten)]
    format: FormatArg,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    let head = args.target.read()?.log_head()?;
    match args.format.is_json() {
        true => out.json(&head)?,
        false => out.line(&head.digest)?,
    }
    Ok(Exit::Fine)
}
