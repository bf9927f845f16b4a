//! `daybook run`

use uuid::Uuid;

use super::common::FormatArg;
use super::effects::{event_line, print_caused, print_log};
use super::output::Output;
use super::table::clean;
use super::target::{Target, TargetArg};
use super::{Exit, input};
use crate::book::{Decision, Request, json_text};
use crate::model::{Rejection, Result, TypeName};

/// Run a command
///
/// The plugin that owns the command decides on it, seeing every event before it: it answers with events, which are kept
/// together with all they cause or not at all, or with a rejection. A preview does everything and keeps nothing; with the
/// same --id it yields the very ids that the real run will.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook run mybook bank.Deposit '{\"account\": 1, \"amount\": 5000}'
  daybook run mybook bank.Withdraw @withdraw.json --preview
  echo '{\"date\": \"1998-12-31\"}' | daybook run mybook bank.AccrueInterest -
  daybook run --url http://127.0.0.1:7373 bank.Deposit '{\"account\": 1, \"amount\": 5000}'

Exit code 4: the plugin rejected the command.")]
pub struct Args {
    #[command(flatten)]
    target: TargetArg,
    /// The command's type: bank.Deposit
    #[arg(value_name = "COMMAND-TYPE")]
    command_type: TypeName,
    /// The payload: JSON, @FILE, or - for standard input
    #[arg(value_name = "JSON|@FILE|-")]
    payload: String,
    /// Report everything, keep nothing
    #[arg(long)]
    preview: bool,
    /// The command's id; absent: a new one
    #[arg(long, value_name = "UUID")]
    id: Option<Uuid>,
    /// What the command is about; its events inherit it
    #[arg(long)]
    subject: Option<String>,
    /// Who asks, for the journal and the plugin
    #[arg(long)]
    actor: Option<String>,
    #[command(flatten)]
    format: FormatArg,
}

pub fn run(args: Args, out: &mut Output) -> Result<Exit> {
    let data = input::payload(&args.payload)?;
    let request = Request {
        command_type: args.command_type.as_str().to_owned(),
        data,
        subject: args.subject,
        actor: args.actor,
        id: args.id,
        preview: args.preview,
        ..Request::default()
    };
    let reply = match args.target.open(out)? {
        Target::Book(mut book) => book.run(request),
        Target::Server(client) => client.run(&request),
    }?;
    print_log(&reply.log, out)?;
    if let Decision::Accepted(events) = &reply.decision {
        for caused in events {
            print_log(&caused.log, out)?;
        }
    }
    if args.format.is_json() {
        out.json(&reply.json())?;
    }
    let events = match &reply.decision {
        Decision::Rejected(rejection) => {
            if !args.format.is_json() {
                print_rejection(rejection, out)?;
            }
            return Ok(Exit::Rejected);
        }
        Decision::Accepted(_) if args.format.is_json() => return Ok(Exit::Fine),
        Decision::Accepted(events) => events,
    };
    if events.is_empty() {
        out.line("accepted; nothing had to change")?;
    }
    for caused in events {
        out.line(event_line(&caused.event))?;
        print_caused(caused, out)?;
    }
    if args.preview {
        let id = reply.command_id;
        out.say(format_args!(
            "a preview: nothing was kept; run it for real with the same ids: --id {id}"
        ))?;
    }
    Ok(Exit::Fine)
}

fn print_rejection(rejection: &Rejection, out: &mut Output) -> Result<()> {
    out.line(format_args!(
        "rejected: {}: {}",
        clean(&rejection.code),
        clean(&rejection.message)
    ))?;
    match &rejection.details {
        Some(details) => out.line(format_args!("  {}", clean(&json_text(details).to_string()))),
        None => Ok(()),
    }
}
