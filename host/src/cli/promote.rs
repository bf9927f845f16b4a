//! `daybook promote` and `daybook rollback`

use clap::ValueEnum;

use super::Exit;
use super::common::FormatArg;
use super::output::{Output, count};
use super::progress::Bar;
use super::table::clean;
use super::target::TargetArg;
use super::tracks::show;
use crate::diff::words::{final_place, final_words};
use crate::model::{PluginVersion, Result};
use crate::verbs::Operates;
use crate::wire::{Differs, LateTasksRequest, PromoteRequest, Promotion, Reason};

/// Put a shadow in force
///
/// The shadow is brought up to the log's head and takes the live state's place in one transaction: a reader sees the old
/// state or the new one, and no request is lost or answered by a mixture. What was live stays as the standby, for
/// `daybook rollback`. Refused while there are differences that the shadow's expectation file does not name, or an event
/// that it cannot materialize.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook promote mybook bank@1994-01-01
  daybook promote mybook bank@1994-01-01 --patch --preview
  daybook promote mybook company@2020-06-01 --tasks list
  daybook promote mybook bank@1994-01-01 --force --reason 'agreed with the auditors on Friday'

Exit code 1: there are unexpected differences; nothing changed.")]
pub struct Args {
    #[command(flatten)]
    target: TargetArg,
    /// The version: bank@1994-01-01
    #[arg(value_name = "PLUGIN@DATE")]
    version: PluginVersion,
    /// Write the rows that differ into the live state instead of switching to the shadow's; tables have to be the same
    #[arg(long)]
    patch: bool,
    /// With --patch: show the rows and keep nothing
    #[arg(long, requires = "patch")]
    preview: bool,
    /// List the tasks that only this version asks for, of events that were handled before; or enqueue them too. Also where
    /// it is in force already
    #[arg(long, value_enum, value_name = "WHAT", conflicts_with = "preview")]
    tasks: Option<TasksArg>,
    /// Promote in spite of unexpected differences
    #[arg(long, requires = "reason")]
    force: bool,
    /// Why it is forced; kept in the log
    #[arg(long, value_name = "TEXT", requires = "force")]
    reason: Option<String>,
    #[command(flatten)]
    format: FormatArg,
}

/// What becomes of tasks that only the promoted version asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TasksArg {
    /// They are shown
    List,
    /// They are carried out after all
    Enqueue,
}

/// Go back to what was live before
///
/// The standby, which is the state that the last promotion or activation replaced, is brought up to the log's head and
/// takes the live state's place; what was live becomes the standby. Events that came in between stay, and are now seen
/// through the earlier versions.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook rollback mybook --reason 'statements went out twice'")]
pub struct RollbackArgs {
    #[command(flatten)]
    target: TargetArg,
    /// Why; kept in the log
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    format: FormatArg,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    let mut target = args.target.open(out)?;
    if args.tasks.is_some() && target.is_active(&args.version)? {
        out.say(format_args!("{} is in force already", args.version))?;
        return tasks(args, target.as_mut(), out);
    }
    let request = PromoteRequest {
        force: args.reason.clone().filter(|_| args.force),
        patch: args.patch,
        preview: args.preview,
    };
    let promotion = {
        let mut bar = Bar::new("promoting");
        let mut progress = bar.events("materializing");
        target.promote(&args.version, &request, None, &mut progress)?
    };
    match tell(&promotion, &args.format, out)? {
        Exit::Fine if args.tasks.is_some() => tasks(args, target.as_mut(), out),
        exit => Ok(exit),
    }
}

/// Tasks that are shown one by one.
const TASKS_SHOWN_MAX: usize = 50;

fn tasks(args: &Args, target: &mut dyn Operates, out: &mut Output) -> Result<Exit> {
    let request = LateTasksRequest {
        enqueue: args.tasks == Some(TasksArg::Enqueue),
    };
    let late = {
        let mut bar = Bar::new("looking for tasks");
        let mut progress = bar.events("materializing");
        target.late_tasks(&request, None, &mut progress)?
    };
    if args.format.is_json() {
        out.json(&late)?;
        return Ok(Exit::Fine);
    }
    for task in late.tasks.iter().take(TASKS_SHOWN_MAX) {
        out.line(format_args!(
            "event {}  {}  {}",
            task.event,
            clean(&task.kind),
            clean(task.data.get())
        ))?;
    }
    let found = count(late.total, "task");
    match late.enqueued {
        None => out.line(format_args!("{found} that nobody asked for before")),
        Some(0) => out.line("there is nothing to enqueue"),
        Some(many) => out.line(format_args!("{} enqueued", count(many, "task"))),
    }?;
    Ok(Exit::Fine)
}

/// Rows of a patch that are shown one by one.
const ROWS_SHOWN_MAX: usize = 50;

pub fn run_rollback(args: &RollbackArgs, out: &mut Output) -> Result<Exit> {
    let mut target = args.target.open(out)?;
    let reason = Reason {
        reason: args.reason.clone(),
    };
    let promotion = {
        let mut bar = Bar::new("going back");
        let mut progress = bar.events("materializing");
        target.rollback(&reason, None, &mut progress)?
    };
    tell(&promotion, &args.format, out)
}

fn tell(promotion: &Promotion, format: &FormatArg, out: &mut Output) -> Result<Exit> {
    if let Promotion::Done(done) = promotion
        && done.patched.is_some()
        && done.seq.is_some()
    {
        out.say("a patch leaves no standby: there is nothing to roll back to")?;
        out.advise("daybook shadow lets the earlier version follow again, to be promoted")?;
    }
    match promotion {
        Promotion::Done(done) if format.is_json() => {
            out.json(done)?;
            Ok(Exit::Fine)
        }
        Promotion::Done(done) => {
            if let Some(patched) = &done.patched {
                for row in patched.rows.iter().take(ROWS_SHOWN_MAX) {
                    let row = row.into();
                    out.line(format_args!("{}  {}", final_place(&row), final_words(&row)))?;
                }
                out.line(format_args!("{} differ", count(patched.total, "row")))?;
            }
            if let (Some(seq), Some(lineup)) = (done.seq, &done.lineup) {
                out.line(format_args!("in force since event {seq}: {lineup}"))?;
            }
            Ok(Exit::Fine)
        }
        Promotion::Differs(track) => {
            match format.is_json() {
                true => out.json(&Differs {
                    track: track.clone(),
                })?,
                false => show(track, out)?,
            }
            out.say("not promoted: there are unexpected differences; nothing changed")?;
            out.advise("--expect FILE of daybook shadow names what is wanted; --force --reason TEXT promotes anyway")?;
            Ok(Exit::Differs)
        }
    }
}
