//! `daybook redact`

use super::common::{FormatArg, seq};
use super::output::{Output, count};
use super::progress::Bar;
use super::target::TargetArg;
use super::{Exit, foreseen, input};
use crate::model::{JsonText, Result, Seq};
use crate::wire::{RedactReply, RedactRequest};

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
    let with = args.with.as_deref().map(input::payload).transpose()?;
    let request = RedactRequest {
        reason: foreseen::reason(args.reason, args.preview)?,
        with: with.map(|data| JsonText::of(&data).into_owned()),
        preview: args.preview,
    };
    let mut target = args.target.open(out)?;
    let reply = {
        let mut bar = Bar::new("redacting");
        let mut progress = bar.events("materializing");
        target.redact(args.seq, &request, args.actor.as_deref(), &mut progress)?
    };
    let redacted = match reply {
        RedactReply::Foreseen(report) => return foreseen::print(&report, &args.format, out),
        RedactReply::Redacted(redacted) => redacted,
    };
    if args.format.is_json() {
        out.json(&redacted)?;
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
    for name in &redacted.replays_removed {
        out.line(format_args!(
            "  projection '{name}' held copies and is removed"
        ))?;
    }
    if !redacted.cleaned {
        out.say("somebody reads an older state of the log: its file is cleaned when the book is opened next")?;
    }
    Ok(Exit::Fine)
}
