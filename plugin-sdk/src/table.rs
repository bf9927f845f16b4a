//! Tables as Rust types: rows in, rows out, and what can be done with them.

use crate::column::{Column, ColumnKind};
use crate::contract::manifest;
use crate::contract::types::{Value, WriteError};
use crate::cx::{Materialization, Reader};
use crate::failure::Failure;
use crate::find::Find;
use crate::key::IntoKey;
use crate::show;

/// A row of a table, own or another plugin's. Derive it: `#[derive(Table)]`.
///
/// A key is what the `#[key]` columns hold: one value, or a tuple where there are several.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a row of a table",
    note = "derive it: `#[derive(Table)]`"
)]
pub trait Table: Sized {
    /// The table's name: `account`.
    const NAME: &'static str;
    /// The owner, where it is another plugin.
    const PLUGIN: Option<&'static str>;
    /// How reads name the table: `account`, or `bank.account` where it is another plugin's.
    const REFERENCE: &'static str;
    /// Names of the columns, in the order of a row's values.
    const COLUMNS: &'static [&'static str];
    /// Names of all the table's columns as its plugin declares them: more than [`COLUMNS`](Self::COLUMNS) where this type
    /// extends another one.
    const WHOLE_COLUMNS: &'static [&'static str] = Self::COLUMNS;
    /// Kinds of all the table's columns.
    #[doc(hidden)]
    const WHOLE_KINDS: &'static [ColumnKind];
    /// Where its columns are among all the table's, where those are more.
    #[doc(hidden)]
    const PLACES: Option<&'static [usize]> = None;
    /// Where the key's columns are in a row, in the key's order.
    const KEY_COLUMNS: &'static [usize];
    /// The type of the `#[key]` columns: one type, or a tuple.
    type Key;

    /// The row as values.
    fn into_row(self) -> Vec<Value>;

    /// The row from its values.
    ///
    /// # Errors
    /// `bad-column`, with table and column, where a value does not fit its type.
    fn from_row(row: Vec<Value>) -> Result<Self, Failure>;

    /// The row from the values of all the table's columns.
    #[doc(hidden)]
    fn from_whole_row(mut row: Vec<Value>) -> Result<Self, Failure> {
        if row.len() != Self::WHOLE_COLUMNS.len() {
            return Err(other_columns::<Self>(row.len()));
        }
        match Self::PLACES {
            None => Self::from_row(row),
            Some(places) => {
                let value = |&place: &usize| {
                    row.get_mut(place)
                        .map(|value| std::mem::replace(value, Value::Null))
                };
                Self::from_row(places.iter().filter_map(value).collect())
            }
        }
    }

    /// The table as the manifest declares it.
    fn definition() -> manifest::Table;

    /// The row with this key; none where there is no such row.
    ///
    /// # Errors
    /// `bad-column` where a kept value does not fit the column's type.
    fn get(cx: &impl Reader, key: impl IntoKey<Self::Key>) -> Result<Option<Self>, Failure> {
        cx.read_row(Self::REFERENCE, &key.into_key())
            .map(Self::from_whole_row)
            .transpose()
    }

    /// The row with this key, which must be there.
    ///
    /// # Errors
    /// `row-missing` where it is not; `bad-column` as [`get`](Self::get).
    fn require(cx: &impl Reader, key: impl IntoKey<Self::Key>) -> Result<Self, Failure> {
        let key = key.into_key();
        match cx.read_row(Self::REFERENCE, &key) {
            Some(row) => Self::from_whole_row(row),
            None => Err(row_missing::<Self>(cx.plugin(), &key)),
        }
    }

    /// Whether there is a row with this key.
    fn exists(cx: &impl Reader, key: impl IntoKey<Self::Key>) -> bool {
        cx.read_row(Self::REFERENCE, &key.into_key()).is_some()
    }

    /// A read over the key or an index: `Account::find(cx).by(Account::BY_DISTRICT).prefix("Praha").rows()?`.
    fn find<R: Reader>(cx: &R) -> Find<'_, Self, R> {
        Find::new(cx)
    }

    /// All rows, in the key's order, however many there are.
    ///
    /// # Errors
    /// `bad-column` as [`get`](Self::get).
    fn all(cx: &impl Reader) -> Result<Vec<Self>, Failure> {
        let mut rows = Vec::new();
        Self::find(cx).each(|row| {
            rows.push(row);
            Ok(())
        })?;
        Ok(rows)
    }

    /// Adds this row.
    ///
    /// # Errors
    /// `row-exists` where its key is taken; `unique-violated` where a unique index has its values.
    fn insert(self, cx: &Materialization) -> Result<(), Failure>
    where
        Self: WholeRow,
    {
        let row = self.into_row();
        cx.host
            .insert(Self::NAME, &row)
            .map_err(|error| write_failure::<Self>(cx, error, &row))
    }

    /// Adds this row, or puts it in the place of the row that has its key.
    ///
    /// # Errors
    /// `unique-violated` where another row has its values in a unique index.
    fn upsert(self, cx: &Materialization) -> Result<(), Failure>
    where
        Self: WholeRow,
    {
        let row = self.into_row();
        cx.host
            .upsert(Self::NAME, &row)
            .map_err(|error| write_failure::<Self>(cx, error, &row))
    }

    /// Puts this row in the place of the row that has its key.
    ///
    /// # Errors
    /// `row-missing` where there is none; `unique-violated` as [`upsert`](Self::upsert).
    fn replace(self, cx: &Materialization) -> Result<(), Failure>
    where
        Self: WholeRow,
    {
        let row = self.into_row();
        cx.host
            .update(Self::NAME, &row)
            .map_err(|error| write_failure::<Self>(cx, error, &row))
    }

    /// Reads the row with this key, changes it and writes it back. What the closure returns is returned.
    ///
    /// # Errors
    /// `row-missing` where there is no such row; `unique-violated` as [`upsert`](Self::upsert).
    fn update<R>(
        cx: &Materialization,
        key: impl IntoKey<Self::Key>,
        change: impl FnOnce(&mut Self) -> R,
    ) -> Result<R, Failure>
    where
        Self: OwnTable,
    {
        Self::try_update(cx, key, |row| Ok(change(row)))
    }

    /// As [`update`](Self::update), with a closure that may fail; the row is then not written.
    ///
    /// # Errors
    /// The closure's, and those of [`update`](Self::update).
    fn try_update<R>(
        cx: &Materialization,
        key: impl IntoKey<Self::Key>,
        change: impl FnOnce(&mut Self) -> Result<R, Failure>,
    ) -> Result<R, Failure>
    where
        Self: OwnTable,
    {
        let key = key.into_key();
        let Some(whole) = cx.read_row(Self::NAME, &key) else {
            return Err(row_missing::<Self>(cx.plugin(), &key));
        };
        let others = Self::PLACES.map(|places| (places, whole.clone()));
        let mut row = Self::from_whole_row(whole)?;
        let result = change(&mut row)?;
        let row = row.into_row();
        keep_key::<Self>(&key, &row);
        let written = match others {
            None => cx.host.update(Self::NAME, &row),
            Some((places, mut whole)) => {
                for (&place, value) in places.iter().zip(&row) {
                    whole[place] = value.clone();
                }
                cx.host.update(Self::NAME, &whole)
            }
        };
        written.map_err(|error| write_failure::<Self>(cx, error, &row))?;
        Ok(result)
    }

    /// Changes the row with this key, or the given new one where there is none, and writes it. What the closure
    /// returns is returned.
    ///
    /// # Errors
    /// `unique-violated` as [`upsert`](Self::upsert).
    fn update_or_insert<R>(
        cx: &Materialization,
        key: impl IntoKey<Self::Key>,
        new: impl FnOnce() -> Self,
        change: impl FnOnce(&mut Self) -> R,
    ) -> Result<R, Failure>
    where
        Self: WholeRow,
    {
        let key = key.into_key();
        let found = cx.read_row(Self::NAME, &key);
        let is_new = found.is_none();
        let mut row = found.map_or_else(|| Ok(new()), Self::from_row)?;
        let result = change(&mut row);
        let row = row.into_row();
        keep_key::<Self>(&key, &row);
        let written = if is_new {
            cx.host.insert(Self::NAME, &row)
        } else {
            cx.host.update(Self::NAME, &row)
        };
        written.map_err(|error| write_failure::<Self>(cx, error, &row))?;
        Ok(result)
    }

    /// Removes the row with this key.
    ///
    /// # Errors
    /// `row-missing` where there is none.
    fn delete(cx: &Materialization, key: impl IntoKey<Self::Key>) -> Result<(), Failure>
    where
        Self: OwnTable,
    {
        let key = key.into_key();
        cx.host
            .delete(Self::NAME, &key)
            .map_err(|_| row_missing::<Self>(cx.plugin(), &key))
    }
}

