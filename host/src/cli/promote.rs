//! `daybook promote` and `daybook rollback`

use serde_json::json;

use super::Exit;
use super::common::{BookArg, FormatArg};
use super::output::Output;
use super::progress::Bar;
use super::tracks::{show, status_json};
use crate::model::{PluginVersion, Result};
use crate::service::{PromoteRequest, Promotion};

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
  daybook promote mybook bank@1994-01-01 --force --reason 'agreed with the auditors on Friday'

Exit code 1: there are unexpected differences; nothing changed.")]
pub struct Args {
    #[command(flatten)]
    book: BookArg,
    /// The version: bank@1994-01-01
    #[arg(value_name = "PLUGIN@DATE")]
    version: PluginVersion,
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
    book: BookArg,
    /// Why; kept in the log
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    format: FormatArg,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    let mut book = args.book.open()?;
    let request = PromoteRequest {
        force: args.reason.clone().filter(|_| args.force),
        actor: None,
    };
    let promotion = {
        let mut bar = Bar::new("promoting");
        let mut progress = bar.events("materializing");
        book.promote(&args.version, &request, &mut progress)?
    };
    tell(&promotion, &args.format, out)
}

pub fn run_rollback(args: &RollbackArgs, out: &mut Output) -> Result<Exit> {
    let mut book = args.book.open()?;
    let request = PromoteRequest {
        force: args.reason.clone(),
        actor: None,
    };
    let promotion = {
        let mut bar = Bar::new("going back");
        let mut progress = bar.events("materializing");
        book.rollback(&request, &mut progress)?
    };
    tell(&promotion, &args.format, out)
}

fn tell(promotion: &Promotion, format: &FormatArg, out: &mut Output) -> Result<Exit> {
    match promotion {
        Promotion::Done(done) => {
            if format.is_json() {
                out.json(&json!({
                    "seq": done.seq.0,
                    "lineup": done.lineup.to_string(),
                    "track": status_json(&done.status),
                }))?;
            } else {
                let (seq, lineup) = (done.seq, &done.lineup);
                out.line(format_args!("in force since event {seq}: {lineup}"))?;
            }
            Ok(Exit::Fine)
        }
        Promotion::Differs(status) => {
            match format.is_json() {
                true => out.json(&json!({ "track": status_json(status) }))?,
                false => show(status, out)?,
            }
            out.say("not promoted: there are unexpected differences; nothing changed")?;
            out.advise("--expect FILE of daybook shadow names what is wanted; --force --reason TEXT promotes anyway")?;
            Ok(Exit::Differs)
        }
    }
}
