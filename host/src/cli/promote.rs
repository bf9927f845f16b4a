//! `daybook promote` and `daybook rollback`

use serde_json::json;

use super::Exit;
use super::common::FormatArg;
use super::output::Output;
use super::progress::Bar;
use super::target::{Target, TargetArg};
use super::tracks::show;
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
    target: TargetArg,
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
    target: TargetArg,
    /// Why; kept in the log
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    format: FormatArg,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    let target = args.target.open(out)?;
    let request = PromoteRequest {
        force: args.reason.clone().filter(|_| args.force),
        actor: None,
    };
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
