//! Tables in memory, under the host's rules: typed columns, one row for a key, unique indexes, finite numbers.
//!
//! What breaks a rule that no plugin may break is a panic that begins with `fault:`, as the host would stop the plugin.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::cursor;
use crate::contract::manifest::{Column, ColumnKind, Table};
use crate::contract::types::{Bound, Found, Row, Search, Value, WriteError};
use crate::show;
use crate::testing::ordered::{Ordered, ordered};

/// One table with its rows.
#[derive(Clone, Debug)]
pub(crate) struct TableState {
    /// `bank.account`
    full_name: String,
    definition: Table,
    key_columns: Vec<usize>,
    rows: BTreeMap<Vec<Ordered>, Row>,
}

impl TableState {
    pub(crate) fn new(full_name: String, definition: Table) -> Self {
        let positions = |names: &[String]| -> Vec<usize> {
            names
                .iter()
                .map(|name| position(&definition, &full_name, name))
                .collect()
        };
        let key_columns = positions(&definition.primary_key);
        Self {
            full_name,
            key_columns,
            definition,
            rows: BTreeMap::new(),
        }
    }

    pub(crate) fn column_names(&self) -> impl Iterator<Item = &str> {
        self.definition.columns.iter().map(|it| it.name.as_str())
    }

    /// The first row, in the order of the key, that is not the same in both, as it is here and there.
    pub(crate) fn first_difference<'a>(
        &'a self,
        other: &'a Self,
    ) -> Option<(Option<&'a Row>, Option<&'a Row>)> {
        let keys = self.rows.keys().chain(other.rows.keys());
        keys.map(|key| (self.rows.get(key), other.rows.get(key)))
            .find(|(mine, others)| mine != others)
    }

    pub(crate) fn definition(&self) -> &Table {
        &self.definition
    }

    #[cfg(feature = "sql")]
    pub(crate) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.values()
    }

    pub(crate) fn get(&self, key: &[Value]) -> Option<&Row> {
        self.check_values(&self.key_columns, key, "key");
        self.rows.get(&ordered(key))
    }

    /// The row that has this row's key.
    pub(crate) fn counterpart(&self, row: &Row) -> Option<&Row> {
        self.rows.get(&self.key_of(row))
    }

    pub(crate) fn insert(&mut self, row: Row) -> Result<(), WriteError> {
        let row = self.checked(row);
        let key = self.key_of(&row);
        if self.rows.contains_key(&key) {
            return Err(write_error("row-exists", None));
        }
        self.put(key, row)
    }

    pub(crate) fn update(&mut self, row: Row) -> Result<(), WriteError> {
        let row = self.checked(row);
        let key = self.key_of(&row);
        if !self.rows.contains_key(&key) {
            return Err(write_error("row-missing", None));
        }
        self.put(key, row)
    }

    pub(crate) fn upsert(&mut self, row: Row) -> Result<(), WriteError> {
        let row = self.checked(row);
        self.put(self.key_of(&row), row)
    }

    pub(crate) fn delete(&mut self, key: &[Value]) -> Result<(), WriteError> {
        self.check_values(&self.key_columns, key, "key");
        self.rows
            .remove(&ordered(key))
            .map(|_| ())
            .ok_or_else(|| write_error("row-missing", None))
    }

    /// The rows of a structured read, in order.
    pub(crate) fn find(&self, find: &Search) -> Found {
        let mut order = match &find.index {
            None => Vec::new(),
            Some(name) => self.index_columns(name),
        };
        let searchable = if find.index.is_some() {
            order.len()
        } else {
            self.key_columns.len()
        };
        // Within equal index values, rows come in the order of the key.
        order.extend(self.key_columns.iter().copied());
        let columns = &order[..searchable];
        let (equal, rest) = columns
            .split_at_checked(find.prefix.len())
            .unwrap_or_else(|| {
                let names = self.names(columns).join(", ");
                fault(&format!(
                    "a prefix of {} values over ({names})",
                    find.prefix.len()
                ))
            });
        self.check_values(equal, &find.prefix, "prefix");
        for bound in find.lower.iter().chain(&find.upper) {
            let Some(compared) = rest.get(..bound.values.len()) else {
                let names = self.names(rest).join(", ");
                fault(&format!(
                    "a bound of {} values over ({names})",
                    bound.values.len()
                ));
            };
            self.check_values(compared, &bound.values, "bound");
        }
        let in_range = |row: &&Row| {
            equal
                .iter()
                .zip(&find.prefix)
                .all(|(&column, value)| row[column] == *value)
                && within(row, rest, find.lower.as_ref(), Ordering::Greater)
                && within(row, rest, find.upper.as_ref(), Ordering::Less)
        };
        let place = |row: &Row| -> Vec<Ordered> {
            let values = order.iter().map(|&column| Ordered(row[column].clone()));
            values.collect()
        };
        let mut rows = self.rows.values().filter(in_range).collect::<Vec<_>>();
        rows.sort_by_cached_key(|row| place(row));
        if find.descending {
            rows.reverse();
        }
        if let Some(after) = find.after.as_deref() {
            let after: Vec<Ordered> = cursor::read(after).into_iter().map(Ordered).collect();
            let behind = match find.descending {
                true => Ordering::Less,
                false => Ordering::Greater,
            };
            rows.retain(|row| place(row).cmp(&after) == behind);
        }
        let limit = find.limit.map_or(usize::MAX, |limit| limit as usize);
        rows.truncate(limit);
        let last = rows.last().filter(|_| rows.len() == limit);
        Found {
            next: last.map(|row| cursor::write(order.iter().map(|&column| &row[column]))),
            rows: rows.into_iter().cloned().collect(),
        }
    }

    fn put(&mut self, key: Vec<Ordered>, row: Row) -> Result<(), WriteError> {
        for index in self.definition.indexes.iter().filter(|index| index.unique) {
            let columns = self.index_columns(&index.name);
            // As in SQL, null differs from everything, itself included.
            let has_null = columns.iter().any(|&column| row[column] == Value::Null);
            let clashes = |other: &Row| columns.iter().all(|&column| other[column] == row[column]);
            if !has_null
                && self
                    .rows
                    .iter()
                    .any(|(k, other)| *k != key && clashes(other))
            {
                return Err(write_error("unique-violated", Some(index.name.as_str())));
            }
        }
        self.rows.insert(key, row);
        Ok(())
    }

    fn key_of(&self, row: &Row) -> Vec<Ordered> {
        self.key_columns
            .iter()
            .map(|&column| Ordered(row[column].clone()))
            .collect()
    }

    fn index_columns(&self, name: &str) -> Vec<usize> {
        let Some(index) = self
            .definition
            .indexes
            .iter()
            .find(|index| index.name == name)
        else {
            fault(&format!("{} has no index {name}", self.full_name));
        };
        let columns = index.columns.iter();
        columns
            .map(|column| position(&self.definition, &self.full_name, column))
            .collect()
    }

    fn names(&self, columns: &[usize]) -> Vec<&str> {
        columns
            .iter()
            .map(|&column| self.definition.columns[column].name.as_str())
            .collect()
    }

    /// The row as it is kept, after a check of each value against its column.
    fn checked(&self, mut row: Row) -> Row {
        if row.len() != self.definition.columns.len() {
            let expected = self.definition.columns.len();
            fault(&format!(
                "a row of {} with {} values, not {expected}",
                self.full_name,
                row.len()
            ));
        }
        for (column, value) in self.definition.columns.iter().zip(&mut row) {
            if let Value::Real(number) = value {
                if !number.is_finite() {
                    fault(&format!(
                        "{}.{} = {number}: a real is finite",
                        self.full_name, column.name
                    ));
                }
                // -0.0 is kept as 0.0.
                *number += 0.0;
            }
            if !fits(column, value) {
                let (name, shown) = (&column.name, show::value(value));
                let null = if column.nullable { " or null" } else { "" };
                let kind = kind_name(column.kind);
                fault(&format!(
                    "{}.{name} = {shown}: it takes {kind}{null}",
                    self.full_name
                ));
            }
        }
        row
    }

    fn check_values(&self, columns: &[usize], values: &[Value], what: &str) {
        if columns.len() != values.len() {
            let expected = self.names(columns).join(", ");
            let got = show::key(values.iter());
            fault(&format!(
                "a {what} of {} is ({expected}), not {got}",
                self.full_name
            ));
        }
        for (&column, value) in columns.iter().zip(values) {
            let column = &self.definition.columns[column];
            if !fits(column, value) {
                let (name, shown) = (&column.name, show::value(value));
                let kind = kind_name(column.kind);
                fault(&format!(
                    "{}.{name} = {shown} in a {what}: it takes {kind}",
                    self.full_name
                ));
            }
        }
    }
}

