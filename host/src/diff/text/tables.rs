//! The tables of the summary, for a terminal. Where there is nothing to tell, the text is empty.

use comfy_table::{Cell, CellAlignment, LineStyle, Table, TableStyle};

use crate::diff::words::{
    dearest, grouped, layout_words, met, printable, ratio, reason, unexplained, work,
};
use crate::diff::{Split, Summary};

pub fn counts(summary: &Summary) -> String {
    if summary.differing.total() == 0 {
        return String::new();
    }
    let mut table = table(&["by", "", "direct", "inherited", "events"], 2);
    let mut add = |by: &str, name: &str, split: &Split| {
        table.add_row(vec![
            Cell::new(by),
            Cell::new(name),
            number(split.direct),
            number(split.inherited),
            number(split.total()),
        ]);
    };
    for (event_type, split) in &summary.by_type {
        add("type", event_type, split);
    }
    for ((table, column), split) in &summary.by_column {
        add("column", &format!("{table}.{column}"), split);
    }
    for (table, split) in &summary.by_row {
        add("row", table, split);
    }
    add("all", "", &summary.differing);
    format!("{}\n", trimmed(&table))
}

/// Columns that one side has, one a line.
pub fn layout(summary: &Summary) -> String {
    let lines = summary
        .layout
        .iter()
        .map(|it| format!("  {}.{}  {}\n", it.table, it.column, layout_words(it)));
    lines.collect()
}

pub fn tasks(summary: &Summary) -> String {
    if summary.tasks.is_empty() {
        return String::new();
    }
    let mut table = table(&["kind", "appear", "vanish", "change"], 1);
    for (kind, count) in &summary.tasks {
        table.add_row(vec![
            Cell::new(printable(kind)),
            number(count.appear),
            number(count.vanish),
            number(count.change),
        ]);
    }
    trimmed(&table)
}

pub fn dooms(summary: &Summary) -> String {
    match summary.dooms {
        (0, 0) => String::new(),
        (base, candidate) => {
            format!(
                "  base {}, candidate {}\n",
                grouped(base),
                grouped(candidate)
            )
        }
    }
}

pub fn final_counts(summary: &Summary) -> String {
    if summary.final_rows.is_empty() {
        return String::new();
    }
    let mut table = table(
        &[
            "table",
            "added",
            "removed",
            "changed",
            "columns that changed",
        ],
        1,
    );
    for (name, count) in &summary.final_rows {
        let columns = count
            .columns
            .iter()
            .map(|(name, rows)| format!("{name} {}", grouped(*rows)));
        table.add_row(vec![
            Cell::new(name),
            number(count.added),
            number(count.removed),
            number(count.changed),
            Cell::new(columns.collect::<Vec<_>>().join(", ")),
        ]);
    }
    set_alignment(&mut table, 4, CellAlignment::Left);
    format!("{}\n", trimmed(&table))
}

pub fn expectations(summary: &Summary) -> String {
    if summary.expectations.is_empty() {
        return String::new();
    }
    let mut table = table(&["reason", "met"], 1);
    for expectation in &summary.expectations {
        let name = reason(expectation);
        let name = match (summary.missing, expectation.missing) {
            (0, _) => name,
            (_, missing) => format!("{:1} {name}", mark(missing > 0)),
        };
        table.add_row(vec![name, met(expectation)]);
    }
    let note = unexplained(summary).map(|words| format!("\n  {words}"));
    trimmed(&table) + &note.unwrap_or_default()
}

pub fn costs(summary: &Summary) -> String {
    let (base, candidate) = &summary.cost;
    let mut table = table(&["", "base", "candidate", "ratio"], 1);
    for (name, base, candidate) in work(summary) {
        table.add_row(vec![
            Cell::new(name),
            number(base),
            number(candidate),
            Cell::new(ratio(base as f64, candidate as f64)),
        ]);
    }
    let seconds = |seconds: f64| Cell::new(format!("{seconds:.2} s"));
    table.add_row(vec![
        Cell::new("time"),
        seconds(base.seconds),
        seconds(candidate.seconds),
        Cell::new(ratio(base.seconds, candidate.seconds)),
    ]);
    let dearest: String = { dearest(summary).into_iter() }
        .map(|(name, base, candidate)| {
            let (base, candidate) = (grouped(base), grouped(candidate));
            format!("\n  dearest {name}: {base} → {candidate} fuel")
        })
        .collect();
    format!(
        "{}{dearest}\n  both at the same time in {:.2} s\n",
        trimmed(&table),
        summary.seconds
    )
}

/// A table without frames; the columns from `numbers_from` on hold numbers.
pub fn table(header: &[&str], numbers_from: usize) -> Table {
    let mut table = Table::new();
    table.load_style(TableStyle::new().header_separator(LineStyle::new(' ', '─', '─', ' ')));
    table.set_header(header);
    for column in numbers_from..header.len() {
        set_alignment(&mut table, column, CellAlignment::Right);
    }
    table
}

/// What stands before a line.
pub fn mark(is_unexpected: bool) -> &'static str {
    if is_unexpected { "!" } else { "" }
}

/// Lines without a heading, each with its mark and in parts that stand below each other.
pub fn aligned<'a>(
    lines: impl Iterator<Item = (bool, &'a Vec<String>)>,
    number_columns: &[usize],
) -> String {
    let mut table = Table::new();
    table.load_style(TableStyle::new());
    for (is_marked, parts) in lines {
        let parts = parts.iter().map(String::as_str);
        table.add_row(std::iter::once(mark(is_marked)).chain(parts));
    }
    for column in number_columns {
        set_alignment(&mut table, *column, CellAlignment::Right);
    }
    let text = trimmed(&table);
    if text.is_empty() {
        text
    } else {
        format!("{text}\n")
    }
}

fn set_alignment(table: &mut Table, column: usize, alignment: CellAlignment) {
    if let Some(column) = table.column_mut(column) {
        column.set_cell_alignment(alignment);
    }
}

fn number(number: u64) -> Cell {
    Cell::new(grouped(number))
}

pub fn trimmed(table: &Table) -> String {
    table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
}
