//! What two versions of a plugin both declare.

use std::fmt::Debug;

use serde_json::Value;

use crate::contract::manifest::{Manifest, Table};
use crate::plugin::Plugin;

/// The names of the tables, events and commands that both versions declare, in the order of `New`. A version repeats the
/// types that it touches, and must repeat them as they are.
///
/// # Panics
///
/// Panics where a type is declared otherwise. It may be described in other words; and a table may have more columns than before:
/// ones with a default, or that may be null.
pub fn declared_alike<New: Plugin, Old: Plugin>() -> Vec<String> {
    let (new, old) = (New::manifest(), Old::manifest());
    let mut names = Vec::new();
    for table in &new.tables {
        if let Some(before) = old.tables.iter().find(|before| before.name == table.name) {
            let after = without_new_columns(table, before);
            check(New::VERSION, &table.name, &after, before);
            names.push(table.name.clone());
        }
    }
    let (before, after) = (schemas(&old), schemas(&new));
    for (name, schema) in after {
        if let Some((_, before)) = before.iter().find(|(before, _)| *before == name) {
            check(New::VERSION, name, &schema, before);
            names.push(name.to_owned());
        }
    }
    names
}

fn check<T: PartialEq + Debug>(version: &str, name: &str, after: &T, before: &T) {
    assert!(
        after == before,
        "version {version} declares {name} otherwise: {after:#?}\nbefore: {before:#?}"
    );
}

fn without_new_columns(table: &Table, before: &Table) -> Table {
    let mut table = table.clone();
    table.columns.retain(|column| {
        let is_known = before.columns.iter().any(|known| known.name == column.name);
        is_known || !(column.nullable || column.default_value.is_some())
    });
    table
}

/// The payloads of events and commands, without the words about them.
fn schemas(manifest: &Manifest) -> Vec<(&str, Value)> {
    let events = { manifest.events.iter() }.map(|event| (&event.name, &event.schema));
    let commands = { manifest.commands.iter() }.map(|command| (&command.name, &command.schema));
    { events.chain(commands) }
        .map(|(name, schema)| {
            let mut schema: Value = serde_json::from_str(schema).expect("a schema is JSON");
            be_silent(&mut schema);
            (name.as_str(), schema)
        })
        .collect()
}

/// Takes out of a schema what it says to people. A property may be called `description` too, but is no text.
fn be_silent(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.retain(|name, value| name != "description" || !value.is_string());
            members.values_mut().for_each(be_silent);
        }
        Value::Array(items) => items.iter_mut().for_each(be_silent),
        _ => {}
    }
}
