//! One entry of an expectation file, and what it names.

use crate::diff::{Cause, Difference};
use crate::model::{Seq, TypeName};

/// One expectation: what it names, where, and how often.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub reason: String,
    pub table: Option<TableExpectation>,
    pub task: Option<String>,
    pub doom: bool,
    /// Full type.
    pub event: Option<String>,
    pub cause: Option<Cause>,
    pub from: u64,
    pub to: u64,
    pub count_max: u64,
    /// Differences it took so far; no more than `count_max`.
    pub met: u64,
}

/// The part of an entry that is about a table.
#[derive(Debug, Clone, PartialEq)]
pub struct TableExpectation {
    /// `plugin.table`
    pub name: String,
    /// None: any column.
    pub columns: Option<Vec<String>>,
    pub row: bool,
}

/// The event whose differences are looked at, as far as an entry can ask for it.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    pub seq: Seq,
    pub event_type: &'a TypeName,
    /// None where nobody looked for it: then no entry that names one takes a difference.
    pub cause: Option<Cause>,
}

impl Entry {
    /// The narrowing: is the entry about this event?
    pub fn is_about(&self, event: About<'_>) -> bool {
        (self.from..=self.to).contains(&event.seq.0)
            && (self.cause.is_none() || self.cause == event.cause)
            && self
                .event
                .as_deref()
                .is_none_or(|named| named == event.event_type.as_str())
    }

    /// Does the entry name this, wherever it is?
    pub fn names(&self, aspect: Aspect<'_>) -> bool {
        let in_table = |name: &str| self.table.as_ref().filter(|table| table.name == name);
        match aspect {
            Aspect::Column { table, column } => {
                in_table(table).is_some_and(|table| table.has_column(column))
            }
            Aspect::Row { table } => in_table(table).is_some_and(|table| table.row),
            Aspect::Task { kind } => self.task.as_deref() == Some(kind),
            Aspect::Doom => self.doom,
        }
    }
}

/// What an entry can name.
#[derive(Clone, Copy)]
pub enum Aspect<'a> {
    Column { table: &'a str, column: &'a str },
    Row { table: &'a str },
    Task { kind: &'a str },
    Doom,
}

/// What must be named for a difference to be expected: one thing, or both kinds of a task that is of another kind.
pub fn aspects(difference: &Difference) -> impl Iterator<Item = Aspect<'_>> {
    let (first, second) = match difference {
        Difference::Column { table, column, .. } => (Some(Aspect::Column { table, column }), None),
        Difference::Row { table, .. } => (Some(Aspect::Row { table }), None),
        Difference::Task {
            base: Some(base),
            candidate: Some(candidate),
            ..
        } => (
            Some(Aspect::Task { kind: &base.kind }),
            Some(Aspect::Task {
                kind: &candidate.kind,
            })
            .filter(|_| base.kind != candidate.kind),
        ),
        Difference::Task {
            base, candidate, ..
        } => (
            base.as_ref()
                .or(candidate.as_ref())
                .map(|task| Aspect::Task { kind: &task.kind }),
            None,
        ),
        Difference::Doom { .. } => (Some(Aspect::Doom), None),
    };
    first.into_iter().chain(second)
}

impl TableExpectation {
    fn has_column(&self, column: &str) -> bool {
        self.columns
            .as_ref()
            .is_none_or(|columns| columns.iter().any(|named| named == column))
    }
}
