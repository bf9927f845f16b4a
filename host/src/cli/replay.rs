//! `daybook replay`

use clap::ValueEnum;

use super::Exit;
use super::common::{FormatArg, InstancesArg, seq};
use super::output::{Output, count};
use super::progress::Bar;
use super::table::clean;
use super::target::TargetArg;
use crate::model::{PluginVersion, Result, Schedule, Seq};
use crate::study::Picked;
use crate::wire::ReplayRequest;

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
  daybook replay mybook --lineup recorded --to 5000 --as then
  daybook replay --url http://127.0.0.1:7373 --with bank@1994-01-01")]
pub struct Args {
    #[command(flatten)]
    target: TargetArg,
    /// Run each event with the versions that handled it: history as it happened
    #[arg(long, value_enum, conflicts_with = "with")]
    lineup: Option<LineupArg>,
    /// Run everything with this version, and the other plugins as they are active; can be given more than once
    #[arg(long, value_name = "PLUGIN@DATE")]
    with: Vec<PluginVersion>,
    /// The last event to run; absent: the log's last
    #[arg(long, value_name = "SEQ", value_parser = seq)]
    to: Option<Seq>,
    /// In which instances calls are made: the effects are the same
    #[arg(long, value_enum, default_value_t)]
    instances: InstancesArg,
    /// The projection's name
    #[arg(long = "as", value_name = "NAME", default_value = "replay")]
    name: String,
    /// Show what handlers log, the first thousand lines of it
    #[arg(long)]
    log: bool,
    #[command(flatten)]
    format: FormatArg,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LineupArg {
    Recorded,
}

pub fn run(args: Args, out: &mut Output) -> Result<Exit> {
    let picked = match args.lineup {
        Some(LineupArg::Recorded) => Picked::Recorded,
        None => Picked::Pinned(args.with),
    };
    let request = ReplayRequest {
        with: picked.to_string(),
        to: args.to.map(|to| to.0),
        name: args.name,
        instances: args.instances.into(),
        log: args.log,
    };
    let mut target = args.target.open(out)?;
    let replayed = {
        let mut bar = Bar::new("replaying");
        let mut progress = bar.events("replaying");
        target.replay(&request, &mut progress)?
    };
    if args.format.is_json() {
        out.json(&replayed)?;
        return Ok(Exit::Fine);
    }
    if let Some(log) = &replayed.log {
        for line in &log.lines {
            let by = line.by.as_deref().unwrap_or("host");
            out.line(format_args!(
                "{:>6}  {}  {}  {by}: {}",
                line.event,
                line.level,
                line.about,
                clean(&line.message)
            ))?;
        }
        let more = log.count - log.lines.len() as u64;
        if more > 0 {
            out.line(format_args!("  and {}", count(more, "more line")))?;
        }
    }
    let seconds = replayed.seconds;
    let rate = (replayed.to as f64 / seconds.max(1e-3)) as u64;
    out.line(format_args!(
        "{}: {} in {seconds:.1} s, {rate}/s",
        replayed.name,
        count(replayed.to, "event")
    ))?;
    let schedule: Schedule = replayed.schedule.parse()?;
    for (from, lineup) in &schedule.0 {
        out.line(format_args!("  from {from:>6}  {lineup}"))?;
    }
    out.line(format_args!("  changes      {}", replayed.running))?;
    out.line(format_args!("  tasks        {}", replayed.running_tasks))?;
    out.line(format_args!("  rows         {}", replayed.rows))?;
    if let Some(same) = &replayed.same_as_live {
        let words = match [same.changes, same.tasks] {
            [true, true] => "the same effects as the live state's: changes and tasks",
            [true, false] => "the same changes as the live state's, and other tasks",
            [false, true] => "other changes than the live state's, and the same tasks",
            [false, false] => "other changes than the live state's, and other tasks",
        };
        out.line(format_args!("  {words}"))?;
    }
    out.advise(format_args!(
        "daybook query {} --projection {} 'SELECT …'",
        args.target, replayed.name
    ))?;
    Ok(Exit::Fine)
}
