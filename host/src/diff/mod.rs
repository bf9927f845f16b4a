//! Two lineups over the same events: what differs, why, and what it cost. Knows neither disk nor engine: it is given
//! two sides that can run an event, and a sink that takes what was found.

mod causes;
mod compare;
mod engine;
pub mod expectation;
mod final_rows;
pub mod html;
pub mod jsonl;
#[cfg(test)]
mod samples;
mod tally;
pub mod text;
pub mod words;

use std::collections::BTreeMap;

pub use causes::Causes;
pub use compare::{LayoutDifference, Step, differences};
pub use engine::{Base, Beside, Lane, Prober, Side, compare_events, compare_states, conclude, run};
pub use expectation::{About, Approval, Approved, Expectations};
pub use tally::{Example, Tally, TallyLine};
pub use words::first_words;

use crate::model::{ColumnFormat, Formats, Result, Seq, Task, TypeName, Value};

/// What one event's effects differ in.
#[derive(Debug, Clone, PartialEq)]
pub struct EventDiff {
    pub seq: Seq,
    pub event_type: TypeName,
    pub subject: Option<String>,
    pub time: String,
    /// Of the event as a whole.
    pub cause: Cause,
    /// Never empty.
    pub differences: Vec<Difference>,
    /// Of each of them: at an event whose logic changed, some may come from earlier state all the same.
    pub causes: Vec<Cause>,
}

/// Why an event's effects differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// The candidate also differs when it runs on the base's state: this event's logic changed.
    Direct,
    /// It does not: the difference comes from earlier state.
    Inherited,
}

impl Cause {
    pub fn as_str(self) -> &'static str {
        match self {
            Cause::Direct => "direct",
            Cause::Inherited => "inherited",
        }
    }
}

/// One thing that differs. `None` on a side: it has no such row, column, task or doom.
#[derive(Debug, Clone, PartialEq)]
pub enum Difference {
    /// Both change this row and leave different values in a column (or, `before`, met different ones and left the same).
    Column {
        /// `plugin.table`
        table: String,
        key: Vec<Value>,
        column: String,
        /// What its values mean, where both sides say the same.
        format: Option<ColumnFormat>,
        base: Option<Value>,
        candidate: Option<Value>,
        before: bool,
    },
    /// Only one of them changes this row, or they change it in different ways (`insert`, `update`, `delete`).
    Row {
        table: String,
        key: Vec<Value>,
        base: Option<&'static str>,
        candidate: Option<&'static str>,
    },
    /// A task, by its place among the event's tasks.
    Task {
        ordinal: usize,
        base: Option<Task>,
        candidate: Option<Task>,
    },
    /// One of them cannot materialize the event, or they fail in different ways.
    Doom {
        base: Option<String>,
        candidate: Option<String>,
    },
}

/// A row of the final state that is not the same under both.
#[derive(Debug, Clone, PartialEq)]
pub struct FinalRow {
    /// `plugin.table`
    pub table: String,
    pub key: Vec<Value>,
    pub kind: FinalKind,
    /// What values mean, where both sides say the same.
    pub formats: Formats,
}

#[derive(Debug, Clone, PartialEq)]
pub enum FinalKind {
    /// Only the candidate has it: column and value.
    Added(Vec<(String, Value)>),
    /// Only the base has it.
    Removed(Vec<(String, Value)>),
    /// Column, base, candidate.
    Changed(Vec<(String, Option<Value>, Option<Value>)>),
}

/// Work one side did.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cost {
    pub fuel: u64,
    pub host_calls: u64,
    pub rows_read: u64,
    pub rows_written: u64,
    /// Seconds spent materializing, on that side's own thread.
    pub seconds: f64,
    /// The most fuel that one event of a type took.
    pub dearest: BTreeMap<TypeName, u64>,
}

impl Cost {
    /// An event of a type took so much.
    pub fn note(&mut self, event_type: &TypeName, fuel: u64) {
        match self.dearest.get_mut(event_type) {
            Some(most) => *most = fuel.max(*most),
            None => drop(self.dearest.insert(event_type.clone(), fuel)),
        }
    }
}

