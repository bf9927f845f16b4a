//! What must have come of a scenario's last step.

use super::{Outcome, Scenario, full_name};
use crate::contract::types as raw;
use crate::contract::types::{Level, Row, Search};
use crate::event::NewEvent;
use crate::key::IntoKey;
use crate::plugin::Plugin;
use crate::table::Table;
use crate::task::NewTask;
use crate::testing::state::TableState;
use crate::testing::text;

/// Checks of what the last step came to.
impl<P: Plugin> Scenario<P> {
    /// The command was accepted with exactly these events, in this order.
    #[track_caller]
    pub fn then_events(self, events: impl IntoIterator<Item = NewEvent>) -> Self {
        let expected = events.into_iter().map(|event| event.into_raw(P::NAME));
        let expected = expected.collect::<Vec<_>>();
        match &self.outcome {
            Outcome::Events(events) if same_events(events, &expected) => {}
            Outcome::Events(events) => {
                let [expected, got] =
                    [&expected, events].map(|e| e.iter().map(text::event).collect());
                self.differ("events", expected, got);
            }
            _ => self.ended_otherwise("events"),
        }
        self
    }

    /// The command was refused with this code.
    #[track_caller]
    pub fn then_rejected(self, code: &str) -> Self {
        match &self.outcome {
            Outcome::Rejected(rejection) if rejection.code == code => self,
            _ => self.ended_otherwise(&format!("rejection `{code}`")),
        }
    }

    /// The event or command failed with this code.
    #[track_caller]
    pub fn then_failed(self, code: &str) -> Self {
        match &self.outcome {
            Outcome::Failed(failure) if failure.code == code => self,
            _ => self.ended_otherwise(&format!("failure `{code}`")),
        }
    }

    /// The last step asked for exactly these tasks, in this order:
    /// `.then_tasks([Mail { .. }.into(), Mail { .. }.with_key("17")])`.
    #[track_caller]
    pub fn then_tasks(self, tasks: impl IntoIterator<Item = NewTask>) -> Self {
        let expected = tasks.into_iter().map(|task| task.raw).collect::<Vec<_>>();
        let got = self.session.tasks.borrow().clone();
        if !same_tasks(&got, &expected) {
            let [expected, got] =
                [expected, got].map(|tasks| tasks.iter().map(text::task).collect());
            self.differ("tasks", expected, got);
        }
        self
    }

    /// The last step asked for no task.
    #[track_caller]
    pub fn then_no_tasks(self) -> Self {
        self.then_tasks([])
    }

    /// The last step wrote this line to the plugin's log.
    #[track_caller]
    pub fn then_logged(self, message: &str) -> Self {
        let log = self.session.log.borrow().clone();
        if !log.iter().any(|(_, line)| line == message) {
            let got = log
                .iter()
                .map(|(level, line)| log_line(*level, line))
                .collect();
            self.differ("log", vec![message.to_owned()], got);
        }
        self
    }

    /// The table has this row.
    #[track_caller]
    pub fn then_row<T: Table>(self, row: T) -> Self {
        let expected = row.into_row();
        let key = T::KEY_COLUMNS
            .iter()
            .map(|&column| expected[column].clone())
            .collect::<Vec<_>>();
        let got = self.read::<T>(&key);
        if got.as_ref() != Some(&expected) {
            let line = |row: &Row| text::row(T::REFERENCE, T::COLUMNS, row);
            self.differ("row", vec![line(&expected)], got.iter().map(line).collect());
        }
        self
    }

    /// The table has no row with this key.
    #[track_caller]
    pub fn then_no_row<T: Table>(self, key: impl IntoKey<T::Key>) -> Self {
        if let Some(row) = self.read::<T>(&key.into_key()) {
            let got = text::row(T::REFERENCE, T::COLUMNS, &row);
            self.differ("rows with this key", Vec::new(), vec![got]);
        }
        self
    }

    /// The table has exactly these rows, in the order of the key.
    #[track_caller]
    pub fn then_rows<T: Table>(self, rows: impl IntoIterator<Item = T>) -> Self {
        let expected = rows.into_iter().map(T::into_row).collect::<Vec<_>>();
        let got = self.read_all::<T>();
        if got != expected {
            let lines = |rows: Vec<Row>| -> Vec<String> {
                rows.iter()
                    .map(|row| text::row(T::REFERENCE, T::COLUMNS, row))
                    .collect()
            };
            self.differ("rows", lines(expected), lines(got));
        }
        self
    }

