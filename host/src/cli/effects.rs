//! An event with what it caused, as text: for `run` and `show`.

use super::output::Output;
use super::table::clean;
use super::values::key_text;
use crate::book::Caused;
use crate::history::RepairNote;
use crate::model::effects::RecordedChange;
use crate::model::{Event, LogLine, Result, TableLayout, Value};

/// One line for each change, one for each of its columns.
pub fn print_caused(caused: &Caused, out: &mut Output) -> Result<()> {
    if caused.changes.is_empty() && caused.tasks.is_empty() {
        return out.line("  changes nothing");
    }
    caused
        .changes
        .iter()
        .try_for_each(|change| print_change(change, out))?;
    for task in &caused.tasks {
        let key = task
            .key
            .as_deref()
            .map(|key| format!(" {}", clean(key)))
            .unwrap_or_default();
        let not_before = task
            .not_before
            .as_deref()
            .map(|time| format!(", not before {time}"))
            .unwrap_or_default();
        out.line(format_args!(
            "  task   {}{key}{not_before}  {}",
            clean(&task.kind),
            clean(&task.data)
        ))?;
    }
    Ok(())
}

/// `12  bank.TransactionPosted  account/3  1993-01-05T00:00:00Z  {…}`
pub fn event_line(event: &Event) -> String {
    let subject = clean(event.subject.as_deref().unwrap_or("–"));
    format!(
        "{}  {}  {subject}  {}  {}",
        event.seq,
        event.event_type,
        clean(&event.time),
        clean(&event.data)
    )
}

/// `  (amended by event 40)`: what was done to an event since it was logged; nothing where nothing was.
pub fn repair_text(note: Option<&RepairNote>) -> String {
    let Some(note) = note else {
        return String::new();
    };
    let repairs = [
        ("amended", note.amended),
        ("redacted", note.redacted),
        ("undone", note.undone),
    ];
    let told: Vec<_> = repairs
        .iter()
        .filter_map(|(what, by)| Some(format!("{what} by event {}", (*by)?)))
        .collect();
    match told.is_empty() {
        true => String::new(),
        false => format!("  ({})", told.join(", ")),
    }
}

/// What a plugin logged while it worked.
pub fn print_log(log: &[LogLine], out: &mut Output) -> Result<()> {
    log.iter()
        .try_for_each(|line| out.say(format_args!("log: {}", clean(&line.message))))
}

fn print_change(change: &RecordedChange, out: &mut Output) -> Result<()> {
    let layout = &change.layout;
    let Some(row) = change.after.as_ref().or(change.before.as_ref()) else {
        return Ok(());
    };
    out.line(format_args!(
        "  {} {}.{}  {}",
        change.operation(),
        layout.plugin,
        layout.table,
        key_text(layout, row)
    ))?;
    let lines = column_lines(layout, change.before.as_deref(), change.after.as_deref());
    let width = lines
        .iter()
        .map(|(name, _)| name.len())
        .max()
        .unwrap_or_default();
    lines
        .iter()
        .try_for_each(|(name, what)| out.line(format_args!("    {name:width$}  {what}")))
}

/// Columns beside the key: all of a row that comes or goes, those that differ of one that stays.
fn column_lines<'a>(
    layout: &'a TableLayout,
    before: Option<&[Value]>,
    after: Option<&[Value]>,
) -> Vec<(&'a str, String)> {
    let mut lines = Vec::new();
    for (at, column) in layout.columns.iter().enumerate() {
        let line = match (before, after) {
            _ if layout.is_key(at) => continue,
            (Some(before), Some(after)) if before[at] == after[at] => continue,
            (Some(before), Some(after)) => format!("{} → {}", before[at], after[at]),
            (None, Some(row)) | (Some(row), None) => row[at].to_string(),
            (None, None) => continue,
        };
        lines.push((column.name.as_str(), line));
    }
    lines
}
