//! One entry of an expectation file, and what it names.

use crate::diff::{Cause, Difference, FinalKind, FinalRow};
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
    /// Exactly so many differences; fewer did not appear, and more are unexpected.
    pub count: Option<u64>,
    /// `count` where that is given.
    pub count_max: u64,
    /// Differences it took so far; no more than `count_max`.
    pub met: u64,
    /// Final rows that it named, in part or wholly.
    pub final_rows: u64,
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
    /// Differences that it asks for and that did not appear. Where every entry must be met, one that named nothing at all
    /// lacks at least one.
    pub fn missing(&self, every_one_is_met: bool) -> u64 {
        let least = self.count.unwrap_or(0);
        match self.met == 0 && self.final_rows == 0 && every_one_is_met {
            true => least.max(1),
            false => least.saturating_sub(self.met),
        }
    }

    /// What it names, in a few words: `bank.account.interest at bank.TransactionPosted`.
    pub fn words(&self) -> String {
        let mut named: Vec<String> = Vec::new();
        if let Some(table) = &self.table {
            let name = &table.name;
            match table.columns.as_deref() {
                None => named.push(format!("{name}, any column")),
                Some([]) => {}
                Some(columns) => named.push(format!("{name}.{}", columns.join(", "))),
            }
            if table.row {
                named.push(format!("rows of {name}"));
            }
        }
        named.extend(self.task.iter().map(|kind| format!("task {kind}")));
        named.extend(self.doom.then(|| "events of doom".to_owned()));
        match &self.event {
            Some(event) => format!("{} at {event}", named.join(", ")),
            None => named.join(", "),
        }
    }

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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

/// What must be named for a final row to be expected.
pub fn final_aspects(row: &FinalRow) -> Vec<Aspect<'_>> {
    let table = row.table.as_str();
    match &row.kind {
        FinalKind::Added(_) | FinalKind::Removed(_) => vec![Aspect::Row { table }],
        FinalKind::Changed(columns) => { columns.iter() }
            .map(|(column, ..)| Aspect::Column { table, column })
            .collect(),
    }
}

impl TableExpectation {
    fn has_column(&self, column: &str) -> bool {
        self.columns
            .as_ref()
            .is_none_or(|columns| columns.iter().any(|named| named == column))
    }
}