/// Whether the row is on the right side of the bound. As in SQL, a comparison that meets null is not true.
fn within(row: &Row, columns: &[usize], bound: Option<&Bound>, side: Ordering) -> bool {
    let Some(bound) = bound else { return true };
    for (&column, value) in columns.iter().zip(&bound.values) {
        if row[column] == Value::Null || *value == Value::Null {
            return false;
        }
        match Ordered(row[column].clone()).cmp(&Ordered(value.clone())) {
            Ordering::Equal => {}
            order => return order == side,
        }
    }
    bound.inclusive
}

fn fits(column: &Column, value: &Value) -> bool {
    match value {
        Value::Null => column.nullable,
        Value::Integer(_) => column.kind == ColumnKind::Integer,
        Value::Real(_) => column.kind == ColumnKind::Real,
        Value::Text(_) => column.kind == ColumnKind::Text,
        Value::Blob(_) => column.kind == ColumnKind::Blob,
    }
}

fn kind_name(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Integer => "an integer",
        ColumnKind::Real => "a real",
        ColumnKind::Text => "a text",
        ColumnKind::Blob => "a blob",
    }
}

fn position(definition: &Table, full_name: &str, column: &str) -> usize {
    let found = definition
        .columns
        .iter()
        .position(|known| known.name == column);
    found.unwrap_or_else(|| fault(&format!("{full_name} has no column {column}")))
}

/// Stops the plugin, as the host would.
#[track_caller]
pub(crate) fn fault(message: &str) -> ! {
    panic!("fault: {message}")
}

fn write_error(code: &str, index: Option<&str>) -> WriteError {
    WriteError {
        code: code.to_owned(),
        index: index.map(str::to_owned),
    }
}
