//! `daybook run`

use uuid::Uuid;

use super::common::FormatArg;
use super::effects::{event_line, print_effects};
use super::output::Output;
use super::table::clean;
use super::target::TargetArg;
use super::{Exit, input};
use crate::book::Request;
use crate::model::{Result, TypeName, VersionDate};
use crate::wire::{CommandReply, Outcome};

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
    /// The version to ask: the newest up to this date; where callers are served by their dates, it handles the events too
    #[arg(long, value_name = "DATE")]
    pin: Option<VersionDate>,
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
        pin: args.pin,
        preview: args.preview,
        ..Request::default()
    };
    let mut target = args.target.open(out)?;
    let mut hear = |line: &str| out.say(format_args!("log: {}", clean(line)));
    let reply = target.run(request, &mut hear)?;
    if args.format.is_json() {
        out.json(&reply)?;
    }
    let events = match (reply.outcome, args.format.is_json()) {
        (Outcome::Rejected, is_json) => {
            if !is_json {
                print_rejection(&reply, out)?;
            }
            return Ok(Exit::Rejected);
        }
        (Outcome::Accepted, true) => return Ok(Exit::Fine),
        (Outcome::Accepted, false) => reply.events.as_deref().unwrap_or_default(),
    };
    if events.is_empty() {
        out.line("accepted; nothing had to change")?;
    }
    for event in events {
        out.line(event_line(&event.event))?;
        print_effects(&event.changes, &event.tasks, out)?;
    }
    if args.preview {
        let id = &reply.command;
        out.say(format_args!(
            "a preview: nothing was kept; run it for real with the same ids: --id {id}"
        ))?;
    }
    Ok(Exit::Fine)
}

fn print_rejection(reply: &CommandReply<'_>, out: &mut Output) -> Result<()> {
    out.line(format_args!(
        "rejected: {}: {}",
        clean(reply.code.as_deref().unwrap_or_default()),
        clean(reply.message.as_deref().unwrap_or_default())
    ))?;
    match &reply.details {
        Some(details) => out.line(format_args!("  {}", clean(details.get()))),
        None => Ok(()),
    }
}
