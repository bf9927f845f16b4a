//! `daybook amend`

use super::common::{FormatArg, seq};
use super::output::Output;
use super::progress::Bar;
use super::target::TargetArg;
use super::{Exit, foreseen, input};
use crate::model::{Error, JsonText, Result, Seq};
use crate::wire::{AmendReply, AmendRequest};

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
    let data = args.data.as_deref().map(input::payload).transpose()?;
    if data.is_none() && !args.revert && !args.skip {
        return Err(
            Error::usage("there is no new payload").hint("say --data JSON, --skip or --revert")
        );
    }
    let request = AmendRequest {
        data: data.map(|data| JsonText::of(&data).into_owned()),
        revert: args.revert,
        skip: args.skip,
        reason: foreseen::reason(args.reason, args.preview)?,
        preview: args.preview,
    };
    let mut target = args.target.open(out)?;
    let reply = {
        let mut bar = Bar::new("amending");
        let mut progress = bar.events("materializing");
        target.amend(args.seq, &request, args.actor.as_deref(), &mut progress)?
    };
    let amended = match reply {
        AmendReply::Foreseen(report) => return foreseen::print(&report, &args.format, out),
        AmendReply::Amended(amended) => amended,
    };
    if args.format.is_json() {
        out.json(&amended)?;
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
