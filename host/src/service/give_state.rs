//! What a `daybook.StateGiven` does to the state: the rows in its data are written, without any plugin, live and in every
//! replay, on whatever tables the lineup has.
//!
//! Tables that it does not have are left out, and columns too; new columns get their default. What the tables cannot take
//! makes the event one of doom, with words.

use super::ground::Ground;
use super::guards::find_table;
use super::program::Program;
use super::take_back::shown;
use crate::model::layout::fits;
use crate::model::state_given::{GivenTable, parse};
use crate::model::{Error, ErrorKind, Event, HandlerError, PluginVersion, Row, TableLayout, Value};

/// Why rows cannot be written: words about a plugin's table, or a fault of the host.
enum Obstacle {
    Table(String),
    Host(Error),
}

/// A row to be written: where, what is there, what will be.
type Written = (usize, Vec<Value>, Option<Row>, Option<Row>);

/// Writes the rows of an event.
pub(super) fn give_state(
    ground: &mut Ground,
    program: &Program,
    event: &Event,
) -> Result<(), (PluginVersion, HandlerError)> {
    let fail = |plugin: &str, message: String| {
        let error = HandlerError::Failed {
            code: "state-given".to_owned(),
            message,
        };
        (blamed(program, plugin), error)
    };
    let tables = parse(&event.data).map_err(|words| fail("", words))?;
    let mut writes = Vec::new();
    for given in &tables {
        let plugin = given.table.split('.').next().unwrap_or_default();
        if let Err(obstacle) = collect(ground, program, given, &mut writes) {
            return Err(fail(plugin, told(ground, obstacle)));
        }
    }
    if let Err(obstacle) = write(ground, program, writes) {
        return Err(fail("", told(ground, obstacle)));
    }
    Ok(())
}

fn told(ground: &mut Ground, obstacle: Obstacle) -> String {
    match obstacle {
        Obstacle::Table(words) => words,
        Obstacle::Host(error) => {
            let message = error.message.clone();
            ground.fault = Some(error);
            message
        }
    }
}

/// The version whose tables do not take the rows.
fn blamed(program: &Program, plugin: &str) -> PluginVersion {
    let mut lineup = program.lineup.iter();
    lineup
        .find(|version| version.plugin.as_str() == plugin)
        .unwrap_or_else(|| {
            "state@0001-01-01"
                .parse()
                .expect("a version that stands for none")
        })
}

/// A limit, or what cannot be tried, is words about the event; anything else is ours.
fn sort(error: Error) -> Obstacle {
    match error.kind {
        ErrorKind::Refused => Obstacle::Table(error.message),
        _ => Obstacle::Host(error),
    }
}

/// What a table is given, in the form of the program's own table.
fn collect(
    ground: &mut Ground,
    program: &Program,
    given: &GivenTable,
    writes: &mut Vec<Written>,
) -> Result<(), Obstacle> {
    let layouts = &program.layouts;
    let Ok((table, layout)) = find_table(&layouts.tables, &given.table) else {
        return Ok(());
    };
    let columns = places(layout, &given.columns);
    let lacks = |names: &[String]| {
        let mut key = layout.key.iter().map(|&at| &layout.columns[at].name);
        key.any(|name| !names.contains(name))
    };
    let has_rows = !given.put.is_empty();
    if (has_rows && lacks(&given.columns))
        || (!given.delete.is_empty() && (lacks(&given.key) || given.key.len() != layout.key.len()))
    {
        return Err(Obstacle::Table(format!(
            "table {} has another primary key than what is given",
            given.table
        )));
    }
    let key_at = places(layout, &given.key);
    for key in &given.delete {
        let part = |&at: &usize| {
            let given = key_at.iter().position(|place| *place == Some(at));
            given.map_or(Value::Null, |given| key[given].clone())
        };
        let key: Vec<Value> = layout.key.iter().map(part).collect();
        let before = ground.get(table, &key).map_err(sort)?;
        writes.push((table, key, before, None));
    }
    for values in &given.put {
        let missing = (0..layout.columns.len()).map(|at| layout.missing(at));
        let mut row: Vec<Value> = missing.collect();
        for (place, value) in columns.iter().zip(values) {
            if let Some(at) = place {
                row[*at] = value.clone();
            }
        }
        let key = layout.key_of(&row);
        let mut pairs = layout.columns.iter().zip(&row);
        if let Some((column, value)) = pairs.find(|(column, value)| !fits(value, column)) {
            return Err(Obstacle::Table(format!(
                "{}{}: column '{}' does not take {value}",
                given.table,
                shown(&key),
                column.name
            )));
        }
        let before = ground.get(table, &key).map_err(sort)?;
        writes.push((table, key, before, Some(row.into())));
    }
    Ok(())
}

/// Where each named column is in the table, if it has it.
fn places(layout: &TableLayout, names: &[String]) -> Vec<Option<usize>> {
    names.iter().map(|name| layout.column(name)).collect()
}

fn write(ground: &mut Ground, program: &Program, writes: Vec<Written>) -> Result<(), Obstacle> {
    let layouts = &program.layouts;
    let is_unique = |table: usize| {
        layouts.tables[table]
            .indexes
            .iter()
            .any(|index| index.unique)
    };
    // A unique index must not meet a value twice on the way: first every row goes, then they come.
    for (table, key, before, _) in &writes {
        if before.is_some() && is_unique(*table) {
            ground
                .put(*table, key.clone(), before.clone(), None)
                .map_err(sort)?;
        }
    }
    for (table, key, before, after) in writes {
        if let Some(row) = after.as_ref().filter(|_| is_unique(table))
            && let Some(index) = ground.unique_conflict(table, row).map_err(sort)?
        {
            return Err(Obstacle::Table(format!(
                "{}{}: another row has its values in the unique index '{index}'",
                layouts.tables[table].sql_name,
                shown(&key)
            )));
        }
        ground.put(table, key, before, after).map_err(sort)?;
    }
    Ok(())
}
