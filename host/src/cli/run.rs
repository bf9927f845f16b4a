//! `daybook run`

use serde::Serialize;
use serde_json::Value as Json;
use uuid::Uuid;

use super::common::{BookArg, FormatArg};
use super::effects::{Caused, CausedJson, event_line, json_text, print_log};
use super::output::Output;
use super::table::clean;
use super::{Exit, input};
use crate::model::{Event, Rejection, Result, TypeName};
use crate::service::{Decision, Reply, Request};

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

Exit code 4: the plugin rejected the command.")]
pub struct Args {
    #[command(flatten)]
    book: BookArg,
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
    let mut book = args.book.open()?;
    let reply = book.run(Request {
        command_type: args.command_type.as_str().to_owned(),
        data,
        subject: args.subject,
        actor: args.actor,
        id: args.id,
        preview: args.preview,
    })?;
    print_log(&reply.log, out)?;
    let about = about(&reply);
    let outcomes = match reply.decision {
        Decision::Rejected(rejection) => {
            print_rejection(&rejection, about, args.format.is_json(), out)?;
            return Ok(Exit::Rejected);
        }
        Decision::Accepted(outcomes) => outcomes,
    };
    let layouts = book.live_projection().layouts().clone();
    let mut events: Vec<(Event, Caused)> = Vec::with_capacity(outcomes.len());
    for (event, outcome) in outcomes {
        print_log(&outcome.log, out)?;
        events.push((event, Caused::now(outcome.effects, &layouts)));
    }
    if args.format.is_json() {
        let events = events
            .iter()
            .map(|(event, caused)| caused.json(event))
            .collect();
        out.json(&AnswerJson {
            about,
            outcome: "accepted",
            events: Some(events),
            rejection: None,
        })?;
        return Ok(Exit::Fine);
    }
    if events.is_empty() {
        out.line("accepted; nothing had to change")?;
    }
    for (event, caused) in &events {
        out.line(event_line(event))?;
        caused.print(out)?;
    }
    if args.preview {
        let id = reply.command_id;
        out.say(format_args!(
            "a preview: nothing was kept; run it for real with the same ids: --id {id}"
        ))?;
    }
    Ok(Exit::Fine)
}

#[derive(Serialize)]
struct AnswerJson<'a> {
    #[serde(flatten)]
    about: AboutJson,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<Vec<CausedJson<'a>>>,
    #[serde(flatten)]
    rejection: Option<RejectionJson<'a>>,
}

/// What every answer says.
#[derive(Serialize)]
struct AboutJson {
    command: String,
    version: String,
    preview: bool,
}

#[derive(Serialize)]
struct RejectionJson<'a> {
    code: &'a str,
    message: &'a str,
    details: Option<Json>,
}

fn about(reply: &Reply) -> AboutJson {
    AboutJson {
        command: reply.command_id.to_string(),
        version: reply.version.to_string(),
        preview: reply.preview,
    }
}

fn print_rejection(
    rejection: &Rejection,
    about: AboutJson,
    as_json: bool,
    out: &mut Output,
) -> Result<()> {
    if as_json {
        let rejection = RejectionJson {
            code: &rejection.code,
            message: &rejection.message,
            details: rejection.details.as_deref().map(json_text),
        };
        return out.json(&AnswerJson {
            about,
            outcome: "rejected",
            events: None,
            rejection: Some(rejection),
        });
    }
    out.line(format_args!(
        "rejected: {}: {}",
        clean(&rejection.code),
        clean(&rejection.message)
    ))?;
    match &rejection.details {
        Some(details) => out.line(format_args!("  {}", clean(details))),
        None => Ok(()),
    }
}
