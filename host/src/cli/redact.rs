//! `daybook redact`

use super::common::{FormatArg, seq};
use super::output::{Output, count};
use super::progress::Bar;
use super::target::TargetArg;
use super::{Exit, foreseen, input};
use crate::model::{JsonText, Result, Seq};
use crate::wire::{FieldValue, RedactAllRequest, RedactReply, RedactRequest};

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
  daybook redact mybook --subject patient/eva --match patient=eva --preview
  daybook redact mybook --subject patient/eva --with @erased.json --reason 'erasure was asked for'

With --subject or --match the payloads of all those events go, or of none; of a book's 5,000 at most. --with has an object
for each event type that later events need, in which \"$name\" is the event's own field:
  {\"clinic.Admitted\": {\"patient\": \"$patient\", \"name\": \"erased\"}}

What was copied elsewhere stays there: other events, files of backups, tasks that were carried out, words of reasons.
Exit code 1: a preview that would be refused. 5: events of doom refuse the redaction.")]
pub struct Args {
    #[command(flatten)]
    target: TargetArg,
    /// The event's position
    #[arg(value_name = "SEQ", value_parser = seq, required_unless_present_any = ["subject", "matching"],
        conflicts_with_all = ["subject", "matching"])]
    seq: Option<Seq>,
    /// All events about this subject, in one act; may be given several times
    #[arg(long, value_name = "SUBJECT")]
    subject: Vec<String>,
    /// Also all events whose payload has this value in this field (`patient`, `address.city`); may be given several times
    #[arg(long = "match", value_name = "FIELD=VALUE", value_parser = field_value)]
    matching: Vec<FieldValue>,
    /// Why; stays in the log for ever, so it must not quote what is erased
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// What stands in the payload's place: JSON, @FILE, or - for standard input; with --subject or --match by event type
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
    let reason = foreseen::reason(args.reason, args.preview)?;
    let with = with.map(|data| JsonText::of(&data).into_owned());
    let mut target = args.target.open(out)?;
    let actor = args.actor.as_deref();
    let reply = {
        let mut bar = Bar::new("redacting");
        let mut progress = bar.events("materializing");
        match args.seq {
            Some(seq) => {
                let request = RedactRequest {
                    reason,
                    with,
                    preview: args.preview,
                };
                target.redact(seq, &request, actor, &mut progress)?
            }
            None => {
                let request = RedactAllRequest {
                    subjects: args.subject,
                    matching: args.matching,
                    reason,
                    with,
                    preview: args.preview,
                };
                target.redact_all(&request, actor, &mut progress)?
            }
        }
    };
    let redacted = match reply {
        RedactReply::Foreseen(report) => return foreseen::print(&report, &args.format, out),
        RedactReply::Redacted(redacted) => redacted,
    };
    if args.format.is_json() {
        out.json(&redacted)?;
        return Ok(Exit::Fine);
    }
    let rewritten = count(redacted.rewritten, "event");
    match redacted.also.len() as u64 {
        0 => out.line(format_args!(
            "event {} is redacted, since event {}; effects of {rewritten} written anew",
            redacted.event, redacted.seq
        ))?,
        also => out.line(format_args!(
            "event {} and {} are redacted, since event {}; effects of {rewritten} written anew",
            redacted.event,
            count(also, "other event"),
            redacted.seq
        ))?,
    }
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

/// `patient=eva`
fn field_value(text: &str) -> Result<FieldValue, String> {
    match text.split_once('=') {
        Some((field, value)) if !field.is_empty() => Ok(FieldValue {
            field: field.to_owned(),
            value: value.to_owned(),
        }),
        _ => Err("a field and its value are FIELD=VALUE".to_owned()),
    }
}
