//! The writes of one event before they are anybody else's: read through, undone to a mark, netted at the end.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::model::effects::Change;
use crate::model::value::RowKey;
use crate::model::{Layouts, Row, Value};
use crate::store::RowAt;

/// One row that the event wrote.
#[derive(Debug)]
pub struct Entry {
    pub table: usize,
    pub key: Vec<Value>,
    pub before: Option<Row>,
    pub after: Option<Row>,
    /// The projection has `after`: a `find` or `query` needed to see it.
    pub synced: bool,
}

/// Table, key, row before, row after.
pub type Write = (usize, Vec<Value>, Option<Row>, Option<Row>);

/// Rows as they were before they were written.
pub fn rows_before(writes: &[Write]) -> impl Iterator<Item = RowAt<'_>> + Clone {
    { writes.iter() }.map(|(table, key, before, _)| (*table, key.as_slice(), before.as_ref()))
}

/// Rows as they were written.
pub fn rows_after(writes: &[Write]) -> impl Iterator<Item = RowAt<'_>> + Clone {
    { writes.iter() }.map(|(table, key, _, after)| (*table, key.as_slice(), after.as_ref()))
}

/// All rows that the event wrote, in the order of their first write.
#[derive(Debug, Default)]
pub struct Overlay {
    entries: Vec<Entry>,
    /// Only built when there are many: a typical event writes two rows.
    index: HashMap<(usize, RowKey), usize, FixedState>,
    /// What each write replaced, newest last.
    journal: Vec<(usize, Option<Row>)>,
}

/// Up to this many entries a linear search is faster than hashing.
const LINEAR_MAX: usize = 8;

impl Overlay {
    pub fn find(&self, table: usize, key: &[Value]) -> Option<usize> {
        if self.entries.len() <= LINEAR_MAX {
            return self
                .entries
                .iter()
                .position(|entry| entry.table == table && entry.key == key);
        }
        self.index.get(&(table, RowKey::new(key.iter()))).copied()
    }

    pub fn row(&self, at: usize) -> &Option<Row> {
        &self.entries[at].after
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Writes a row; `before` is what the state had when the event began, for a first write.
    pub fn write(
        &mut self,
        table: usize,
        key: Vec<Value>,
        before: impl FnOnce() -> Option<Row>,
        after: Option<Row>,
    ) {
        match self.find(table, &key) {
            Some(at) => {
                let entry = &mut self.entries[at];
                self.journal
                    .push((at, std::mem::replace(&mut entry.after, after)));
                entry.synced = false;
            }
            None => {
                let before = before();
                let at = self.entries.len();
                self.journal.push((at, before.clone()));
                self.entries.push(Entry {
                    table,
                    key,
                    before,
                    after,
                    synced: false,
                });
                if self.entries.len() > LINEAR_MAX {
                    let from = if self.index.is_empty() { 0 } else { at };
                    for at in from..self.entries.len() {
                        let entry = &self.entries[at];
                        self.index
                            .insert((entry.table, RowKey::new(entry.key.iter())), at);
                    }
                }
            }
        }
    }

    /// A point to which writes can be undone.
    pub fn mark(&self) -> usize {
        self.journal.len()
    }

    pub fn undo_to(&mut self, mark: usize) {
        while self.journal.len() > mark {
            if let Some((at, row)) = self.journal.pop() {
                let entry = &mut self.entries[at];
                entry.after = row;
                entry.synced = false;
            }
        }
    }

    /// Entries that the projection does not have yet.
    pub fn unsynced(&mut self) -> impl Iterator<Item = &mut Entry> {
        self.entries.iter_mut().filter(|entry| !entry.synced)
    }

    /// What remains of all writes, in canonical order: by table, then by the key's canonical bytes.
    pub fn net(&self, layouts: &Layouts) -> Vec<Change> {
        let mut changes: Vec<Change> = self
            .entries
            .iter()
            .filter(|entry| entry.before != entry.after)
            .map(|entry| Change {
                table: entry.table,
                before: entry.before.clone(),
                after: entry.after.clone(),
            })
            .collect();
        if changes.len() > 1 {
            changes.sort_by(|a, b| {
                let key = |change: &Change| layouts.tables[change.table].key_bytes(change.row());
                a.table.cmp(&b.table).then_with(|| key(a).cmp(&key(b)))
            });
        }
        changes
    }

    /// All writes, first to last row.
    pub fn writes(&self) -> Vec<Write> {
        self.entries
            .iter()
            .map(|entry| {
                (
                    entry.table,
                    entry.key.clone(),
                    entry.before.clone(),
                    entry.after.clone(),
                )
            })
            .collect()
    }

    /// All writes, first to last row; the overlay is empty afterwards.
    pub fn take_writes(&mut self) -> Vec<Write> {
        self.index.clear();
        self.journal.clear();
        self.entries
            .drain(..)
            .map(|entry| (entry.table, entry.key, entry.before, entry.after))
            .collect()
    }

    pub fn clear(&mut self) {
        self.entries.clear();
        self.index.clear();
        self.journal.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: i64, n: i64) -> Option<Row> {
        Some(Row::from([Value::Integer(id), Value::Integer(n)]))
    }

    #[test]
    fn undoing_to_a_mark_restores_each_row_whatever_came_between() {
        let mut overlay = Overlay::default();
        for id in 0..20 {
            overlay.write(0, vec![Value::Integer(id)], || row(id, 0), row(id, 1));
        }
        let mark = overlay.mark();
        overlay.write(0, vec![Value::Integer(3)], || unreachable!(), None);
        overlay.write(0, vec![Value::Integer(3)], || unreachable!(), row(3, 9));
        overlay.write(0, vec![Value::Integer(99)], || None, row(99, 1));
        overlay.undo_to(mark);
        let at = overlay.find(0, &[Value::Integer(3)]).unwrap();
        assert_eq!(*overlay.row(at), row(3, 1));
        let at = overlay.find(0, &[Value::Integer(99)]).unwrap();
        assert_eq!(*overlay.row(at), None);
    }
}
