//! `daybook show`

use super::Exit;
use super::common::{FormatArg, seq};
use super::effects::{event_line, print_effects, repair_text};
use super::output::Output;
use super::table::clean;
use super::target::TargetArg;
use super::tasks::print_history;
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
    let recorded = args.target.read()?.event(args.seq)?;
    if args.format.is_json() {
        out.json(&recorded)?;
        return Ok(Exit::Fine);
    }
    let event = &recorded.event;
    let repairs = repair_text(recorded.amended, recorded.redacted, recorded.undone);
    out.line(event_line(event) + &repairs)?;
    out.line(format_args!(
        "  id        {} of {}",
        event.id.escape_debug(),
        event.source.escape_debug()
    ))?;
    out.line(format_args!("  recorded  {}", recorded.recorded_at))?;
    let lineup = match &*recorded.lineup {
        "" => "no plugin",
        lineup => lineup,
    };
    out.line(format_args!("  handled   {lineup}"))?;
    if let Some(command) = &recorded.command {
        out.line(format_args!("  command   {command}"))?;
    }
    if !event.extensions.is_empty() {
        let extensions = serde_json::Value::Object(event.extensions.clone());
        out.line(format_args!(
            "  beside    {}",
            clean(&extensions.to_string())
        ))?;
    }
    out.line(format_args!("  hash      {}", recorded.hash))?;
    print_effects(&recorded.changes, &recorded.tasks, out)?;
    for task in &recorded.tasks {
        let Some(history) = &task.history else {
            continue;
        };
        out.line(format_args!("  task   {}  {}", clean(&task.kind), task.id))?;
        let due = history.due.as_deref();
        print_history(&history.state, history.tries, due, &history.steps, out)?;
    }
    Ok(Exit::Fine)
}
