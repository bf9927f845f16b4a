//! An event with what it caused, as text and as JSON: for `run` and `show`.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value as Json, json};

use super::output::Output;
use super::table::clean;
use super::values::{json_of, json_row, key_text};
use crate::model::effects::RecordedChange;
use crate::model::{Effects, Event, Layouts, LogLine, Result, TableLayout, Task, Value};
use crate::service::{CloudEvent, task_id};

/// What one event caused, whether it was recorded or has only just been worked out.
pub struct Caused {
    pub changes: Vec<RecordedChange>,
    pub tasks: Vec<Task>,
}

impl Caused {
    /// Gives each change the layout of its table.
    pub fn now(effects: Effects, layouts: &Layouts) -> Caused {
        let changes = effects.changes.into_iter().map(|change| RecordedChange {
            layout: layouts.tables[change.table].clone(),
            before: change.before,
            after: change.after,
        });
        Caused {
            changes: changes.collect(),
            tasks: effects.tasks,
        }
    }

    /// The event as a CloudEvent, with its changes and tasks beside it.
    pub fn json<'a>(&self, event: &'a Event) -> CausedJson<'a> {
        let tasks = self.tasks.iter().enumerate().map(|(ordinal, task)| {
            json!({
                "id": task_id(event, ordinal),
                "kind": task.kind,
                "key": task.key,
                "data": json_text(&task.data),
                "not_before": task.not_before,
            })
        });
        CausedJson {
            event: CloudEvent(event),
            changes: self.changes.iter().map(change_json).collect(),
            tasks: tasks.collect(),
        }
    }

    /// One line for each change, one for each of its columns.
    pub fn print(&self, out: &mut Output) -> Result<()> {
        if self.changes.is_empty() && self.tasks.is_empty() {
            return out.line("  changes nothing");
        }
        self.changes
            .iter()
            .try_for_each(|change| print_change(change, out))?;
        for task in &self.tasks {
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
}

/// What `run` and `show` write about an event.
#[derive(Serialize)]
pub struct CausedJson<'a> {
    event: CloudEvent<'a>,
    changes: Vec<Json>,
    tasks: Vec<Json>,
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

/// What a plugin logged while it worked.
pub fn print_log(log: &[LogLine], out: &mut Output) -> Result<()> {
    log.iter()
        .try_for_each(|line| out.say(format_args!("log: {}", clean(&line.message))))
}

/// JSON text as a JSON value; what is not JSON stays text.
pub fn json_text(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_else(|_| json!(text))
}

fn change_json(change: &RecordedChange) -> Json {
    let layout = &change.layout;
    let names = || layout.columns.iter().map(|column| column.name.as_str());
    let row = |row: &Option<Arc<[Value]>>| {
        row.as_ref()
            .map_or(Json::Null, |row| json_row(names(), row))
    };
    let key = change
        .after
        .as_ref()
        .or(change.before.as_ref())
        .map_or(Json::Null, |row| {
            let parts = layout
                .key
                .iter()
                .map(|&at| (layout.columns[at].name.clone(), json_of(&row[at])));
            Json::Object(parts.collect())
        });
    json!({
        "table": format!("{}.{}", layout.plugin, layout.table),
        "operation": operation(change),
        "key": key,
        "before": row(&change.before),
        "after": row(&change.after),
    })
}

fn operation(change: &RecordedChange) -> &'static str {
    match (&change.before, &change.after) {
        (None, _) => "insert",
        (_, None) => "delete",
        _ => "update",
    }
}

fn print_change(change: &RecordedChange, out: &mut Output) -> Result<()> {
    let layout = &change.layout;
    let Some(row) = change.after.as_ref().or(change.before.as_ref()) else {
        return Ok(());
    };
    out.line(format_args!(
        "  {} {}.{}  {}",
        operation(change),
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
