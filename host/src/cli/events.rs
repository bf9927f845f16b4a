//! `daybook events`

use super::Exit;
use super::common::{FormatArg, seq};
use super::effects::{event_line, repair_text};
use super::output::Output;
use super::target::TargetArg;
use crate::model::{Result, Seq, TypeName};
use crate::store::EventFilter;

/// List events of the log
///
/// In the order of the log, one a line. As JSON each line is a CloudEvent 1.0, as `append` takes it, with the position
/// and the version that handled it beside what the client gave; and by which event it was amended, redacted or undone.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook events mybook --from 100 --to 120
  daybook events mybook --type bank.LoanGranted --subject account/2
  daybook events mybook --format json --no-system | daybook append otherbook -
  daybook events --url http://127.0.0.1:7373 --from 100")]
pub struct Args {
    #[command(flatten)]
    target: TargetArg,
    /// The first position
    #[arg(long, value_name = "SEQ", value_parser = seq)]
    from: Option<Seq>,
    /// The last position
    #[arg(long, value_name = "SEQ", value_parser = seq)]
    to: Option<Seq>,
    /// Only events of this type
    #[arg(long = "type", value_name = "PLUGIN.NAME")]
    event_type: Option<TypeName>,
    /// Only events about this subject
    #[arg(long)]
    subject: Option<String>,
    /// Leave out the host's own `daybook.…` events, which no other book takes
    #[arg(long)]
    no_system: bool,
    /// At most so many
    #[arg(long, value_name = "COUNT")]
    limit: Option<usize>,
    #[command(flatten)]
    format: FormatArg,
}

/// Events that are held in memory at once.
const PAGE: usize = 500;

pub fn run(args: Args, out: &mut Output) -> Result<Exit> {
    let reader = args.target.read()?;
    let mut filter = EventFilter {
        from: args.from,
        to: args.to,
        event_type: args.event_type.map(|name| name.as_str().to_owned()),
        subject: args.subject,
        descending: false,
    };
    let mut left = args.limit.unwrap_or(usize::MAX);
    while left > 0 {
        let events = reader.events(&filter, PAGE)?;
        let shown = { events.iter() }.filter(|event| !(args.no_system && event.is_system()));
        for event in shown.take(left) {
            left -= 1;
            if args.format.is_json() {
                out.json(event)?;
            } else {
                let repairs = repair_text(event.amended, event.redacted, event.undone);
                out.line(event_line(event) + &repairs)?;
            }
        }
        let Some(last) = events.last() else {
            break;
        };
        filter.from = Some(Seq(last.seq).next());
    }
    Ok(Exit::Fine)
}
