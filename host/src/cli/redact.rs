//! `daybook redact`

use serde_json::json;

use super::common::{FormatArg, seq};
use super::output::{Output, count};
use super::progress::Bar;
use super::target::{Target, TargetArg};
use super::{Exit, foreseen, input, remote};
use crate::book::json_text;
use crate::model::{Result, Seq};
use crate::repair::RedactRequest;

/// Erase an event's payload for good
///
/// From the log, from what amendments kept of it, from the recorded effects of this and all later events, from tasks, from
/// the command that asked for it, and from every projection; then the files are written anew, so that no bytes of it
/// remain. The envelope (id, source, type, subject, time, extensions) and the payload's hash stay: the chain still
/// verifies. Without --with nobody handles the event any more, live and in every replay. It cannot be taken back.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook redact mybook 42 --preview
  daybook redact mybook 42 --reason 'erasure was asked for' --actor anna
  daybook redact mybook 42 --with '{\"account\": 1, \"amount\": 0}' --reason 'erasure was asked for'

What was copied elsewhere stays there: other events, files of backups, tasks that were carried out, words of reasons.
Exit code 1: a preview that would be refused. 5: events of doom refuse the redaction.")]
pub struct Args {
    #[command(flatten)]
    target: TargetArg,
    /// The event's position
    #[arg(value_name = "SEQ", value_parser = seq)]
    seq: Seq,
    /// Why; stays in the log for ever, so it must not quote what is erased
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// What stands in the payload's place: JSON, @FILE, or - for standard input
    #[arg(long, value_name = "JSON|@FILE|-")]
    with: Option<String>,
    /// Who redacts
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    /// Report everything, keep nothing
    #[arg(long)]
    preview: bool,
    #[command(flatten)]
    format: FormatArg,
}

pub fn run(args: Args, out: &mut Output) -> Result<Exit> {
    let request = RedactRequest {
        seq: args.seq,
        reason: foreseen::reason(args.reason.as_deref(), args.preview)?,
        replacement: args.with.as_deref().map(input::payload).transpose()?,
        actor: args.actor,
    };
    let mut book = match args.target.open(out)? {
        Target::Book(book) => book,
        Target::Server(client) => {
            let mut body = json!({ "reason": request.reason, "preview": args.preview });
            if let Some(data) = &request.replacement {
                body["with"] = json_text(data);
            }
            let path = format!("/events/{}/redact", request.seq);
            let refused = remote::is_refused;
            return remote::tell(&client, &path, &body, &args.format, refused, out);
        }
    };
    if args.preview {
        return foreseen::print(&args.format, out, |sink| {
            let mut bar = Bar::new("comparing");
            let mut progress = bar.events("comparing");
            book.preview_redaction(&request, sink, &mut progress)
        });
    }
    let redacted = {
        let mut bar = Bar::new("redacting");
        let mut progress = bar.events("materializing");
        book.redact(&request, &mut progress)?
    };
    if args.format.is_json() {
        out.json(&json!({
            "seq": redacted.seq.0,
            "event": redacted.event.0,
            "undo": redacted.undo.map(|seq| seq.0),
            "rewritten": redacted.rewritten,
            "replays_removed": redacted.replays,
            "cleaned": redacted.cleaned,
        }))?;
        return Ok(Exit::Fine);
    }
    out.line(format_args!(
        "event {} is redacted, since event {}; effects of {} written anew",
        redacted.event,
        redacted.seq,
        count(redacted.rewritten, "event")
    ))?;
    if let Some(undo) = redacted.undo {
        out.line(format_args!("  with its undo, event {undo}"))?;
    }
    for name in &redacted.replays {
        out.line(format_args!(
            "  projection '{name}' held copies and is removed"
        ))?;
    }
    if !redacted.cleaned {
        out.say("somebody reads an older state of the log: its file is cleaned when the book is opened next")?;
    }
    Ok(Exit::Fine)
}
