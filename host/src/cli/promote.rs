//! `daybook promote` and `daybook rollback`

use clap::ValueEnum;
use serde_json::json;

use super::Exit;
use super::common::FormatArg;
use super::output::{Output, count};
use super::progress::Bar;
use super::table::clean;
use super::target::{Target, TargetArg};
use super::tracks::show;
use crate::book::Book;
use crate::diff::FinalRow;
use crate::diff::words::{final_place, final_words};
use crate::model::{PluginVersion, Result};
use crate::study::LateTasks;
use crate::versions::{PromoteRequest, Promotion};

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
    if args.tasks.is_some() && target.lineup()?.iter().any(|it| it == args.version) {
        out.say(format_args!("{} is in force already", args.version))?;
        return tasks(args, &mut target, out);
    }
    let request = PromoteRequest {
        force: args.reason.clone().filter(|_| args.force),
        actor: None,
    };
    let exit = match (&mut target, args.patch) {
        (Target::Book(book), true) => patch(args, book, &request, out)?,
        (Target::Server(client), true) => {
            let patched = client.patch(&args.version, &request, args.preview)?;
            print_rows(patched.total, &patched.rows, &args.format, out)?;
            match &patched.promotion {
                Some(promotion) => tell(promotion, &args.format, out)?,
                None => Exit::Fine,
            }
        }
        (target, false) => {
            let promotion = {
                let mut bar = Bar::new("promoting");
                let mut progress = bar.events("materializing");
                match target {
                    Target::Book(book) => book.promote(&args.version, &request, &mut progress)?,
                    Target::Server(client) => client.promote(&args.version, &request)?,
                }
            };
            tell(&promotion, &args.format, out)?
        }
    };
    match exit {
        Exit::Fine if args.tasks.is_some() => tasks(args, &mut target, out),
        exit => Ok(exit),
    }
}

/// Tasks that are shown one by one.
const TASKS_SHOWN_MAX: usize = 50;

fn tasks(args: &Args, target: &mut Target, out: &mut Output) -> Result<Exit> {
    let enqueue = args.tasks == Some(TasksArg::Enqueue);
    let late = match target {
        Target::Book(book) => {
            let mut found = Vec::new();
            {
                let mut bar = Bar::new("looking for tasks");
                let mut progress = bar.events("materializing");
                let mut visit = |task| {
                    found.push(task);
                    Ok(())
                };
                book.study().late_tasks(&mut visit, &mut progress)?;
            }
            let enqueued = match enqueue {
                true => Some(book.enqueue_late(&found, None)?),
                false => None,
            };
            LateTasks::of(&found, enqueued)
        }
        Target::Server(client) => client.late_tasks(enqueue)?,
    };
    if args.format.is_json() {
        out.json(&late.json())?;
        return Ok(Exit::Fine);
    }
    for task in late.tasks.iter().take(TASKS_SHOWN_MAX) {
        out.line(format_args!(
            "event {}  {}  {}",
            task["event"],
            clean(task["kind"].as_str().unwrap_or_default()),
            clean(&task["data"].to_string())
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

fn patch(args: &Args, book: &mut Book, request: &PromoteRequest, out: &mut Output) -> Result<Exit> {
    let mut rows: u64 = 0;
    let mut lines = Vec::new();
    let mut visit = |row: &FinalRow| {
        rows += 1;
        if rows <= ROWS_SHOWN_MAX {
            lines.push((final_place(row), final_words(row)));
        }
        Ok(())
    };
    let promotion = {
        let mut bar = Bar::new("promoting");
        let mut progress = bar.events("materializing");
        let keep = !args.preview;
        book.promote_by_patch(&args.version, request, keep, &mut visit, &mut progress)?
    };
    print_rows(rows, &lines, &args.format, out)?;
    match args.preview {
        true => Ok(Exit::Fine),
        false => tell(&promotion, &args.format, out),
    }
}

fn print_rows(
    total: u64,
    rows: &[(String, String)],
    format: &FormatArg,
    out: &mut Output,
) -> Result<()> {
    for (place, words) in rows {
        match format.is_json() {
            true => out.json(&json!({ "row": place, "patch": words }))?,
            false => out.line(format_args!("{place}  {words}"))?,
        }
    }
    match format.is_json() {
        true => Ok(()),
        false => out.line(format_args!("{} differ", count(total, "row"))),
    }
}

/// Rows of a patch that are shown one by one.
const ROWS_SHOWN_MAX: u64 = 50;

pub fn run_rollback(args: &RollbackArgs, out: &mut Output) -> Result<Exit> {
    let target = args.target.open(out)?;
    let request = PromoteRequest {
        force: args.reason.clone(),
        actor: None,
    };
    let promotion = {
        let mut bar = Bar::new("going back");
        let mut progress = bar.events("materializing");
        match target {
            Target::Book(mut book) => book.rollback(&request, &mut progress)?,
            Target::Server(client) => client.rollback(&request)?,
        }
    };
    tell(&promotion, &args.format, out)
}

fn tell(promotion: &Promotion, format: &FormatArg, out: &mut Output) -> Result<Exit> {
    match promotion {
        Promotion::Done(done) => {
            if format.is_json() {
                out.json(&done.json())?;
            } else {
                let (seq, lineup) = (done.seq, &done.lineup);
                out.line(format_args!("in force since event {seq}: {lineup}"))?;
            }
            Ok(Exit::Fine)
        }
        Promotion::Differs(status) => {
            match format.is_json() {
                true => out.json(&json!({ "track": status.json() }))?,
                false => show(status, out)?,
            }
            out.say("not promoted: there are unexpected differences; nothing changed")?;
            out.advise("--expect FILE of daybook shadow names what is wanted; --force --reason TEXT promotes anyway")?;
            Ok(Exit::Differs)
        }
    }
}
