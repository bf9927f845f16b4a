//! `daybook show`

use super::Exit;
use super::common::{FormatArg, seq};
use super::effects::{event_line, print_caused, repair_text};
use super::output::Output;
use super::table::clean;
use super::target::TargetArg;
use super::tasks::print_told;
use crate::model::{Result, Seq};

/// Show an event with everything it caused
///
/// The event as it was logged, the versions that handled it, the rows it inserted, updated and deleted with their
/// values before and after, and the tasks it asked for: as they were recorded when it happened, not worked out again.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook show mybook 42
  daybook show mybook 42 --format json
  daybook show --url http://127.0.0.1:7373 42")]
pub struct Args {
    #[command(flatten)]
    target: TargetArg,
    /// The event's position
    #[arg(value_name = "SEQ", value_parser = seq)]
    seq: Seq,
    #[command(flatten)]
    format: FormatArg,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    let shown = args.target.read()?.show(args.seq)?;
    if args.format.is_json() {
        out.json(&shown.json())?;
        return Ok(Exit::Fine);
    }
    let stored = &shown.stored;
    let event = &stored.event;
    out.line(event_line(event) + &repair_text(Some(&shown.repairs)))?;
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
    print_caused(&shown.caused(), out)?;
    for told in shown.told.iter().flatten() {
        let (id, kind) = (&told.row.id, clean(&told.row.delivery.kind));
        out.line(format_args!("  task   {kind}  {id}"))?;
        print_told(told, out)?;
    }
    Ok(Exit::Fine)
}
