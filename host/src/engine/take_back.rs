//! What a `daybook.EventUndone` does to the state: it takes back what the undone event changed here, in this very replay,
//! without any plugin. What the tables of a lineup cannot take makes it an event of doom, with words.

use super::event_state::EventState;
use super::own_writes::{Obstacle, OwnWrite, checked, in_force, shown, write};
use super::program::Program;
use crate::model::layout::find_table;
use crate::model::layout::fits;
use crate::model::undo::{Restoring, RowUndo, changes_of, undone_of};
use crate::model::{
    Error, Event, HandlerError, Level, LogLine, PluginVersion, Row, TableLayout, Value,
};

/// Writes the rows as they were before the event that is undone. Where others changed the columns concerned since, they are
/// set all the same, and the log says so. An undo of an earlier daybook has the rows in its payload.
pub(crate) fn take_back(
    event_state: &mut EventState,
    program: &Program,
    event: &Event,
) -> Result<(), (PluginVersion, HandlerError)> {
    let known = match undone_of(&event.data) {
        Some(undone) => event_state.undone.get(&undone).cloned().ok_or_else(|| {
            let words = format!("what event {undone} changed is not known where it is undone");
            Obstacle::Host(Error::internal(words))
        }),
        None => changes_of(&event.data)
            .ok_or_else(|| Obstacle::table("", "its changes cannot be read".to_owned())),
    };
    let written = known.and_then(|changes| apply(event_state, &changes));
    written.map_err(|obstacle| {
        let (plugin, error) = obstacle.into_failure(event_state, "undo");
        (blamed(program, &plugin, event), error)
    })
}

/// The version whose tables do not take the undo: the lineup's, else that of the event which was undone.
fn blamed(program: &Program, plugin: &str, event: &Event) -> PluginVersion {
    let told = || {
        let data: serde_json::Value = serde_json::from_str(&event.data).ok()?;
        data.get("version")?.as_str()?.parse().ok()
    };
    in_force(program, plugin).or_else(told).unwrap_or_else(|| {
        "undo@0001-01-01"
            .parse()
            .expect("a version that stands for none")
    })
}

fn apply(event_state: &mut EventState, changes: &[RowUndo]) -> Result<(), Obstacle> {
    let layouts = event_state.layouts.clone();
    let mut writes = Vec::with_capacity(changes.len());
    for change in changes {
        let plugin = change.table.split('.').next().unwrap_or_default();
        let stop = |words: String| Obstacle::table(plugin, words);
        let Ok((table, layout)) = find_table(&layouts.tables, &change.table) else {
            return Err(stop(format!("there is no table {}", change.table)));
        };
        let key = key_of(layout, change).map_err(stop)?;
        let before = event_state
            .get(table, &key)
            .map_err(|error| Obstacle::of(error, plugin))?;
        let mut notes = Vec::new();
        let after = restored(layout, change, before.as_ref(), &mut notes)
            .map_err(|words| stop(format!("{}{}: {words}", change.table, shown(&key))))?;
        for note in notes {
            event_state.add_log(LogLine {
                by: None,
                level: Level::Warn,
                message: format!("{}{}: {note}", change.table, shown(&key)),
            });
        }
        writes.push(OwnWrite {
            table,
            key,
            before,
            after,
        });
    }
    write(event_state, writes)
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
            checked(layout, row).map(Some)
        }
        (Restoring::Deleted(columns), None) => {
            let mut row = layout.blank();
            for (name, to) in columns {
                row[column(name)?] = to.clone();
            }
            checked(layout, row).map(Some)
        }
    }
}
