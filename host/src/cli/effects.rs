//! An event with its effects, as text: for `run`, `show` and `undo`.

use super::output::Output;
use super::table::clean;
use crate::model::{Result, Value};
use crate::wire::{AskedTask, Change, CloudEvent, Row};

/// One line for each change, one for each of its columns.
pub fn print_effects(
    changes: &[Change<'_>],
    tasks: &[AskedTask<'_>],
    out: &mut Output,
) -> Result<()> {
    if changes.is_empty() && tasks.is_empty() {
        return out.line("  changes nothing");
    }
    changes
        .iter()
        .try_for_each(|change| print_change(change, out))?;
    for task in tasks {
        let key = { task.key.as_deref() }
            .map(|key| format!(" {}", clean(key)))
            .unwrap_or_default();
        let not_before = { task.not_before.as_deref() }
            .map(|time| format!(", not before {time}"))
            .unwrap_or_default();
        let late = { task.late }
            .map(|by| format!("  (enqueued late, by event {by})"))
            .unwrap_or_default();
        out.line(format_args!(
            "  task   {}{key}{not_before}  {}{late}",
            clean(&task.kind),
            clean(task.data.get())
        ))?;
    }
    Ok(())
}

/// `12  bank.TransactionPosted  account/3  1993-01-05T00:00:00Z  {…}`
pub fn event_line(event: &CloudEvent<'_>) -> String {
    let subject = clean(event.subject.as_deref().unwrap_or("–"));
    format!(
        "{}  {}  {subject}  {}  {}",
        event.seq,
        event.event_type,
        clean(&event.time),
        clean(event.payload())
    )
}

/// `  (amended by event 40)`: what was done to an event since it was logged; nothing where nothing was.
pub fn repair_text(amended: Option<u64>, redacted: Option<u64>, undone: Option<u64>) -> String {
    let repairs = [
        ("amended", amended),
        ("redacted", redacted),
        ("undone", undone),
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

fn print_change(change: &Change<'_>, out: &mut Output) -> Result<()> {
    let key = change.key.as_ref().map(Row::members).unwrap_or_default();
    let parts: Vec<_> = { key.iter() }
        .map(|(name, value)| format!("{name}={}", change.formats.words(name, value)))
        .collect();
    out.line(format_args!(
        "  {} {}  {}",
        change.operation,
        change.table,
        parts.join(" ")
    ))?;
    let lines = column_lines(change, &key);
    let width = lines
        .iter()
        .map(|(name, _)| name.len())
        .max()
        .unwrap_or_default();
    lines
        .iter()
        .try_for_each(|(name, what)| out.line(format_args!("    {name:width$}  {what}")))
}

/// `balance 100 → 150, lines 1 → 2`: the columns of a change in one line.
pub fn changed_columns(change: &Change<'_>) -> String {
    let key = change.key.as_ref().map(Row::members).unwrap_or_default();
    let columns = column_lines(change, &key).into_iter();
    let columns: Vec<_> = columns
        .map(|(name, what)| format!("{name} {what}"))
        .collect();
    columns.join(", ")
}

/// Columns beside the key: all of a row that comes or goes, those that differ of one that stays.
fn column_lines<'a>(change: &'a Change<'_>, key: &[(&str, &Value)]) -> Vec<(&'a str, String)> {
    let Some(row) = change.after.as_ref().or(change.before.as_ref()) else {
        return Vec::new();
    };
    let before = change.before.as_ref().filter(|_| change.after.is_some());
    let mut lines = Vec::new();
    for (name, value) in row.members() {
        let line = match before.and_then(|before| before.get(name)) {
            _ if key.iter().any(|(part, _)| *part == name) => continue,
            Some(before) if before == value => continue,
            Some(before) => {
                let (before, after) = (
                    change.formats.words(name, before),
                    change.formats.words(name, value),
                );
                format!("{before} → {after}")
            }
            None => change.formats.words(name, value),
        };
        lines.push((name, line));
    }
    lines
}
