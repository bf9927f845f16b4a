//! Owns a diff's findings, collected for a test to look at.

use daybook::book::Book;
use daybook::diff::{Cause, Difference, EventDiff, Expectations, FinalRow, Sink, Summary};
use daybook::history;
use daybook::model::{Error, Seq};
use daybook::study::{DiffRequest, Picked};

/// Everything a diff told.
#[derive(Debug, Default)]
pub struct Collected {
    /// Differing events, in the log's order.
    pub events: Vec<EventDiff>,
    /// Final rows that differ.
    pub final_rows: Vec<FinalRow>,
}

impl Sink for Collected {
    fn event(&mut self, diff: &EventDiff, _: &[bool]) -> Result<(), Error> {
        self.events.push(diff.clone());
        Ok(())
    }

    fn final_row(&mut self, row: &FinalRow, _: bool) -> Result<(), Error> {
        self.final_rows.push(row.clone());
        Ok(())
    }

    fn finish(&mut self, _: &Summary) -> Result<(), Error> {
        Ok(())
    }
}

impl Collected {
    /// Positions of the events that differ for a cause.
    pub fn seqs(&self, cause: Cause) -> Vec<Seq> {
        self.events
            .iter()
            .filter(|event| event.cause == cause)
            .map(|event| event.seq)
            .collect()
    }

    /// Every (table, column) that differs at some event. Panics where something else than a column differs.
    pub fn columns(&self) -> Vec<(String, String)> {
        let differences = self.events.iter().flat_map(|event| &event.differences);
        let mut columns: Vec<_> = differences
            .map(|difference| match difference {
                Difference::Column { table, column, .. } => (table.clone(), column.clone()),
                other => panic!("not a column: {other:?}"),
            })
            .collect();
        columns.sort();
        columns.dedup();
        columns
    }
}

/// Diffs two versions of one plugin over the whole log.
pub fn diff(
    book: &mut Book,
    base: &str,
    candidate: &str,
    expectations: &mut Expectations,
) -> (Summary, Collected) {
    let pinned = |version: &str| Picked::Pinned(vec![crate::version(version)]);
    let request = DiffRequest {
        base: pinned(base),
        candidate: pinned(candidate),
        from: None,
        to: None,
    };
    let mut found = Collected::default();
    let summary = book
        .study()
        .diff(&request, expectations, &mut found, &mut history::silent())
        .unwrap_or_else(|error| panic!("diff of {base} and {candidate}: {error}"));
    (summary, found)
}
