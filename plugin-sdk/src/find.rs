//! Reads of several rows: a builder over the key or a declared index.

use std::marker::PhantomData;

use crate::contract::types as raw;
use crate::cx::Reader;
use crate::failure::Failure;
use crate::key::Values;
use crate::table::{Index, Table};

/// Rows read at once by [`Find::each`]: enough to make crossings cheap, and few enough for any host.
const PAGE_ROWS: u32 = 500;

/// A read over the key, or over an index after [`by`](Self::by). Nothing is read before [`rows`](Self::rows),
/// [`first`](Self::first) or [`each`](Self::each).
#[must_use = "nothing is read before `rows`, `first` or `each`"]
pub struct Find<'a, T, R> {
    cx: &'a R,
    find: raw::Find,
    table: PhantomData<fn() -> T>,
}

impl<'a, T: Table, R: Reader> Find<'a, T, R> {
    pub(crate) fn new(cx: &'a R) -> Self {
        Self {
            cx,
            find: raw::Find::default(),
            table: PhantomData,
        }
    }

    /// Over this index instead of the key.
    pub fn by(mut self, index: Index<T>) -> Self {
        self.find.index = Some(index.name().to_owned());
        self
    }

    /// Rows whose first columns (of the key or index) equal these values.
    pub fn prefix(mut self, values: impl Values) -> Self {
        self.find.prefix = values.into_values();
        self
    }

    /// Rows from these values on, themselves included. They are compared with the columns after the prefix.
    pub fn from(self, values: impl Values) -> Self {
        self.lower(values, true)
    }

    /// Rows after these values, themselves excluded.
    pub fn after(self, values: impl Values) -> Self {
        self.lower(values, false)
    }

    /// Rows up to these values, themselves included. They are compared with the columns after the prefix.
    pub fn to(self, values: impl Values) -> Self {
        self.upper(values, true)
    }

    /// Rows before these values, themselves excluded.
    pub fn before(self, values: impl Values) -> Self {
        self.upper(values, false)
    }

    /// Last row first.
    pub fn descending(mut self) -> Self {
        self.find.descending = true;
        self
    }

    /// At most this many rows.
    pub fn limit(mut self, rows: u32) -> Self {
        self.find.limit = Some(rows);
        self
    }

    /// The rows. Without a limit, more rows than the host allows at once are a fault: see [`each`](Self::each).
    ///
    /// # Errors
    /// `bad-column` where a kept value does not fit the column's type.
    pub fn rows(self) -> Result<Vec<T>, Failure> {
        self.cx
            .read_rows(T::REFERENCE, &self.find)
            .into_iter()
            .map(T::from_row)
            .collect()
    }

    /// The first row, if there is one.
    ///
    /// # Errors
    /// As [`rows`](Self::rows).
    pub fn first(mut self) -> Result<Option<T>, Failure> {
        self.find.limit = Some(1);
        Ok(self.rows()?.pop())
    }

    /// Every row in turn, however many there are: they are read in pages, each beginning where the one before it ended.
    ///
    /// # Errors
    /// The closure's, and those of [`rows`](Self::rows).
    ///
    /// # Panics
    /// After [`by`](Self::by): pages need an order that names each row, and only the key has it.
    pub fn each(mut self, mut row: impl FnMut(T) -> Result<(), Failure>) -> Result<(), Failure> {
        assert!(
            self.find.index.is_none(),
            "`each` reads in the order of the key: leave `by` out"
        );
        let mut remaining = self.find.limit.unwrap_or(u32::MAX);
        while remaining > 0 {
            let page_rows = remaining.min(PAGE_ROWS);
            self.find.limit = Some(page_rows);
            let page = self.cx.read_rows(T::REFERENCE, &self.find);
            let is_last = page.len() < page_rows as usize;
            if let Some(last) = page.last() {
                let columns = T::KEY_COLUMNS.iter().skip(self.find.prefix.len());
                let values = columns.map(|&column| last[column].clone()).collect();
                let bound = Some(raw::Bound {
                    values,
                    inclusive: false,
                });
                if self.find.descending {
                    self.find.upper = bound;
                } else {
                    self.find.lower = bound;
                }
            }
            for values in page {
                row(T::from_row(values)?)?;
            }
            if is_last {
                break;
            }
            remaining -= page_rows;
        }
        Ok(())
    }

    fn lower(mut self, values: impl Values, inclusive: bool) -> Self {
        self.find.lower = Some(raw::Bound {
            values: values.into_values(),
            inclusive,
        });
        self
    }

    fn upper(mut self, values: impl Values, inclusive: bool) -> Self {
        self.find.upper = Some(raw::Bound {
            values: values.into_values(),
            inclusive,
        });
        self
    }
}
