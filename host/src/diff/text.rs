//! The report for a terminal. Nothing is written before the end, so that it does not run into a progress bar; until
//! then no more is kept than will be shown. The same comparison gives the same text, but for the figures of time.

use std::collections::BTreeMap;
use std::io::Write;

use comfy_table::{Attribute, Cell, CellAlignment, Table, TableComponent, presets};

use super::words::{
    counted, final_place, final_words, grouped, place, printable, ratio, sides, verdict,
};
use super::{Cost, EventDiff, FinalRow, Sink, Split, Summary};
use crate::model::{Error, Result};

/// Differing events shown on a line each, unless the caller says otherwise.
const FURTHER_MAX: usize = 20;
/// Differences of the first diverging event, and of a further one, that are shown.
const FIRST_DIFFERENCES_MAX: usize = 200;
const FURTHER_DIFFERENCES_MAX: usize = 3;
/// Final rows shown of each table, and tables they are shown of.
const EXAMPLES_MAX: usize = 3;
const TABLES_MAX: usize = 100;

/// A `Sink` that writes for people at a terminal.
pub struct TextReport<W: Write> {
    out: W,
    further_max: usize,
    is_coloured: bool,
    first_unexpected: Vec<bool>,
    expected: Shown,
    unexpected: Shown,
    final_rows: BTreeMap<String, (Shown, Shown)>,
}

/// The first few of many.
#[derive(Default)]
struct Shown {
    lines: Vec<String>,
    count: u64,
}

impl Shown {
    fn add(&mut self, count_max: usize, line: impl FnOnce() -> String) {
        self.count += 1;
        if self.lines.len() < count_max {
            self.lines.push(line());
        }
    }
}

impl<W: Write> TextReport<W> {
    /// A report without colours that shows 20 further events.
    pub fn new(out: W) -> Self {
        TextReport {
            out,
            further_max: FURTHER_MAX,
            is_coloured: false,
            first_unexpected: Vec::new(),
            expected: Shown::default(),
            unexpected: Shown::default(),
            final_rows: BTreeMap::new(),
        }
    }

    /// How many events after the first diverging one are shown, expected and unexpected ones each.
    pub fn further_max(mut self, count: usize) -> Self {
        self.further_max = count;
        self
    }

    /// Colours and bold type by ANSI sequences.
    pub fn coloured(mut self, is_coloured: bool) -> Self {
        self.is_coloured = is_coloured;
        self
    }
}

impl<W: Write> Sink for TextReport<W> {
    fn event(&mut self, diff: &EventDiff, unexpected: &[bool]) -> Result<()> {
        let is_first = self.expected.count + self.unexpected.count == 0 && self.first_unexpected.is_empty();
        if is_first {
            self.first_unexpected = unexpected.to_vec();
            return Ok(());
        }
        let shown =
            if unexpected.contains(&true) { &mut self.unexpected } else { &mut self.expected };
        shown.add(self.further_max, || further_line(diff, unexpected));
        Ok(())
    }

    fn final_row(&mut self, row: &FinalRow, unexpected: bool) -> Result<()> {
        if self.final_rows.len() == TABLES_MAX && !self.final_rows.contains_key(&row.table) {
            return Ok(());
        }
        let (expected_rows, unexpected_rows) =
            self.final_rows.entry(row.table.clone()).or_default();
        let shown = if unexpected { unexpected_rows } else { expected_rows };
        shown.add(EXAMPLES_MAX, || format!("{}  {}", final_place(row), final_words(row)));
        Ok(())
    }

    fn finish(&mut self, summary: &Summary) -> Result<()> {
        let text = self.text(summary);
        self.out
            .write_all(text.as_bytes())
            .and_then(|()| self.out.flush())
            .map_err(|error| Error::io("writing the report", error))
    }
}
