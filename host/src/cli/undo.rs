//! `daybook undo`

use super::Exit;
use super::common::{FormatArg, seq};
use super::effects::{event_line, print_effects};
use super::output::Output;
use super::table::clean;
use super::target::TargetArg;
use crate::model::{Result, Seq};
use crate::wire::UndoRequest;

/// Take back an event
///
/// By its plugin's own inverse, where it has one: the command `Undo…` of the event's name is run with the event's payload, and
/// its events refer to the one undone (`undoes`). Else by its row changes:
///
/// The exact inverse of what the event changed, column by column, as an event of its own: rows that it inserted go, rows
/// that it deleted come back, columns that it changed get what was there before; other columns keep what they are.
/// Refused, with rows and columns named, where later events changed the same columns. What the event asked for outside
/// of the book is listed and not taken back.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook undo mybook 42 --preview
  daybook undo mybook 42 --reason 'posted twice' --actor anna")]
pub struct Args {
    #[command(flatten)]
    target: TargetArg,
    /// The event's position
    #[arg(value_name = "SEQ", value_parser = seq)]
    seq: Seq,
    /// Why; stays in the log for ever
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Who undoes
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    /// Report everything, keep nothing
    #[arg(long)]
    preview: bool,
    #[command(flatten)]
    format: FormatArg,
}

pub fn run(args: Args, out: &mut Output) -> Result<Exit> {
    let request = UndoRequest {
        reason: args.reason,
        preview: args.preview,
    };
    let mut target = args.target.open(out)?;
    let undone = target.undo(args.seq, &request, args.actor.as_deref())?;
    if args.format.is_json() {
        out.json(&undone)?;
        return Ok(Exit::Fine);
    }
    for event in std::iter::once(&undone.undo).chain(&undone.further) {
        out.line(event_line(&event.event))?;
        print_effects(&event.changes, &event.tasks, out)?;
    }
    for task in &undone.tasks_not_undone {
        let key = task.key.as_deref().map(clean).unwrap_or_default();
        out.line(format_args!(
            "  not undone: task {} {key}",
            clean(&task.kind)
        ))?;
    }
    if undone.preview {
        out.say("a preview: nothing was kept")?;
    }
    Ok(Exit::Fine)
}
