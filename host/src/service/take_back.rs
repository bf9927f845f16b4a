//! What a `daybook.EventUndone` does to the state: the row changes in its payload, without any plugin, live and in every
//! replay. What the tables of a lineup cannot take makes it an event of doom, with words.

use super::ground::Ground;
use super::guards::find_table;
use super::program::Program;
use crate::model::layout::fits;
use crate::model::undo::{Restoring, RowUndo, changes_of};
use crate::model::{
    Error, ErrorKind, Event, HandlerError, Level, LogLine, PluginVersion, Row, TableLayout, Value,
};

/// Why it could not be done: the plugin whose table it is about, and what is wrong; or a fault of the host.
enum Obstacle {
    Table(String, String),
    Host(Error),
}

/// Writes the rows as they were before the event that is undone. Where a replay under other logic has other values in the
/// columns concerned, they are set all the same, and the log says so.
pub(super) fn take_back(
    ground: &mut Ground,
    program: &Program,
    event: &Event,
) -> Result<(), (PluginVersion, HandlerError)> {
    let (plugin, message) = match changes_of(&event.data) {
        None => (String::new(), "its changes cannot be read".to_owned()),
        Some(changes) => match apply(ground, &changes) {
            Ok(()) => return Ok(()),
            Err(Obstacle::Table(plugin, words)) => (plugin, words),
            Err(Obstacle::Host(error)) => {
                let message = error.message.clone();
                ground.fault = Some(error);
                (String::new(), message)
            }
        },
    };
    let error = HandlerError::Failed {
        code: "undo".to_owned(),
        message,
    };
    Err((blamed(program, &plugin, event), error))
}

/// The version whose tables do not take the undo: the lineup's, else that of the event which was undone.
fn blamed(program: &Program, plugin: &str, event: &Event) -> PluginVersion {
    let in_lineup = { program.lineup.iter() }.find(|version| version.plugin.as_str() == plugin);
    let told = || {
        let data: serde_json::Value = serde_json::from_str(&event.data).ok()?;
        data.get("version")?.as_str()?.parse().ok()
    };
    in_lineup.or_else(told).unwrap_or_else(|| {
        "undo@0001-01-01"
            .parse()
            .expect("a version that stands for none")
    })
}

fn apply(ground: &mut Ground, changes: &[RowUndo]) -> Result<(), Obstacle> {
    let layouts = ground.layouts.clone();
    let mut writes = Vec::with_capacity(changes.len());
    for change in changes {
        let plugin = change.table.split('.').next().unwrap_or_default();
        let stop = move |words: String| Obstacle::Table(plugin.to_owned(), words);
        let Ok((table, layout)) = find_table(&layouts.tables, &change.table) else {
            return Err(stop(format!("there is no table {}", change.table)));
        };
        let key = key_of(layout, change).map_err(stop)?;
        let before = ground
            .get(table, &key)
            .map_err(|error| sort(error, &stop))?;
        let mut notes = Vec::new();
        let after = restored(layout, change, before.as_ref(), &mut notes)
            .map_err(|words| stop(format!("{}{}: {words}", change.table, shown(&key))))?;
        for note in notes {
            ground.add_log(LogLine {
                level: Level::Warn,
                message: format!("{}{}: {note}", change.table, shown(&key)),
            });
        }
        writes.push((table, key, before, after, stop));
    }
    // A unique index must not meet a value twice on the way: first every row goes, then they come.
    for (table, key, before, _, stop) in &writes {
        if before.is_some() && has_unique_index(&layouts.tables[*table]) {
            ground
                .put(*table, key.clone(), before.clone(), None)
                .map_err(|error| sort(error, stop))?;
        }
    }
    for (table, key, before, after, stop) in writes {
        if let Some(row) = &after {
            let conflict = ground.unique_conflict(table, row);
            if let Some(index) = conflict.map_err(|error| sort(error, &stop))? {
                let name = &layouts.tables[table].sql_name;
                return Err(stop(format!(
                    "another row of '{name}' has its values in the unique index '{index}'"
                )));
            }
        }
        ground
            .put(table, key, before, after)
            .map_err(|error| sort(error, &stop))?;
    }
    Ok(())
}

/// A limit, or what cannot be tried, is words about the event; anything else is ours.
fn sort(error: Error, stop: &impl Fn(String) -> Obstacle) -> Obstacle {
    match error.kind {
        ErrorKind::Refused => stop(error.message),
        _ => Obstacle::Host(error),
    }
}

fn has_unique_index(layout: &TableLayout) -> bool {
    layout.indexes.iter().any(|index| index.unique)
}

fn key_of(layout: &TableLayout, change: &RowUndo) -> Result<Vec<Value>, String> {
    let part = |&at: &usize| {
        let column = &layout.columns[at];
        let value = { change.key.iter() }.find(|(name, _)| *name == column.name);
        match value {
            Some((_, value)) if fits(value, column) => Ok(value.clone()),
            _ => Err(format!("table {} has another primary key", change.table)),
        }
    };
    if layout.key.len() != change.key.len() {
        return Err(format!("table {} has another primary key", change.table));
    }
    layout.key.iter().map(part).collect()
}

/// The row as it was before the event that is undone; none where it was not there.
fn restored(
    layout: &TableLayout,
    change: &RowUndo,
    present: Option<&Row>,
    notes: &mut Vec<String>,
) -> Result<Option<Row>, String> {
    let column = |name: &str| {
        layout
            .column(name)
            .ok_or_else(|| format!("there is no column '{name}'"))
    };
    let differs = |name: &str, is: &Value, was: &Value| format!("'{name}' is {is}, not {was}");
    match (&change.what, present) {
        (Restoring::Columns(_) | Restoring::Inserted(_), None) => {
            Err("there is no such row".to_owned())
        }
        (Restoring::Deleted(_), Some(_)) => Err("there is such a row already".to_owned()),
        (Restoring::Inserted(columns), Some(row)) => {
            for (name, from) in columns {
                if let Some(at) = layout.column(name).filter(|&at| row[at] != *from) {
                    notes.push(differs(name, &row[at], from));
                }
            }
            Ok(None)
        }
        (Restoring::Columns(columns), Some(row)) => {
            let mut row = row.to_vec();
            for (name, from, to) in columns {
                let at = column(name)?;
                if row[at] != *from {
                    notes.push(differs(name, &row[at], from));
                }
                row[at] = to.clone();
            }
            checked(layout, row)
        }
        (Restoring::Deleted(columns), None) => {
            let missing = (0..layout.columns.len()).map(|at| layout.missing(at));
            let mut row: Vec<Value> = missing.collect();
            for (name, to) in columns {
                row[column(name)?] = to.clone();
            }
            checked(layout, row)
        }
    }
}

fn checked(layout: &TableLayout, row: Vec<Value>) -> Result<Option<Row>, String> {
    let mut columns = layout.columns.iter().zip(&row);
    match columns.find(|(column, value)| !fits(value, column)) {
        None => Ok(Some(row.into())),
        Some((column, value)) => Err(format!("column '{}' does not take {value}", column.name)),
    }
}

/// `[3]`: a key, for messages.
pub(super) fn shown(key: &[Value]) -> String {
    let parts: Vec<_> = key.iter().map(ToString::to_string).collect();
    format!("[{}]", parts.join(", "))
}
