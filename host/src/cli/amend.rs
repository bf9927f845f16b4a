//! `daybook amend`

use serde_json::json;

use super::common::{FormatArg, seq};
use super::output::Output;
use super::progress::Bar;
use super::target::{Target, TargetArg};
use super::{Exit, foreseen, input, remote};
use crate::book::json_text;
use crate::model::{Error, Result, Seq};
use crate::repair::{AmendRequest, NewPayload};

/// Replace an event's payload
///
/// The state is worked out anew as if the event had had this payload from the start, beside the present one, and switched
/// to in the transaction that records the amendment. The original is kept, for replays of what was recorded before and
/// to be put back. The amendment is an event itself. A preview lists every row that would end otherwise.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook amend mybook 42 --data '{\"account\": 1, \"amount\": 500}' --preview
  daybook amend mybook 42 --data @payload.json --reason 'the amount was misread' --actor anna
  daybook amend mybook 42 --skip --reason 'a test that went into the real log'
  daybook amend mybook 42 --revert --reason 'it was right after all'

Exit code 1: a preview that would be refused. 5: an event of doom refuses the amendment.")]
pub struct Args {
    #[command(flatten)]
    target: TargetArg,
    /// The event's position
    #[arg(value_name = "SEQ", value_parser = seq)]
    seq: Seq,
    /// The new payload: JSON, @FILE, or - for standard input
    #[arg(long, value_name = "JSON|@FILE|-")]
    data: Option<String>,
    /// Put the payload back that the event was logged with
    #[arg(long, conflicts_with = "data")]
    revert: bool,
    /// Skip the event: nobody handles it, as if it had not happened. The way past an event of doom
    #[arg(long, conflicts_with_all = ["data", "revert"])]
    skip: bool,
    /// Why; stays in the log for ever, so it should not quote what may have to be erased
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Who amends
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    /// Report everything, keep nothing
    #[arg(long)]
    preview: bool,
    #[command(flatten)]
    format: FormatArg,
}

pub fn run(args: Args, out: &mut Output) -> Result<Exit> {
    let payload = match (&args.data, args.revert) {
        (Some(data), _) => NewPayload::Data(input::payload(data)?),
        (None, true) => NewPayload::Original,
        (None, false) if args.skip => NewPayload::Nothing,
        (None, false) => {
            return Err(
                Error::usage("there is no new payload").hint("say --data JSON, --skip or --revert")
            );
        }
    };
    let request = AmendRequest {
        seq: args.seq,
        payload,
        reason: foreseen::reason(args.reason.as_deref(), args.preview)?,
        actor: args.actor,
    };
    let mut book = match args.target.open(out)? {
        Target::Book(book) => book,
        Target::Server(client) => {
            let mut body = json!({ "reason": request.reason, "preview": args.preview });
            match &request.payload {
                NewPayload::Data(data) => body["data"] = json_text(data),
                NewPayload::Original => body["revert"] = true.into(),
                NewPayload::Nothing => body["skip"] = true.into(),
            }
            let path = format!("/events/{}/amend", request.seq);
            let refused = remote::is_refused;
            return remote::tell(&client, &path, &body, &args.format, refused, out);
        }
    };
    if args.preview {
        return foreseen::print(&args.format, out, |sink| {
            let mut bar = Bar::new("comparing");
            let mut progress = bar.events("comparing");
            book.preview_amendment(&request, sink, &mut progress)
        });
    }
    let amended = {
        let mut bar = Bar::new("amending");
        let mut progress = bar.events("materializing");
        book.amend(&request, &mut progress)?
    };
    if args.format.is_json() {
        out.json(&json!({
            "seq": amended.seq.0,
            "event": amended.event.0,
            "reverts": amended.reverts,
        }))?;
    } else if amended.reverts {
        out.line(format_args!(
            "event {} has its first payload again, since event {}",
            amended.event, amended.seq
        ))?;
    } else {
        out.line(format_args!(
            "event {} is amended, since event {}",
            amended.event, amended.seq
        ))?;
    }
    Ok(Exit::Fine)
}
