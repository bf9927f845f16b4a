//! What a repair of history would change: for the previews of `amend` and `redact`.

use std::fmt::Write as _;

use super::Exit;
use super::common::FormatArg;
use super::output::{Output, count};
use super::table::clean;
use crate::diff::{FinalKind, FinalRow};
use crate::model::{Error, Result, Value};
use crate::wire::Foreseen;

/// Prints what would be; code 1 where the repair would be refused.
pub fn print(foreseen: &Foreseen, format: &FormatArg, out: &mut Output) -> Result<Exit> {
    match format.is_json() {
        true => out.json(foreseen)?,
        false => print_text(foreseen, out)?,
    }
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

fn print_text(foreseen: &Foreseen, out: &mut Output) -> Result<()> {
    out.line(format_args!(
        "{} would have other effects",
        count(foreseen.events, "event")
    ))?;
    for event in &foreseen.first {
        let doom = event.doom.as_deref();
        let doom = doom.map(|doom| format!("  fails: {}", clean(doom)));
        out.line(format_args!(
            "  {}  {}  {}  {}{}",
            event.seq,
            event.event_type,
            clean(event.subject.as_deref().unwrap_or("–")),
            count(event.differences, "difference"),
            doom.unwrap_or_default()
        ))?;
    }
    let more = foreseen.events.saturating_sub(foreseen.first.len() as u64);
    if more > 0 {
        out.line(format_args!("  and {} more", count(more, "event")))?;
    }
    let rows = &foreseen.final_rows;
    out.line(format_args!(
        "{} of the state would be otherwise",
        count(rows.total, "row")
    ))?;
    for row in &rows.rows {
        out.line(row_text(&row.into()))?;
    }
    let more = rows.total.saturating_sub(rows.rows.len() as u64);
    match more {
        0 => Ok(()),
        more => out.line(format_args!("  and {} more", count(more, "row"))),
    }
}

/// The reason, where the verb needs one: a preview keeps nothing that would have to be explained.
pub fn reason(given: Option<String>, preview: bool) -> Result<Option<String>> {
    match given {
        None if !preview => Err(Error::usage("--reason is missing")
            .hint("say why, for those who read the log later; the reason stays for ever")),
        given => Ok(given),
    }
}
