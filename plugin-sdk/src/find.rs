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
    search: raw::Search,
    table: PhantomData<fn() -> T>,
}

impl<'a, T: Table, R: Reader> Find<'a, T, R> {
    pub(crate) fn new(cx: &'a R) -> Self {
        Self {
            cx,
            search: raw::Search::default(),
            table: PhantomData,
        }
    }

    /// Over this index instead of the key.
    pub fn by(mut self, index: Index<T>) -> Self {
        self.search.index = Some(index.name().to_owned());
        self
    }

    /// Rows whose first columns (of the key or index) equal these values.
    pub fn prefix(mut self, values: impl Values) -> Self {
        self.search.prefix = values.into_values();
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
        self.search.descending = true;
        self
    }

    /// At most this many rows.
    pub fn limit(mut self, rows: u32) -> Self {
        self.search.limit = Some(rows);
        self
    }

    /// The rows. Without a limit, more rows than the host allows at once are a fault: see [`each`](Self::each).
    ///
    /// # Errors
    /// `bad-column` where a kept value does not fit the column's type.
    pub fn rows(self) -> Result<Vec<T>, Failure> {
        self.cx
            .read_rows(T::REFERENCE, &self.search)
            .rows
            .into_iter()
            .map(T::from_whole_row)
            .collect()
    }

    /// The first row, if there is one.
    ///
    /// # Errors
    /// As [`rows`](Self::rows).
    pub fn first(mut self) -> Result<Option<T>, Failure> {
        self.search.limit = Some(1);
        Ok(self.rows()?.pop())
    }

    /// Every row in turn, however many there are: they are read in pages, each beginning where the one before it ended. What
    /// the closure writes may be among the later pages.
    ///
    /// # Errors
    /// The closure's, and those of [`rows`](Self::rows).
    pub fn each(mut self, mut row: impl FnMut(T) -> Result<(), Failure>) -> Result<(), Failure> {
        let mut remaining = self.search.limit.unwrap_or(u32::MAX);
        while remaining > 0 {
            let page_rows = remaining.min(PAGE_ROWS);
            self.search.limit = Some(page_rows);
            let page = self.cx.read_rows(T::REFERENCE, &self.search);
            for values in page.rows {
                row(T::from_whole_row(values)?)?;
            }
            self.search.after = page.next;
            if self.search.after.is_none() {
                break;
            }
            remaining -= page_rows;
        }
        Ok(())
    }

    fn lower(mut self, values: impl Values, inclusive: bool) -> Self {
        self.search.lower = Some(raw::Bound {
            values: values.into_values(),
            inclusive,
        });
        self
    }

    fn upper(mut self, values: impl Values, inclusive: bool) -> Self {
        self.search.upper = Some(raw::Bound {
            values: values.into_values(),
            inclusive,
        });
        self
    }
}
