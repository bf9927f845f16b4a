//! `daybook doom`

use serde_json::json;

use super::Exit;
use super::common::{BookArg, FormatArg};
use super::output::{Output, count};
use super::progress::Bar;
use super::table::clean;
use crate::model::{PluginVersion, Result};
use crate::service::{FoundDoom, Picked};

/// Find the events that a version cannot materialize
///
/// Replays the log under a version and stops at the first event of doom: names the event, the version, the error and what
/// the handler logged, and tries the plugin's other versions on the same event and state. With `--keep-going` it goes on as
/// if the event were skipped, so that what follows is what skipping it would lead to. Without a version: what is active.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook doom mybook bank@1994-01-01
  daybook doom mybook bank@1994-01-01 --keep-going --format json

The ways out:
  daybook amend mybook SEQ --data JSON --preview     another payload; the preview tells what follows
  daybook amend mybook SEQ --skip --preview          nobody handles the event
  another version that can materialize it

Exit code 1: there are events of doom.")]
pub struct Args {
    #[command(flatten)]
    book: BookArg,
    /// The version: bank@1994-01-01
    #[arg(value_name = "PLUGIN@DATE")]
    version: Option<PluginVersion>,
    /// Go on after an event of doom
    #[arg(long)]
    keep_going: bool,
    #[command(flatten)]
    format: FormatArg,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    let mut book = args.book.open()?;
    let picked = Picked::Pinned(args.version.iter().cloned().collect());
    let dooms = {
        let mut bar = Bar::new("looking for dooms");
        let mut progress = bar.events("materializing");
        book.find_dooms(&picked, args.keep_going, &mut progress)?
    };
    for found in &dooms.found {
        match args.format.is_json() {
            true => out.json(&as_json(found))?,
            false => show(found, args, out)?,
        }
    }
    if !args.format.is_json() {
        let all = dooms.found.len() as u64 + dooms.more;
        out.line(format_args!(
            "{} in {}",
            count(all, "event of doom").replace("dooms", "doom"),
            count(dooms.events, "event")
        ))?;
    }
    match dooms.found.is_empty() {
        true => Ok(Exit::Fine),
        false => Ok(Exit::Differs),
    }
}

fn show(found: &FoundDoom, args: &Args, out: &mut Output) -> Result<()> {
    let doom = &found.doom;
    out.line(format_args!("event {}  {}", doom.seq, doom.event_type))?;
    out.line(format_args!(
        "  {}  {}",
        doom.version,
        clean(&doom.error.to_string())
    ))?;
    for line in &doom.log {
        out.line(format_args!("  log: {}", clean(&line.message)))?;
    }
    for (version, made) in &found.others {
        match made {
            Ok((changes, tasks)) => out.line(format_args!(
                "  {version} can: {}, {}",
                count(*changes as u64, "row"),
                count(*tasks as u64, "task")
            ))?,
            Err(why) => out.line(format_args!("  {version} cannot either: {}", clean(why)))?,
        }
    }
    let (path, seq) = (args.book.path.display(), doom.seq);
    out.advise(format_args!(
        "daybook amend {path} {seq} --data JSON --preview, or --skip --preview: what each would change"
    ))
}

fn as_json(found: &FoundDoom) -> serde_json::Value {
    let doom = &found.doom;
    let others = found.others.iter().map(|(version, made)| match made {
        Ok((changes, tasks)) => json!({
            "version": version.to_string(), "changes": changes, "tasks": tasks,
        }),
        Err(why) => json!({ "version": version.to_string(), "fails": why }),
    });
    json!({
        "seq": doom.seq.0,
        "type": doom.event_type.as_str(),
        "version": doom.version.to_string(),
        "error": doom.error.to_string(),
        "log": doom.log.iter().map(|line| line.message.as_str()).collect::<Vec<_>>(),
        "others": others.collect::<Vec<_>>(),
    })
}
