//! Rows on their way into the file: gathered by table, and cut where a line would become too long.

use std::sync::Arc;

use crate::model::state_given::{GivenTable, row_json};
use crate::model::{Error, Result, Row, TableLayout, Value};

/// Bytes of rows in one line, about: it must be a line that can be read again.
const PIECE_BYTES: usize = 512 << 10;
/// Bytes of one row that a line can hold.
const ROW_BYTES_MAX: usize = 3 << 19;

/// What became of a row while events were left out.
pub struct Changed {
    pub layout: Arc<TableLayout>,
    pub key: Vec<Value>,
    pub before: Option<Row>,
    pub after: Option<Row>,
}

impl Changed {
    /// False where it is as it was.
    pub fn is_any(&self) -> bool {
        self.before != self.after
    }
}

/// Rows for one line.
#[derive(Default)]
pub struct Pieces {
    tables: Vec<GivenTable>,
    bytes: usize,
}

impl Pieces {
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    pub fn is_full(&self) -> bool {
        self.bytes >= PIECE_BYTES
    }

    pub fn take(&mut self) -> Vec<GivenTable> {
        self.bytes = 0;
        std::mem::take(&mut self.tables)
    }

    /// A row that is there afterwards.
    pub fn put(&mut self, layout: &TableLayout, row: Vec<Value>) -> Result<()> {
        self.weigh(layout, &row)?;
        self.table(layout).put.push(row);
        Ok(())
    }

    /// A key that has no row afterwards.
    pub fn delete(&mut self, layout: &TableLayout, key: Vec<Value>) -> Result<()> {
        self.weigh(layout, &key)?;
        self.table(layout).delete.push(key);
        Ok(())
    }

    fn weigh(&mut self, layout: &TableLayout, row: &[Value]) -> Result<()> {
        let bytes = row_json(row).to_string().len();
        if bytes > ROW_BYTES_MAX {
            return Err(Error::refused(format!(
                "a row of {}.{} has {bytes} bytes as JSON; a line holds {ROW_BYTES_MAX}",
                layout.plugin, layout.table
            ))
            .hint("export a stretch that begins before the row: from event 1 there is no state to give"));
        }
        self.bytes += bytes;
        Ok(())
    }

    fn table(&mut self, layout: &TableLayout) -> &mut GivenTable {
        let name = layout.name();
        let columns = || layout.columns.iter().map(|column| column.name.clone());
        let is_same =
            |last: &GivenTable| last.table == name && last.columns.iter().cloned().eq(columns());
        if !self.tables.last().is_some_and(is_same) {
            let key = layout.key.iter().map(|&at| layout.columns[at].name.clone());
            self.tables.push(GivenTable {
                key: key.collect(),
                columns: columns().collect(),
                table: name,
                ..GivenTable::default()
            });
        }
        let last = self.tables.len() - 1;
        &mut self.tables[last]
    }
}

/// Changes as the data of as few lines as may be. In more than one, a value that moves from one row to another must not stand
/// in a unique index twice on the way: there rows go first and come back later.
pub fn cut(
    changed: &[Changed],
    mask: &dyn Fn(&[Value]) -> Vec<Value>,
) -> Result<Vec<Vec<GivenTable>>> {
    let mut whole = Pieces::default();
    for change in changed {
        match &change.after {
            Some(row) => whole.put(&change.layout, mask(row))?,
            None => whole.delete(&change.layout, mask(&change.key))?,
        }
    }
    if !whole.is_full() {
        return Ok(vec![whole.take()]);
    }
    let mut lines = Vec::new();
    let mut pieces = Pieces::default();
    let mut next = |pieces: &mut Pieces| {
        if pieces.is_full() {
            lines.push(pieces.take());
        }
    };
    for change in changed {
        if change.after.is_none() || (change.before.is_some() && change.layout.has_unique_index()) {
            pieces.delete(&change.layout, mask(&change.key))?;
            next(&mut pieces);
        }
    }
    for change in changed {
        if let Some(row) = &change.after {
            pieces.put(&change.layout, mask(row))?;
            next(&mut pieces);
        }
    }
    if !pieces.is_empty() {
        lines.push(pieces.take());
    }
    Ok(lines)
}
