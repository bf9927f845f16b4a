//! `daybook reconcile`

use serde_json::json;

use super::common::FormatArg;
use super::output::{Output, count};
use super::progress::Bar;
use super::target::{Target, TargetArg};
use super::{Exit, remote};
use crate::diff::FinalRow;
use crate::diff::words::{final_place, final_words};
use crate::model::{Error, Result};

/// Put the live state right by what the log yields
///
/// Materializes the log anew under the versions in force and shows every row in which the live state differs: a row that
/// somebody wrote by hand, or that a damaged disk changed. `--repair` puts the new state in the live one's place and
/// records that as an event. `daybook verify` says whether anything differs; this says what.
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
    /// Rows that are shown one by one
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    show: u64,
    #[command(flatten)]
    format: FormatArg,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    let mut book = match args.target.open(out)? {
        Target::Book(book) => book,
        Target::Server(client) => {
            let body = json!({ "reason": args.reason });
            let differs = |reply: &serde_json::Value| reply["total"] != 0 && reply["seq"].is_null();
            return remote::tell(&client, "/reconcile", &body, &args.format, differs, out);
        }
    };
    let mut shown = 0;
    let mut lines = Vec::new();
    let mut visit = |row: &FinalRow| {
        if shown < args.show {
            shown += 1;
            lines.push((final_place(row), final_words(row)));
        }
        Ok::<(), Error>(())
    };
    let done = {
        let mut bar = Bar::new("materializing");
        let mut progress = bar.events("materializing");
        book.reconcile(args.reason.as_deref(), &mut visit, &mut progress)?
    };
    if args.format.is_json() {
        for (place, words) in &lines {
            out.json(&json!({ "row": place, "live": words }))?;
        }
        out.json(&json!({
            "rows": done.rows,
            "repaired": done.repaired.map(|seq| seq.0),
        }))?;
    } else {
        for (place, words) in &lines {
            out.line(format_args!("{place}  {words}"))?;
        }
        let rows = count(done.rows, "row");
        match done.repaired {
            Some(seq) => out.line(format_args!("{rows} put right, since event {seq}"))?,
            None => out.line(format_args!(
                "{rows} of the live state differ from what the log yields"
            ))?,
        }
    }
    match (done.rows, done.repaired) {
        (0, _) | (_, Some(_)) => Ok(Exit::Fine),
        _ => Ok(Exit::Differs),
    }
}
