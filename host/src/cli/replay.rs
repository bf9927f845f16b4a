//! `daybook replay`

use clap::ValueEnum;

use super::Exit;
use super::certify::IsolationArg;
use super::common::{BookArg, FormatArg, seq};
use super::output::{Output, count};
use super::progress::Bar;
use crate::model::clock::Stopwatch;
use crate::model::{PluginVersion, Result, Seq};
use crate::study::Picked;
use crate::wire::Replayed;

/// Materialize the log again, beside the live state
///
/// The events are run through the chosen versions into a projection of its own, which can then be queried by its name.
/// Nothing outside is touched: no task is carried out, and neither the log nor the live state changes. A replay of the
/// same name that was there before is replaced when the new one is done. Without a choice the active versions run.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook replay mybook --with bank@1994-01-01 --as in1994
  daybook query mybook --projection in1994 'SELECT sum(balance) FROM bank_account'
  daybook replay mybook --lineup recorded --to 5000 --as then")]
pub struct Args {
    #[command(flatten)]
    book: BookArg,
    /// Run each event with the versions that handled it: history as it happened
    #[arg(long, value_enum, conflicts_with = "with")]
    lineup: Option<LineupArg>,
    /// Run everything with this version, and the other plugins as they are active; can be given more than once
    #[arg(long, value_name = "PLUGIN@DATE")]
    with: Vec<PluginVersion>,
    /// The last event to run; absent: the log's last
    #[arg(long, value_name = "SEQ", value_parser = seq)]
    to: Option<Seq>,
    /// Give every call a fresh instance, whatever isolation a version was certified for: the effects are the same
    #[arg(long, value_enum)]
    isolation: Option<IsolationArg>,
    /// The projection's name
    #[arg(long = "as", value_name = "NAME", default_value = "replay")]
    name: String,
    #[command(flatten)]
    format: FormatArg,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LineupArg {
    Recorded,
}

pub fn run(args: Args, out: &mut Output) -> Result<Exit> {
    let clock = Stopwatch::start();
    let mut book = args.book.open()?;
    book.isolate_events(args.isolation.is_some())?;
    let picked = match args.lineup {
        Some(LineupArg::Recorded) => Picked::Recorded,
        None => Picked::Pinned(args.with),
    };
    let replayed = {
        let mut bar = Bar::new("replaying");
        let mut progress = bar.events("replaying");
        book.replay(&picked, args.to, &args.name, &mut progress)?
    };
    let seconds = clock.seconds();
    let same_as_live = replayed.head == book.live_head();
    if args.format.is_json() {
        out.json(&Replayed::new(&replayed, same_as_live, seconds))?;
        return Ok(Exit::Fine);
    }
    let events = replayed.head.position.0;
    let rate = (events as f64 / seconds.max(1e-3)) as u64;
    out.line(format_args!(
        "{}: {} in {seconds:.1} s, {rate}/s",
        replayed.name,
        count(events, "event")
    ))?;
    for (from, lineup) in &replayed.schedule.0 {
        out.line(format_args!("  from {from:>6}  {lineup}"))?;
    }
    out.line(format_args!("  changes      {}", replayed.head.running))?;
    out.line(format_args!("  tasks        {}", replayed.head.tasks))?;
    out.line(format_args!("  rows         {}", replayed.rows))?;
    let live = book.live_head();
    if replayed.head.position == live.position {
        let are_same = [
            replayed.head.running == live.running,
            replayed.head.tasks == live.tasks,
        ];
        let words = match are_same {
            [true, true] => "the same effects as the live state's: changes and tasks",
            [true, false] => "the same changes as the live state's, and other tasks",
            [false, true] => "other changes than the live state's, and the same tasks",
            [false, false] => "other changes than the live state's, and other tasks",
        };
        out.line(format_args!("  {words}"))?;
    }
    let path = args.book.path.display();
    out.advise(format_args!(
        "daybook query {path} --projection {} 'SELECT …'",
        replayed.name
    ))?;
    Ok(Exit::Fine)
}