/// A row of a table this plugin owns, so that it can be written. `#[derive(Table)]` implements it unless the table is another
/// plugin's.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a row of a table of this plugin",
    note = "a plugin reads other plugins' tables, and writes its own; the other plugin's row is changed by a command of \
            that plugin, which `cx.run_now` and `cx.run_later` have run"
)]
pub trait OwnTable: Table {}

/// A row with all columns of its table, so that it can be added. `#[derive(Table)]` implements it unless the type extends another
/// one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has only some of its table's columns, and cannot be a row by itself",
    note = "a type with `#[table(extends = ..)]` is read, updated and deleted: let the version below add the row, with \
            `cx.previous(event)?`, or write a type with all columns"
)]
pub trait WholeRow: OwnTable {}

/// A declared index of a table, as a constant of the row type: `Account::BY_DISTRICT`.
pub struct Index<T> {
    name: &'static str,
    table: std::marker::PhantomData<fn() -> T>,
}

impl<T> Index<T> {
    /// For `#[derive(Table)]`.
    #[doc(hidden)]
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            table: std::marker::PhantomData,
        }
    }

    /// The index's name.
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

/// The position of a column. For `#[derive(Table)]`, which asks while it is compiled.
#[doc(hidden)]
pub const fn place(columns: &[&str], name: &str) -> Option<usize> {
    let mut at = 0;
    while at < columns.len() {
        if is_same(columns[at], name) {
            return Some(at);
        }
        at += 1;
    }
    None
}

