//! What a `daybook.StateGiven` does to the state: the rows in its data are written, without any plugin, live and in every
//! replay, on whatever tables the lineup has.
//!
//! Tables that it does not have are left out, and columns too; new columns get their default. What the tables cannot take
//! makes the event one of doom, with words.

use super::event_state::EventState;
use super::own_writes::{Obstacle, OwnWrite, checked, in_force, shown, write};
use super::program::Program;
use crate::model::layout::find_table;
use crate::model::state_given::{GivenTable, parse};
use crate::model::{Event, HandlerError, PluginVersion, TableLayout, Value};

/// Writes the rows of an event.
pub(crate) fn give_state(
    event_state: &mut EventState,
    program: &Program,
    event: &Event,
) -> Result<(), (PluginVersion, HandlerError)> {
    collect_all(event_state, event)
        .and_then(|writes| write(event_state, writes))
        .map_err(|obstacle| {
            let (plugin, error) = obstacle.into_failure(event_state, "state-given");
            (blamed(program, &plugin), error)
        })
}

/// The version whose tables do not take the rows.
fn blamed(program: &Program, plugin: &str) -> PluginVersion {
    in_force(program, plugin).unwrap_or_else(|| {
        "state@0001-01-01"
            .parse()
            .expect("a version that stands for none")
    })
}

fn collect_all(event_state: &mut EventState, event: &Event) -> Result<Vec<OwnWrite>, Obstacle> {
    let tables = parse(&event.data).map_err(|words| Obstacle::table("", words))?;
    let mut writes = Vec::new();
    for given in &tables {
        collect(event_state, given, &mut writes)?;
    }
    Ok(writes)
}

/// What a table is given, in the form of the program's own table.
fn collect(
    event_state: &mut EventState,
    given: &GivenTable,
    writes: &mut Vec<OwnWrite>,
) -> Result<(), Obstacle> {
    let layouts = event_state.layouts.clone();
    let Ok((table, layout)) = find_table(&layouts.tables, &given.table) else {
        return Ok(());
    };
    let plugin = layout.plugin.as_str();
    let columns = places(layout, &given.columns);
    let lacks = |names: &[String]| {
        let mut key = layout.key.iter().map(|&at| &layout.columns[at].name);
        key.any(|name| !names.contains(name))
    };
    let has_rows = !given.put.is_empty();
    if (has_rows && lacks(&given.columns))
        || (!given.delete.is_empty() && (lacks(&given.key) || given.key.len() != layout.key.len()))
    {
        let words = format!(
            "table {} has another primary key than what is given",
            given.table
        );
        return Err(Obstacle::table(plugin, words));
    }
    let mut add = |event_state: &mut EventState, key: Vec<Value>, after| {
        let before = event_state
            .get(table, &key)
            .map_err(|error| Obstacle::of(error, plugin))?;
        writes.push(OwnWrite {
            table,
            key,
            before,
            after,
        });
        Ok(())
    };
    let key_at = places(layout, &given.key);
    for key in &given.delete {
        let part = |&at: &usize| {
            let given = key_at.iter().position(|place| *place == Some(at));
            given.map_or(Value::Null, |given| key[given].clone())
        };
        let key: Vec<Value> = layout.key.iter().map(part).collect();
        add(event_state, key, None)?;
    }
    for values in &given.put {
        let mut row = layout.blank();
        for (place, value) in columns.iter().zip(values) {
            if let Some(at) = place {
                row[*at] = value.clone();
            }
        }
        let key = layout.key_of(&row);
        let row = checked(layout, row).map_err(|words| {
            let words = format!("{}{}: {words}", given.table, shown(&key));
            Obstacle::table(plugin, words)
        })?;
        add(event_state, key, Some(row))?;
    }
    Ok(())
}

/// Where each named column is in the table, if it has it.
fn places(layout: &TableLayout, names: &[String]) -> Vec<Option<usize>> {
    names.iter().map(|name| layout.column(name)).collect()
}
