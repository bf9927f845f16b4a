//! `daybook show`

use serde::Serialize;

use super::Exit;
use super::common::{BookArg, FormatArg, seq};
use super::effects::{Caused, CausedJson, event_line};
use super::output::Output;
use crate::model::{Result, Seq};

/// Show an event with everything it caused
///
/// The event as it was logged, the versions that handled it, the rows it inserted, updated and deleted with their
/// values before and after, and the tasks it asked for: as they were recorded when it happened, not worked out again.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook show mybook 42
  daybook show mybook 42 --format json")]
pub struct Args {
    #[command(flatten)]
    book: BookArg,
    /// The event's position
    #[arg(value_name = "SEQ", value_parser = seq)]
    seq: Seq,
    #[command(flatten)]
    format: FormatArg,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    let shown = args.book.read()?.show(args.seq)?;
    let stored = shown.stored;
    let caused = Caused {
        changes: shown.changes,
        tasks: shown.tasks,
    };
    if args.format.is_json() {
        out.json(&ShownJson {
            caused: caused.json(&stored.event),
            recorded_at: &stored.recorded_at,
            lineup: &stored.lineup,
            command: stored.command.as_deref(),
            hash: stored.hash.to_string(),
        })?;
        return Ok(Exit::Fine);
    }
    let event = &stored.event;
    out.line(event_line(event))?;
    out.line(format_args!(
        "  id        {} of {}",
        event.id.escape_debug(),
        event.source.escape_debug()
    ))?;
    out.line(format_args!("  recorded  {}", stored.recorded_at))?;
    let lineup = if stored.lineup.is_empty() {
        "no plugin"
    } else {
        &stored.lineup
    };
    out.line(format_args!("  handled   {lineup}"))?;
    if let Some(command) = &stored.command {
        out.line(format_args!("  command   {command}"))?;
    }
    if let Some(extensions) = &event.extensions {
        out.line(format_args!("  beside    {extensions}"))?;
    }
    out.line(format_args!("  hash      {}", stored.hash))?;
    caused.print(out)?;
    Ok(Exit::Fine)
}

#[derive(Serialize)]
struct ShownJson<'a> {
    #[serde(flatten)]
    caused: CausedJson<'a>,
    recorded_at: &'a str,
    lineup: &'a str,
    command: Option<&'a str>,
    hash: String,
}
