//! The final states, merged row by row in key order; neither is ever held whole.

use std::cmp::Ordering;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use super::compare::{column_differences, shared_formats};
use super::{FinalKind, FinalRow};
use crate::model::{Formats, Result, Row, TableLayout, Value};

/// What a side sends of its final state, tables in the order of their SQL names.
pub enum Piece {
    Table(Arc<TableLayout>),
    Rows(Vec<Row>),
}

/// One side's stream of pieces, a row at a time.
struct Cursor {
    pieces: Receiver<Piece>,
    table: Option<Arc<TableLayout>>,
    rows: std::vec::IntoIter<Row>,
    /// A table was announced behind the present one's last row.
    next_table: Option<Arc<TableLayout>>,
    peeked: Option<Row>,
}

impl Cursor {
    fn new(pieces: Receiver<Piece>) -> Self {
        let mut cursor = Cursor {
            pieces,
            table: None,
            rows: Vec::new().into_iter(),
            next_table: None,
            peeked: None,
        };
        cursor.advance_table();
        cursor
    }

    /// Goes to the next table; rows of the present one that were not read are passed over.
    fn advance_table(&mut self) {
        while self.take().is_some() {}
        self.table = match self.next_table.take() {
            Some(table) => Some(table),
            None => match self.pieces.recv() {
                Ok(Piece::Table(table)) => Some(table),
                _ => None,
            },
        };
        self.peeked = None;
    }

    fn peek(&mut self) -> Option<&Row> {
        if self.peeked.is_none() {
            self.peeked = self.fetch();
        }
        self.peeked.as_ref()
    }

    fn take(&mut self) -> Option<Row> {
        self.peek();
        self.peeked.take()
    }

    fn fetch(&mut self) -> Option<Row> {
        loop {
            if let Some(row) = self.rows.next() {
                return Some(row);
            }
            if self.next_table.is_some() || self.table.is_none() {
                return None;
            }
            match self.pieces.recv() {
                Ok(Piece::Rows(rows)) => self.rows = rows.into_iter(),
                Ok(Piece::Table(table)) => self.next_table = Some(table),
                Err(_) => return None,
            }
        }
    }
}

/// Merges both states and hands over each row that differs.
pub fn merge(
    base: Receiver<Piece>,
    candidate: Receiver<Piece>,
    mut visit: impl FnMut(FinalRow) -> Result<()>,
) -> Result<()> {
    let (mut left, mut right) = (Cursor::new(base), Cursor::new(candidate));
    loop {
        let order = match (&left.table, &right.table) {
            (None, None) => return Ok(()),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(a), Some(b)) => a.sql_name.cmp(&b.sql_name),
        };
        match order {
            Ordering::Less => {
                only(&mut left, FinalKind::Removed, &mut visit)?;
                left.advance_table();
            }
            Ordering::Greater => {
                only(&mut right, FinalKind::Added, &mut visit)?;
                right.advance_table();
            }
            Ordering::Equal => {
                both(&mut left, &mut right, &mut visit)?;
                left.advance_table();
                right.advance_table();
            }
        }
    }
}

fn final_row(layout: &TableLayout, formats: &Formats, row: &Row, kind: FinalKind) -> FinalRow {
    FinalRow {
        table: layout.name(),
        key: layout.key_of(row),
        kind,
        formats: formats.clone(),
    }
}

fn labelled(layout: &TableLayout, row: &Row) -> Vec<(String, Value)> {
    layout
        .columns
        .iter()
        .zip(row.iter())
        .map(|(c, value)| (c.name.clone(), value.clone()))
        .collect()
}

fn only(
    side: &mut Cursor,
    kind: fn(Vec<(String, Value)>) -> FinalKind,
    visit: &mut impl FnMut(FinalRow) -> Result<()>,
) -> Result<()> {
    let Some(layout) = side.table.clone() else {
        return Ok(());
    };
    while let Some(row) = side.take() {
        let kind = kind(labelled(&layout, &row));
        visit(final_row(&layout, &layout.formats, &row, kind))?;
    }
    Ok(())
}

fn both(
    left: &mut Cursor,
    right: &mut Cursor,
    visit: &mut impl FnMut(FinalRow) -> Result<()>,
) -> Result<()> {
    let (Some(ours), Some(theirs)) = (left.table.clone(), right.table.clone()) else {
        return Ok(());
    };
    let shared = shared_formats(&ours, &theirs);
    loop {
        let order = match (left.peek(), right.peek()) {
            (None, None) => return Ok(()),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(a), Some(b)) => key_order(&ours, a, &theirs, b),
        };
        match order {
            Ordering::Less => {
                if let Some(row) = left.take() {
                    visit(final_row(
                        &ours,
                        &ours.formats,
                        &row,
                        FinalKind::Removed(labelled(&ours, &row)),
                    ))?;
                }
            }
            Ordering::Greater => {
                if let Some(row) = right.take() {
                    visit(final_row(
                        &theirs,
                        &theirs.formats,
                        &row,
                        FinalKind::Added(labelled(&theirs, &row)),
                    ))?;
                }
            }
            Ordering::Equal => {
                if let (Some(a), Some(b)) = (left.take(), right.take()) {
                    let changed = column_differences(&ours, &a, &theirs, &b);
                    if !changed.is_empty() {
                        visit(final_row(&ours, &shared, &a, FinalKind::Changed(changed)))?;
                    }
                }
            }
        }
    }
}

/// The order in which SQLite's scans by primary key come.
fn key_order(a_layout: &TableLayout, a: &Row, b_layout: &TableLayout, b: &Row) -> Ordering {
    a_layout
        .key
        .iter()
        .zip(&b_layout.key)
        .map(|(&x, &y)| value_order(&a[x], &b[y]))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

fn value_order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Integer(a), Value::Integer(b)) => a.cmp(b),
        (Value::Real(a), Value::Real(b)) => a.total_cmp(b),
        (Value::Text(a), Value::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
        (Value::Blob(a), Value::Blob(b)) => a.cmp(b),
        // A key's column has one kind; should the versions disagree on it, any order that is an order will do.
        _ => a.kind_name().cmp(b.kind_name()),
    }
}
