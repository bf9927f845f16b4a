//! Rows that the host writes itself for one of its own events, without any plugin: what an undo puts back, and what a log
//! was given. What the tables of a lineup cannot take makes the event one of doom, with words.

use super::event_state::EventState;
use super::program::Program;
use crate::model::layout::fits;
use crate::model::{Error, ErrorKind, HandlerError, PluginVersion, Row, TableLayout, Value};

/// Why rows cannot be written: the plugin whose table it is about, and what is wrong; or a fault of the host.
pub(crate) enum Obstacle {
    Table { plugin: String, words: String },
    Host(Error),
}

impl Obstacle {
    pub fn table(plugin: &str, words: String) -> Obstacle {
        Obstacle::Table {
            plugin: plugin.to_owned(),
            words,
        }
    }

    /// A limit, or what cannot be tried, is words about the event; anything else is ours.
    pub fn of(error: Error, plugin: &str) -> Obstacle {
        match error.kind {
            ErrorKind::Refused => Obstacle::table(plugin, error.message),
            _ => Obstacle::Host(error),
        }
    }

    /// The plugin it is about, if any, and the failure of the event. A fault of the host stays with the event's state.
    pub fn into_failure(self, event_state: &mut EventState, code: &str) -> (String, HandlerError) {
        let (plugin, message) = match self {
            Obstacle::Table { plugin, words } => (plugin, words),
            Obstacle::Host(error) => {
                let message = error.message.clone();
                event_state.fault = Some(error);
                (String::new(), message)
            }
        };
        (plugin, HandlerError::failed(code, message))
    }
}

/// The version of a plugin that is in force.
pub(crate) fn in_force(program: &Program, plugin: &str) -> Option<PluginVersion> {
    { program.lineup.iter() }.find(|version| version.plugin.as_str() == plugin)
}

/// A row to be written.
pub(crate) struct OwnWrite {
    /// Position of the table in the layouts.
    pub table: usize,
    pub key: Vec<Value>,
    pub before: Option<Row>,
    pub after: Option<Row>,
}

/// Writes rows, each of them once. A unique index must not meet a value twice on the way: first every row goes, then they come.
pub(crate) fn write(event_state: &mut EventState, writes: Vec<OwnWrite>) -> Result<(), Obstacle> {
    let layouts = event_state.layouts.clone();
    let plugin = |table: usize| layouts.tables[table].plugin.as_str();
    for write in &writes {
        if write.before.is_some() && layouts.tables[write.table].has_unique_index() {
            event_state
                .put(write.table, write.key.clone(), write.before.clone(), None)
                .map_err(|error| Obstacle::of(error, plugin(write.table)))?;
        }
    }
    for write in writes {
        let stop = |error| Obstacle::of(error, plugin(write.table));
        if let Some(row) = &write.after
            && let Some(index) = event_state
                .unique_conflict(write.table, row)
                .map_err(stop)?
        {
            let words = format!(
                "{}{}: another row has its values in the unique index '{index}'",
                layouts.tables[write.table].name(),
                shown(&write.key)
            );
            return Err(Obstacle::table(plugin(write.table), words));
        }
        event_state
            .put(write.table, write.key, write.before, write.after)
            .map_err(stop)?;
    }
    Ok(())
}

/// A row that its table takes; else which column does not.
pub(crate) fn checked(layout: &TableLayout, row: Vec<Value>) -> Result<Row, String> {
    let mut columns = layout.columns.iter().zip(&row);
    match columns.find(|(column, value)| !fits(value, column)) {
        None => Ok(row.into()),
        Some((column, value)) => Err(format!("column '{}' does not take {value}", column.name)),
    }
}

/// `[3]`: a key, for messages.
pub(crate) fn shown(key: &[Value]) -> String {
    let parts: Vec<_> = key.iter().map(ToString::to_string).collect();
    format!("[{}]", parts.join(", "))
}
