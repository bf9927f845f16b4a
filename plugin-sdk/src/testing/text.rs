//! What came out and what was expected, as text close to JSON, for failing tests.

use crate::contract::types::{NewEvent, Row, Task};
use crate::show;

/// `account {"id": 1, "balance": 5}`
pub(crate) fn row(table: &str, columns: &[&str], row: &Row) -> String {
    let fields = columns.iter().zip(row);
    let fields = fields.map(|(name, value)| format!("\"{name}\": {}", show::value(value)));
    format!("{table} {{{}}}", fields.collect::<Vec<_>>().join(", "))
}

/// `bank.Withdrawn {"account":1,"amount":5} about account/1`
pub(crate) fn event(event: &NewEvent) -> String {
    let subject = event
        .subject
        .as_ref()
        .map_or_else(String::new, |text| format!(" about {text}"));
    format!("{} {}{subject}", event.event_type, event.data)
}

/// `mail {"to":"ann"} with key 17, not before 2024-01-01T00:00:00Z`
pub(crate) fn task(task: &Task) -> String {
    let key = task
        .key
        .as_ref()
        .map_or_else(String::new, |key| format!(" with key {key}"));
    let not_before = task.not_before.as_ref();
    let not_before = not_before.map_or_else(String::new, |time| format!(", not before {time}"));
    format!("{} {}{key}{not_before}", task.kind, task.data)
}

/// Lines of a list, marked where the two lists differ: `-` expected only, `+` got only.
pub(crate) fn difference(expected: &[String], got: &[String]) -> String {
    let mut lines = Vec::new();
    let mut rest = got;
    for line in expected {
        match rest.iter().position(|other| other == line) {
            Some(position) => {
                lines.extend(rest[..position].iter().map(|other| format!("  + {other}")));
                lines.push(format!("    {line}"));
                rest = &rest[position + 1..];
            }
            None => lines.push(format!("  - {line}")),
        }
    }
    lines.extend(rest.iter().map(|other| format!("  + {other}")));
    lines.join("\n")
}
