//! Tables as a projection has them, and how they are told apart.

use super::error::{Error, Problem, Result};
use std::collections::BTreeMap;
use std::sync::Arc;

use super::format::Formats;
use super::hash::Digest;
use super::id::PluginName;
use super::manifest::{Column, ColumnKind};
use super::value::{Row, Value, put_bytes};

/// A table of a projection: the newest declaration in a plugin's chain of versions.
#[derive(Debug, Clone, PartialEq)]
pub struct TableLayout {
    pub plugin: PluginName,
    pub table: String,
    /// `plugin_table`
    pub sql_name: String,
    pub columns: Vec<Column>,
    /// Positions of the primary key's columns.
    pub key: Vec<usize>,
    pub indexes: Vec<IndexLayout>,
    /// First 16 bytes of a SHA-256 over plugin, table, columns and key: names the layout in recorded effects.
    pub digest: [u8; 16],
    /// What the columns' values mean to people. No part of the digest: the values are the same.
    pub formats: Formats,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexLayout {
    pub name: String,
    pub columns: Vec<usize>,
    pub unique: bool,
}

impl TableLayout {
    pub fn new(
        plugin: PluginName,
        table: String,
        columns: Vec<Column>,
        key: Vec<usize>,
        indexes: Vec<IndexLayout>,
    ) -> Self {
        let mut bytes = Vec::new();
        put_bytes(&mut bytes, plugin.as_str().as_bytes());
        put_bytes(&mut bytes, table.as_bytes());
        for column in &columns {
            put_bytes(&mut bytes, column.name.as_bytes());
            bytes.push(column.kind as u8);
        }
        for position in &key {
            bytes.push(*position as u8);
        }
        let mut digest = [0; 16];
        digest.copy_from_slice(&Digest::of(&bytes).0[..16]);
        let sql_name = format!("{plugin}_{table}");
        TableLayout {
            formats: Formats::of(&columns),
            plugin,
            table,
            sql_name,
            columns,
            key,
            indexes,
            digest,
        }
    }

    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The columns that a find over an index, or over the primary key, goes by; none where there is no such index.
    pub fn search_columns(&self, index: Option<&str>) -> Option<&[usize]> {
        match index {
            None => Some(&self.key),
            Some(name) => { self.indexes.iter() }
                .find(|index| index.name == name)
                .map(|index| index.columns.as_slice()),
        }
    }

    /// The columns by which such a find's rows are in order: those, then the key's others.
    pub fn order(&self, index: Option<&str>) -> Option<Vec<usize>> {
        let mut order = self.search_columns(index)?.to_vec();
        let others: Vec<_> = { self.key.iter().copied() }
            .filter(|at| !order.contains(at))
            .collect();
        order.extend(others);
        Some(order)
    }

    pub fn key_of(&self, row: &[Value]) -> Vec<Value> {
        self.key.iter().map(|&at| row[at].clone()).collect()
    }

    pub fn is_key(&self, column: usize) -> bool {
        self.key.contains(&column)
    }

    /// Canonical bytes of the key of a row: orders effects and names rows in maps.
    pub fn key_bytes(&self, row: &[Value]) -> Box<[u8]> {
        let mut bytes = Vec::with_capacity(16);
        for &at in &self.key {
            row[at].encode(&mut bytes);
        }
        bytes.into()
    }

    /// The value of a column that a row does not have yet.
    pub fn missing(&self, column: usize) -> Value {
        self.columns[column].default.clone().unwrap_or(Value::Null)
    }

    /// A row that has nothing yet: what is missing, in every column.
    pub fn blank(&self) -> Vec<Value> {
        (0..self.columns.len()).map(|at| self.missing(at)).collect()
    }

    /// `plugin.table`, as people write it.
    pub fn name(&self) -> String {
        format!("{}.{}", self.plugin, self.table)
    }

    pub fn has_unique_index(&self) -> bool {
        self.indexes.iter().any(|index| index.unique)
    }
}

/// All tables of one lineup, in the order of their SQL names; a change names a table by its position here.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Layouts {
    pub tables: Vec<Arc<TableLayout>>,
}

impl Layouts {
    pub fn new(mut tables: Vec<Arc<TableLayout>>) -> Self {
        tables.sort_by(|a, b| a.sql_name.cmp(&b.sql_name));
        Layouts { tables }
    }

    pub fn position(&self, sql_name: &str) -> Option<usize> {
        self.tables
            .binary_search_by(|table| table.sql_name.as_str().cmp(sql_name))
            .ok()
    }

    /// Digest of all rows, from each table's.
    pub fn rows_digest(&self, tables: &[Digest]) -> Digest {
        let mut bytes = Vec::new();
        for (layout, digest) in self.tables.iter().zip(tables) {
            bytes.extend_from_slice(layout.sql_name.as_bytes());
            bytes.extend_from_slice(&digest.0);
        }
        Digest::of(&bytes)
    }

    pub fn by_digest(&self) -> BTreeMap<[u8; 16], Arc<TableLayout>> {
        self.tables
            .iter()
            .map(|table| (table.digest, table.clone()))
            .collect()
    }
}

/// How rows of one layout become rows of another: by column name, with defaults for what is missing.
#[derive(Debug, Clone)]
pub struct RowMap {
    sources: Vec<Option<usize>>,
    defaults: Vec<Value>,
    identity: bool,
}

impl RowMap {
    pub fn between(from: &TableLayout, to: &TableLayout) -> RowMap {
        let sources: Vec<_> = to
            .columns
            .iter()
            .map(|column| from.column(&column.name))
            .collect();
        let identity = from.columns.len() == to.columns.len()
            && sources
                .iter()
                .enumerate()
                .all(|(at, source)| *source == Some(at));
        let defaults = (0..to.columns.len()).map(|at| to.missing(at)).collect();
        RowMap {
            sources,
            defaults,
            identity,
        }
    }

    pub fn map(&self, row: &Row) -> Row {
        if self.identity {
            return row.clone();
        }
        self.sources
            .iter()
            .zip(&self.defaults)
            .map(|(source, default)| source.map_or_else(|| default.clone(), |at| row[at].clone()))
            .collect()
    }
}

/// True where a value may stand in a column.
pub fn fits(value: &Value, column: &Column) -> bool {
    match value {
        Value::Null => column.nullable,
        Value::Integer(_) => column.kind == ColumnKind::Integer,
        Value::Real(number) => column.kind == ColumnKind::Real && number.is_finite(),
        Value::Text(_) => column.kind == ColumnKind::Text,
        Value::Blob(_) => column.kind == ColumnKind::Blob,
    }
}

/// A table by the name people write: `plugin.table`.
pub fn find_table<'a>(
    tables: &'a [std::sync::Arc<TableLayout>],
    name: &str,
) -> Result<(usize, &'a TableLayout)> {
    let is = |table: &TableLayout| {
        name.split_once('.').is_some_and(|(plugin, table_name)| {
            table.plugin.as_str() == plugin && table.table == table_name
        })
    };
    tables
        .iter()
        .enumerate()
        .find(|(_, table)| is(table))
        .map(|(at, table)| (at, &**table))
        .ok_or_else(|| {
            let known: Vec<_> = tables.iter().map(|table| table.name()).collect();
            Error::usage(format!("there is no table '{}'", name.escape_debug()))
                .problem(Problem::Unknown)
                .hint(format!("tables of the live state: {}", known.join(", ")))
        })
}
