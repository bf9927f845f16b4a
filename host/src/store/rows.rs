//! Rows of one table between commits: read once, written once per commit however often they change.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::model::value::RowKey;
use crate::model::{Error, Result, Row, TableLayout, Value};
use crate::store::key_filter::KeyFilter;
use crate::store::sql::TableSql;

/// What is known of one key.
#[derive(Debug, Clone)]
pub struct Cached {
    pub row: Option<Row>,
    /// A row with this key is in the database file (within the open transaction).
    pub stored: bool,
    pub dirty: bool,
}

/// One table: its layout, its statements, its cached rows.
#[derive(Debug)]
pub struct TableRows {
    pub layout: std::sync::Arc<TableLayout>,
    pub sql: TableSql,
    pub cached: HashMap<RowKey, Cached, FixedState>,
    /// Keys to write at the next flush, in the order in which they first changed.
    pub dirty: Vec<RowKey>,
    /// Keys that may be in the database file. None: the table was not empty when it was opened.
    pub stored_keys: Option<KeyFilter>,
    pub bytes: usize,
}

impl TableRows {
    pub fn new(layout: std::sync::Arc<TableLayout>) -> Self {
        let sql = TableSql::new(&layout);
        TableRows {
            layout,
            sql,
            cached: HashMap::default(),
            dirty: Vec::new(),
            stored_keys: None,
            bytes: 0,
        }
    }

    /// Remembers what the database said.
    pub fn learn(&mut self, key: RowKey, row: Option<Row>) {
        self.bytes += weight(&row);
        let stored = row.is_some();
        self.cached.insert(
            key,
            Cached {
                row,
                stored,
                dirty: false,
            },
        );
    }

    /// Changes a row that was looked up before.
    pub fn set(&mut self, key: RowKey, row: Option<Row>) {
        self.bytes += weight(&row);
        let entry = self.cached.entry(key.clone()).or_insert(Cached {
            row: None,
            stored: false,
            dirty: false,
        });
        entry.row = row;
        if !entry.dirty {
            entry.dirty = true;
            self.dirty.push(key);
        }
    }

    pub fn clear(&mut self) {
        self.cached.clear();
        self.dirty.clear();
        self.bytes = 0;
    }
}

fn weight(row: &Option<Row>) -> usize {
    64 + row.as_ref().map_or(0, |row| {
        row.iter().map(|value| 24 + value.weight()).sum::<usize>()
    })
}

/// The values of a key, in its order.
pub fn key_values(key: &RowKey) -> Result<Vec<Value>> {
    match key {
        RowKey::Integer(number) => Ok(vec![Value::Integer(*number)]),
        RowKey::Bytes(bytes) => {
            let mut rest = &bytes[..];
            let mut values = Vec::new();
            while !rest.is_empty() {
                values.push(
                    Value::decode(&mut rest)
                        .ok_or_else(|| Error::internal("a cached key does not decode"))?,
                );
            }
            Ok(values)
        }
    }
}
