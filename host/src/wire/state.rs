//! Tables of the state and their rows, and the index of what a server has.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::value::{Cell, Row};
use crate::model::TableLayout;

/// What there is at a server.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Index {
    /// The host's version.
    pub daybook: String,
    /// Position of the log's last event.
    pub head: u64,
    /// The versions that are in force.
    pub lineup: String,
    /// Requests, each with what it is for.
    pub links: BTreeMap<String, String>,
}

/// The tables of the live state.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Tables {
    /// The versions that are in force.
    pub lineup: String,
    pub tables: Vec<Table>,
}

/// A table.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Table {
    /// `plugin.table`
    pub table: String,
    /// `plugin_table`
    pub sql_name: String,
    pub columns: Vec<Column>,
    /// Columns of the key, in its order.
    pub key: Vec<String>,
    pub indexes: Vec<TableIndex>,
}

/// A column of a table.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Column {
    pub name: String,
    /// `integer`, `real`, `text` or `blob`
    pub kind: String,
    pub nullable: bool,
    pub default: Option<Cell>,
}

/// An index of a table.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct TableIndex {
    pub name: String,
    pub columns: Vec<String>,
    pub unique: bool,
}

impl From<&TableLayout> for Table {
    fn from(table: &TableLayout) -> Table {
        let names = |columns: &[usize]| -> Vec<String> {
            let columns = columns.iter();
            { columns.map(|&at| table.columns[at].name.clone()) }.collect()
        };
        let columns = table.columns.iter().map(|column| Column {
            name: column.name.clone(),
            kind: column.kind.sql().to_lowercase(),
            nullable: column.nullable,
            default: column.default.clone().map(Cell),
        });
        let indexes = table.indexes.iter().map(|index| TableIndex {
            name: index.name.clone(),
            columns: names(&index.columns),
            unique: index.unique,
        });
        Table {
            table: table.name(),
            sql_name: table.sql_name.clone(),
            columns: columns.collect(),
            key: names(&table.key),
            indexes: indexes.collect(),
        }
    }
}

/// Rows of a table, a page of them.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct TablePage<'a> {
    /// `plugin.table`
    pub table: String,
    pub rows: Vec<Row<'a>>,
    /// Send it as `after` for those that follow; null at the end.
    pub next: Option<String>,
    /// Of each row, for `Daybook-Expect`; absent where nobody asked for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hashes: Option<Vec<Hashes>>,
}

/// A hash of each column, for `Daybook-Expect`.
pub type Hashes = BTreeMap<String, String>;

/// One row of a table.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct TableRow<'a> {
    /// `plugin.table`
    pub table: String,
    pub key: Vec<Cell>,
    pub row: Row<'a>,
    /// For `Daybook-Expect`.
    pub hashes: Hashes,
}

/// A row as it was read: an entry of `Daybook-Expect`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpectedRow {
    /// `plugin.table`
    pub table: String,
    pub key: Vec<Cell>,
    /// Of the columns that must be as they were.
    pub hashes: Hashes,
}