impl std::ops::AddAssign for Cost {
    fn add_assign(&mut self, other: Cost) {
        self.fuel += other.fuel;
        self.host_calls += other.host_calls;
        self.rows_read += other.rows_read;
        self.rows_written += other.rows_written;
        self.seconds += other.seconds;
        for (event_type, fuel) in &other.dearest {
            self.note(event_type, *fuel);
        }
    }
}

/// Number of differing events by cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Split {
    pub direct: u64,
    pub inherited: u64,
}

impl Split {
    pub fn add(&mut self, cause: Cause) {
        match cause {
            Cause::Direct => self.direct += 1,
            Cause::Inherited => self.inherited += 1,
        }
    }

    pub fn total(&self) -> u64 {
        self.direct + self.inherited
    }
}

/// Final rows of one table that differ.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FinalCount {
    pub added: u64,
    pub removed: u64,
    pub changed: u64,
    /// Of the changed rows: how many differ in each column.
    pub columns: BTreeMap<String, u64>,
}

/// The whole comparison in numbers. Its size does not grow with the log.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Summary {
    /// What was compared, as the user named it: `bank@1993-01-01`, `recorded`.
    pub base: String,
    pub candidate: String,
    pub from: Seq,
    pub to: Seq,
    /// Events run by both.
    pub events: u64,
    pub differing: Split,
    /// Columns that only one side has: where rows have their default, only the layout differs.
    pub layout: Vec<LayoutDifference>,
    /// The first event with a difference that nobody expected; where all are expected, the first that differs.
    pub first: Option<EventDiff>,
    pub by_type: BTreeMap<String, Split>,
    /// By (`plugin.table`, column), each by the causes of its own differences.
    pub by_column: BTreeMap<(String, String), Split>,
    /// Rows that only one of them changes, by table; likewise.
    pub by_row: BTreeMap<String, Split>,
    /// Tasks that only the candidate asks for, only the base asks for, and that differ; by kind.
    pub tasks: BTreeMap<String, TaskCount>,
    /// Events that the base, the candidate, could not materialize.
    pub dooms: (u64, u64),
    /// By `plugin.table`; only tables with differing rows.
    pub final_rows: BTreeMap<String, FinalCount>,
    pub cost: (Cost, Cost),
    /// Differences (of events and of final rows) that no expectation names.
    pub unexpected: u64,
    /// Differences that expectations ask for and that did not appear.
    pub missing: u64,
    pub expectations: Vec<ExpectationUse>,
    /// Wall-clock seconds of the whole comparison.
    pub seconds: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TaskCount {
    pub appear: u64,
    pub vanish: u64,
    pub change: u64,
}

impl Summary {
    /// True where everything that differs is named, and everything that had to differ does.
    pub fn is_as_expected(&self) -> bool {
        self.unexpected == 0 && self.missing == 0
    }
}

/// How often an expectation was met; one that never was is worth a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectationUse {
    pub reason: String,
    /// What it names, in a few words.
    pub what: String,
    pub met: u64,
    /// How often it had to be met, where it says so.
    pub count: Option<u64>,
    /// How much of that did not appear.
    pub missing: u64,
}

impl ExpectationUse {
    /// False: it was approved, and nobody has written yet why.
    pub fn is_explained(&self) -> bool {
        self.reason != expectation::UNEXPLAINED
    }
}

/// Takes what is found, in the order of the log, then the final rows, then the summary.
pub trait Sink {
    /// `unexpected[i]` tells of `diff.differences[i]`.
    fn event(&mut self, diff: &EventDiff, unexpected: &[bool]) -> Result<()>;
    fn final_row(&mut self, row: &FinalRow, unexpected: bool) -> Result<()>;
    fn finish(&mut self, summary: &Summary) -> Result<()>;
}

/// A sink for whoever wants to know something else than the differences: whether there is a problem, or how long it takes.
pub struct Unheard;

impl Sink for Unheard {
    fn event(&mut self, _: &EventDiff, _: &[bool]) -> Result<()> {
        Ok(())
    }
    fn final_row(&mut self, _: &FinalRow, _: bool) -> Result<()> {
        Ok(())
    }
    fn finish(&mut self, _: &Summary) -> Result<()> {
        Ok(())
    }
}
