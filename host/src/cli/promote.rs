//! `daybook promote` and `daybook rollback`

use serde_json::json;

use super::Exit;
use super::common::FormatArg;
use super::output::{Output, count};
use super::progress::Bar;
use super::target::{Target, TargetArg, only_by_directory};
use super::tracks::show;
use crate::diff::FinalRow;
use crate::diff::words::{final_place, final_words};
use crate::model::{PluginVersion, Result};
use crate::service::{Book, PromoteRequest, Promotion};

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
    /// Promote in spite of unexpected differences
    #[arg(long, requires = "reason")]
    force: bool,
    /// Why it is forced; kept in the log
    #[arg(long, value_name = "TEXT", requires = "force")]
    reason: Option<String>,
    #[command(flatten)]
    format: FormatArg,
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
    let request = PromoteRequest {
        force: args.reason.clone().filter(|_| args.force),
        actor: None,
    };
    if args.patch {
        let Target::Book(book) = &mut target else {
            return Err(only_by_directory("a patch"));
        };
        return patch(args, book, &request, out);
    }
    let promotion = {
        let mut bar = Bar::new("promoting");
        let mut progress = bar.events("materializing");
        match target {
            Target::Book(mut book) => book.promote(&args.version, &request, &mut progress)?,
            Target::Server(client) => client.promote(&args.version, &request)?,
        }
    };
    tell(&promotion, &args.format, out)
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
    for (place, words) in &lines {
        match args.format.is_json() {
            true => out.json(&json!({ "row": place, "patch": words }))?,
            false => out.line(format_args!("{place}  {words}"))?,
        }
    }
    if !args.format.is_json() {
        out.line(format_args!("{} differ", count(rows, "row")))?;
    }
    match args.preview {
        true => Ok(Exit::Fine),
        false => tell(&promotion, &args.format, out),
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
