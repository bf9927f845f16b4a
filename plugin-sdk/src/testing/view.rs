//! One version's view of the tables: which it may name, and how its rows lie in the tables as they are.
//!
//! A table has the columns of the newest version that declares it. An older version sees its own columns of it; what
//! it does not know keeps its value, or gets the default.

use std::collections::BTreeMap;

use crate::contract::manifest::{Manifest, Table};
use crate::contract::types::{Row, Value};
use crate::testing::state::{TableState, fault};

/// What one version sees.
pub(crate) struct View {
    plugin: &'static str,
    version: &'static str,
    /// By the name that calls use: `account`, or `rates.rate`.
    tables: BTreeMap<String, TableView>,
}

/// One table as a version sees it.
pub(crate) struct TableView {
    /// `bank.account`
    pub(crate) full_name: String,
    /// The columns, in the version's order.
    columns: Vec<String>,
    pub(crate) is_own: bool,
}

impl View {
    pub(crate) fn new(plugin: &'static str, version: &'static str, manifest: &Manifest) -> Self {
        let own = { manifest.tables.iter() }.map(|table| TableView::own(plugin, table));
        let foreign = manifest.reads.iter().map(|read| {
            let full_name = format!("{}.{}", read.plugin, read.table);
            let columns = read.columns.clone();
            (
                full_name.clone(),
                TableView {
                    full_name,
                    columns,
                    is_own: false,
                },
            )
        });
        Self {
            plugin,
            version,
            tables: own.chain(foreign).collect(),
        }
    }

    /// Adds the tables of a version that this one extends, which it sees without declaring them again.
    pub(crate) fn inherit(&mut self, below: &Manifest) {
        for table in &below.tables {
            let (name, view) = TableView::own(self.plugin, table);
            self.tables.entry(name).or_insert(view);
        }
    }

    pub(crate) fn table(&self, name: &str) -> &TableView {
        self.tables.get(name).unwrap_or_else(|| {
            let list = if name.contains('.') {
                "reads"
            } else {
                "tables"
            };
            let Self {
                plugin, version, ..
            } = self;
            fault(&format!(
                "{plugin} {version} names the table {name}, which its manifest does not: add it to \
                 `{list} = [..]` in #[plugin]"
            ))
        })
    }

    #[cfg(feature = "sql")]
    pub(crate) fn tables(&self) -> impl Iterator<Item = &TableView> {
        self.tables.values()
    }
}

impl TableView {
    /// A table of the plugin's own, as a version declares it, under the name that calls use.
    fn own(plugin: &str, table: &Table) -> (String, Self) {
        let columns = { table.columns.iter() }.map(|column| column.name.clone());
        let view = Self {
            full_name: format!("{plugin}.{}", table.name),
            columns: columns.collect(),
            is_own: true,
        };
        (table.name.clone(), view)
    }

    #[cfg(feature = "sql")]
    pub(crate) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The row of the table as it is, in this version's columns.
    pub(crate) fn narrow(&self, table: &Table, row: &Row) -> Row {
        self.positions(table)
            .into_iter()
            .map(|position| row[position].clone())
            .collect()
    }

    /// This version's row, in the table's columns as they are.
    pub(crate) fn widen(&self, state: &TableState, row: &[Value]) -> Row {
        let table = state.definition();
        if row.len() != self.columns.len() {
            let (got, expected) = (row.len(), self.columns.len());
            fault(&format!(
                "a row of {} with {got} values, not {expected}",
                self.full_name
            ));
        }
        let mut wide = table
            .columns
            .iter()
            .map(|column| column.default_value.clone().unwrap_or(Value::Null))
            .collect::<Row>();
        let positions = self.positions(table);
        for (&position, value) in positions.iter().zip(row) {
            wide[position] = value.clone();
        }
        if let Some(kept) = state.counterpart(&wide) {
            for (position, value) in kept.iter().enumerate() {
                if !positions.contains(&position) {
                    wide[position] = value.clone();
                }
            }
        }
        wide
    }

    fn positions(&self, table: &Table) -> Vec<usize> {
        let position = |name: &String| {
            let found = table.columns.iter().position(|column| column.name == *name);
            found.unwrap_or_else(|| fault(&format!("{} has no column {name}", self.full_name)))
        };
        self.columns.iter().map(position).collect()
    }
}
