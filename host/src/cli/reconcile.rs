//! `daybook reconcile`

use super::Exit;
use super::common::FormatArg;
use super::output::{Output, count};
use super::progress::Bar;
use super::target::TargetArg;
use crate::diff::words::{final_place, final_words};
use crate::model::Result;
use crate::wire::ReconcileRequest;

/// Put the live state right by what the log yields
///
/// Materializes the log anew under the versions in force and shows every row in which the live state differs: a row that
/// somebody wrote by hand, or that a damaged disk changed. `--repair` puts the new state in the live one's place and
/// records that as an event. It also opens a book that nothing else opens any more, because its recorded effects are not
/// what its events yield, and puts those of the present epoch right. `daybook verify` says whether anything differs; this
/// says what.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook reconcile mybook
  daybook reconcile mybook --repair --reason 'a row was edited by hand'

Exit code 1: there are differences, and they were not repaired.")]
pub struct Args {
    #[command(flatten)]
    target: TargetArg,
    /// Put the new state in the live one's place
    #[arg(long, requires = "reason")]
    repair: bool,
    /// Why; kept in the log
    #[arg(long, value_name = "TEXT", requires = "repair")]
    reason: Option<String>,
    /// Rows that the text shows one by one, 1000 at most
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    show: usize,
    #[command(flatten)]
    format: FormatArg,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    let request = ReconcileRequest {
        reason: args.reason.clone(),
    };
    let mut target = match args.repair {
        true => args.target.open_to_reconcile(out)?,
        false => args.target.open(out)?,
    };
    let reconciled = {
        let mut bar = Bar::new("materializing");
        let mut progress = bar.events("materializing");
        target.reconcile(&request, &mut progress)?
    };
    if args.format.is_json() {
        out.json(&reconciled)?;
    } else {
        for row in reconciled.rows.iter().take(args.show) {
            let row = row.into();
            out.line(format_args!("{}  {}", final_place(&row), final_words(&row)))?;
        }
        let rows = count(reconciled.total, "row");
        match reconciled.seq {
            Some(seq) => out.line(format_args!("{rows} put right, since event {seq}"))?,
            None => out.line(format_args!(
                "{rows} of the live state differ from what the log yields"
            ))?,
        }
        if reconciled.effects > 0 {
            let events = count(reconciled.effects, "event");
            out.line(match reconciled.seq {
                Some(_) => format!("the recorded effects of {events} put right"),
                None => format!("the recorded effects of {events} differ too"),
            })?;
        }
    }
    match (reconciled.total + reconciled.effects, reconciled.seq) {
        (0, _) | (_, Some(_)) => Ok(Exit::Fine),
        _ => Ok(Exit::Differs),
    }
}