const fn is_same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

/// Whether a type has the key of the one that it extends.
#[doc(hidden)]
pub const fn has_key_of<Extending: Table, Extended: Table>() -> bool {
    let (key, extended) = (Extending::KEY_COLUMNS, Extended::KEY_COLUMNS);
    let mut at = 0;
    while at < key.len() && at < extended.len() {
        let (name, expected) = (Extending::COLUMNS[key[at]], Extended::COLUMNS[extended[at]]);
        if !is_same(name, expected) {
            return false;
        }
        at += 1;
    }
    at == key.len() && at == extended.len()
}

/// How many columns a table has with those that a type adds.
#[doc(hidden)]
pub const fn joined_length(extended: &[&str], own: &[&str]) -> usize {
    let (mut length, mut at) = (extended.len(), 0);
    while at < own.len() {
        if place(extended, own[at]).is_none() {
            length += 1;
        }
        at += 1;
    }
    length
}

/// What stands for a table's columns, those of the extended type first.
#[doc(hidden)]
pub const fn joined<T: Copy, const LENGTH: usize>(
    (extended_names, extended): (&[&str], &[T]),
    (own_names, own): (&[&str], &[T]),
) -> [T; LENGTH] {
    // The key is among them, and so there is a first one.
    let mut all = [extended[0]; LENGTH];
    let mut length = 0;
    while length < extended.len() {
        all[length] = extended[length];
        length += 1;
    }
    let mut at = 0;
    while at < own.len() {
        if place(extended_names, own_names[at]).is_none() {
            all[length] = own[at];
            length += 1;
        }
        at += 1;
    }
    all
}

/// The whole table: the extended one's columns, as the extending type has them, and then those that it adds.
#[doc(hidden)]
pub fn extended_table(extended: manifest::Table, own: manifest::Table) -> manifest::Table {
    let mut table = extended;
    for mut column in own.columns {
        match table.columns.iter_mut().find(|it| it.name == column.name) {
            Some(kept) => {
                column.default_value = column.default_value.or(kept.default_value.take());
                *kept = column;
            }
            None => table.columns.push(column),
        }
    }
    for index in own.indexes {
        table.indexes.retain(|kept| kept.name != index.name);
        table.indexes.push(index);
    }
    table
}

/// The next value of a row, for `#[derive(Table)]`.
#[doc(hidden)]
pub fn next_column<C: Column>(
    values: &mut std::vec::IntoIter<Value>,
    table: &str,
    column: &str,
) -> Result<C, Failure> {
    match values.next() {
        Some(value) => C::from_value(value).map_err(|error| error.at(table, column)),
        None => Err(row_too_short(table, column)),
    }
}

/// A version that does not declare a table has it as the newest version below does, which may not be the one whose type is used.
#[cold]
fn other_columns<T: Table>(columns: usize) -> Failure {
    let message = format!(
        "{} has {columns} columns here and its row type {}: name the type in `tables = [..]`, or take that of the version \
         below that declared the table last",
        T::REFERENCE,
        T::WHOLE_COLUMNS.len()
    );
    Failure::new("other-columns", message)
}

#[cold]
fn row_too_short(table: &str, column: &str) -> Failure {
    Failure::new(
        "bad-column",
        format!("{table}.{column}: the row ends before it"),
    )
}

/// An update must not move to another row.
fn keep_key<T: Table>(key: &[Value], row: &[Value]) {
    let same = T::KEY_COLUMNS
        .iter()
        .zip(key)
        .all(|(&column, value)| row[column] == *value);
    assert!(
        same,
        "an update of {} changed its key; delete the row and insert another instead",
        T::NAME
    );
}

fn table_and_key<'a, T: Table>(
    plugin: &str,
    key: impl ExactSizeIterator<Item = &'a Value>,
) -> String {
    format!(
        "{} {} {}",
        T::PLUGIN.unwrap_or(plugin),
        T::NAME,
        show::key(key)
    )
}

#[cold]
fn row_missing<T: Table>(plugin: &str, key: &[Value]) -> Failure {
    Failure::new("row-missing", table_and_key::<T>(plugin, key.iter()))
}

#[cold]
fn write_failure<T: Table>(cx: &Materialization, error: WriteError, row: &[Value]) -> Failure {
    let subject = table_and_key::<T>(
        cx.plugin(),
        T::KEY_COLUMNS.iter().map(|&column| &row[column]),
    );
    match error.index {
        None => Failure::new(error.code, subject),
        Some(index) => Failure::new(
            error.code,
            format!("{subject}: another row has its values in {index}"),
        ),
    }
}
