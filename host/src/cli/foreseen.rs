//! What a repair of history would change, as text or as JSON Lines: for the previews of `amend` and `redact`.

use std::fmt::Write as _;

use super::Exit;
use super::common::FormatArg;
use super::output::{Output, count};
use super::table::clean;
use crate::diff::jsonl::JsonlReport;
use crate::diff::{EventDiff, FinalKind, FinalRow, Sink, Summary};
use crate::model::{Error, Result, Value};
use crate::study::Foreseen;

/// Events that are told of on a line each; the rest is counted.
const EVENTS_MAX: usize = 20;

/// Runs a preview with the report of the wanted format.
pub fn print(
    format: &FormatArg,
    out: &mut Output,
    preview: impl FnOnce(&mut dyn Sink) -> Result<Foreseen>,
) -> Result<Exit> {
    let foreseen = if format.is_json() {
        preview(&mut JsonlReport::new(&mut *out))?
    } else {
        let mut report = Report::default();
        let foreseen = preview(&mut report)?;
        print_report(&report, &foreseen.summary, out)?;
        foreseen
    };
    match &foreseen.problem {
        None => {
            out.say("a preview: nothing was kept")?;
            Ok(Exit::Fine)
        }
        Some(problem) => {
            out.say(format_args!("it would be refused: {problem}"))?;
            Ok(Exit::Differs)
        }
    }
}

/// The first differing events, and every row that ends otherwise.
#[derive(Default)]
struct Report {
    events: Vec<String>,
    rows: Vec<String>,
}

impl Sink for Report {
    fn event(&mut self, diff: &EventDiff, _: &[bool]) -> Result<()> {
        if self.events.len() < EVENTS_MAX {
            let dooms = diff
                .differences
                .iter()
                .filter_map(|difference| match difference {
                    crate::diff::Difference::Doom { candidate, .. } => candidate.as_deref(),
                    _ => None,
                });
            let doom = dooms.map(|doom| format!("  fails: {}", clean(doom)));
            self.events.push(format!(
                "  {}  {}  {}  {}{}",
                diff.seq,
                diff.event_type,
                clean(diff.subject.as_deref().unwrap_or("–")),
                count(diff.differences.len() as u64, "difference"),
                doom.collect::<String>()
            ));
        }
        Ok(())
    }

    fn final_row(&mut self, row: &FinalRow, _: bool) -> Result<()> {
        self.rows.push(row_text(row));
        Ok(())
    }

    fn finish(&mut self, _: &Summary) -> Result<()> {
        Ok(())
    }
}

/// `  bank.account[3]  balance 150 → 250`
fn row_text(row: &FinalRow) -> String {
    let key: Vec<_> = row.key.iter().map(ToString::to_string).collect();
    let mut text = format!("  {}[{}]", row.table, key.join(", "));
    let value = |value: &Option<Value>| {
        value
            .as_ref()
            .map_or_else(|| "–".to_owned(), ToString::to_string)
    };
    let mut columns = |what: &str, columns: &[(String, Value)]| {
        text.push_str(what);
        for (name, value) in columns {
            // Writing into a string does not fail.
            let _ = write!(text, "  {name} {value}");
        }
    };
    match &row.kind {
        FinalKind::Added(values) => columns("  comes", values),
        FinalKind::Removed(values) => columns("  goes", values),
        FinalKind::Changed(values) => {
            for (name, before, after) in values {
                let _ = write!(text, "  {name} {} → {}", value(before), value(after));
            }
        }
    }
    text
}

fn print_report(report: &Report, summary: &Summary, out: &mut Output) -> Result<()> {
    let differing = summary.differing.total();
    out.line(format_args!(
        "{} would have other effects",
        count(differing, "event")
    ))?;
    for line in &report.events {
        out.line(line)?;
    }
    let more = differing.saturating_sub(report.events.len() as u64);
    if more > 0 {
        out.line(format_args!("  and {} more", count(more, "event")))?;
    }
    out.line(format_args!(
        "{} of the state would be otherwise",
        count(report.rows.len() as u64, "row")
    ))?;
    { report.rows.iter() }.try_for_each(|line| out.line(line))
}

/// The reason, where the verb needs one.
pub fn reason(given: Option<&str>, preview: bool) -> Result<String> {
    match given {
        Some(reason) => Ok(reason.to_owned()),
        // Nothing is kept that would have to be explained.
        None if preview => Ok("preview".to_owned()),
        None => Err(Error::usage("--reason is missing")
            .hint("say why, for those who read the log later; the reason stays for ever")),
    }
}