    /// The row with this key, for checks of one's own.
    ///
    /// # Panics
    /// Where a kept value does not fit the column's type.
    #[track_caller]
    pub fn row<T: Table>(&self, key: impl IntoKey<T::Key>) -> Option<T> {
        self.read::<T>(&key.into_key()).map(expect_row)
    }

    /// All rows of a table in the order of the key, for checks of one's own.
    ///
    /// # Panics
    /// Where a kept value does not fit the column's type.
    #[track_caller]
    pub fn rows<T: Table>(&self) -> Vec<T> {
        self.read_all::<T>().into_iter().map(expect_row).collect()
    }

    fn read<T: Table>(&self, key: &[raw::Value]) -> Option<Row> {
        let tables = self.session.tables.borrow();
        let state = tables.get(&full_name::<P, T>())?;
        state.get(key).map(|row| narrowed::<T>(state, row))
    }

    fn read_all<T: Table>(&self) -> Vec<Row> {
        let tables = self.session.tables.borrow();
        let Some(state) = tables.get(&full_name::<P, T>()) else {
            return Vec::new();
        };
        state
            .find(&Search::default())
            .rows
            .iter()
            .map(|row| narrowed::<T>(state, row))
            .collect()
    }

    #[track_caller]
    fn differ(&self, what: &str, expected: Vec<String>, got: Vec<String>) -> ! {
        let ending = match &self.outcome {
            Outcome::Events(_) => String::new(),
            _ => format!(", which {}", self.ending()),
        };
        panic!(
            "other {what} than expected after {}{ending}\n(- expected, + got)\n{}",
            self.last_step,
            text::difference(&expected, &got)
        )
    }

    #[track_caller]
    fn ended_otherwise(&self, expected: &str) -> ! {
        panic!(
            "expected {expected} of {}\nbut it {}",
            self.last_step,
            self.ending()
        )
    }

    fn ending(&self) -> String {
        match &self.outcome {
            Outcome::Rejected(rejection) => format!("was rejected: {rejection}"),
            Outcome::Failed(failure) => format!("failed: {failure}"),
            Outcome::Events(events) if events.is_empty() => {
                "was accepted without events".to_owned()
            }
            Outcome::Events(events) => {
                let lines = events
                    .iter()
                    .map(|event| format!("\n    {}", text::event(event)));
                format!("was accepted with events{}", lines.collect::<String>())
            }
        }
    }
}

#[track_caller]
fn expect_row<T: Table>(row: Row) -> T {
    T::from_row(row).unwrap_or_else(|failure| panic!("{failure}"))
}

/// The table's row in the columns of `T`.
fn narrowed<T: Table>(state: &TableState, row: &Row) -> Row {
    let columns = &state.definition().columns;
    let value = |name: &&str| {
        let position = columns.iter().position(|column| column.name == *name);
        row[position.unwrap_or_else(|| panic!("{} has no column {name}", T::REFERENCE))].clone()
    };
    T::COLUMNS.iter().map(value).collect()
}

fn log_line(level: Level, line: &str) -> String {
    format!("{level:?}: {line}")
        .to_lowercase()
        .replacen(&line.to_lowercase(), line, 1)
}

/// JSON texts are equal when they say the same, however they are spaced.
fn same_json(a: &str, b: &str) -> bool {
    let parse = serde_json::from_str::<serde_json::Value>;
    matches!((parse(a), parse(b)), (Ok(a), Ok(b)) if a == b)
}

fn same_events(a: &[raw::NewEvent], b: &[raw::NewEvent]) -> bool {
    a.len() == b.len()
        && a.iter().zip(b).all(|(a, b)| {
            (&a.event_type, &a.subject) == (&b.event_type, &b.subject)
                && same_json(&a.data, &b.data)
        })
}

fn same_tasks(a: &[raw::Task], b: &[raw::Task]) -> bool {
    a.len() == b.len()
        && a.iter().zip(b).all(|(a, b)| {
            (&a.kind, &a.key, &a.not_before) == (&b.kind, &b.key, &b.not_before)
                && same_json(&a.data, &b.data)
        })
}
