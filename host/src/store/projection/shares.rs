//! One projection out of several, each of which has the rows of some partitions.

use rusqlite::functions::FunctionFlags;
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;

use super::Projection;
use crate::model::partition::share_of;
use crate::model::{Result, TableLayout};

/// Which rows of another projection's file are taken over.
#[derive(Debug, Clone, Copy)]
pub struct Share<'a> {
    /// Which of so many.
    pub which: usize,
    pub of: usize,
    /// Table and column with the partition, both by position.
    pub columns: &'a [(usize, usize)],
    /// The rows are in the place of older ones of that share.
    pub replaces: bool,
}

impl Projection {
    /// Takes over the rows of a share from another projection with the same tables, which is gone afterwards but for its
    /// file.
    pub fn absorb(&mut self, other: Projection, share: Share<'_>) -> Result<()> {
        let mut other = other;
        other.commit()?;
        let path = other.path.clone();
        drop(other);
        self.commit()?;
        self.attach(&path)?;
        let copied = self.copy(share);
        let detached = self.connection.execute_batch("DETACH DATABASE share");
        self.allow_attached(0)?;
        copied?;
        detached.map_err(|error| self.failed(error))?;
        // What is known of the rows is of before.
        self.attach_layouts(self.layouts.clone())
    }

    fn attach(&self, path: &std::path::Path) -> Result<()> {
        self.allow_attached(1)?;
        let path = path.to_string_lossy();
        self.connection
            .execute("ATTACH DATABASE ?1 AS share", [path])
            .map(drop)
            .map_err(|error| self.failed(error))
    }

    fn allow_attached(&self, count: i32) -> Result<()> {
        self.connection
            .set_limit(Limit::SQLITE_LIMIT_ATTACHED, count)
            .map(drop)
            .map_err(|error| self.failed(error))
    }

    fn copy(&mut self, share: Share<'_>) -> Result<()> {
        let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
        let shares = share.of;
        self.connection
            .create_scalar_function("daybook_share", 1, flags, move |context| {
                Ok(match context.get_raw(0) {
                    ValueRef::Integer(number) => {
                        share_of(number.to_string().as_bytes(), shares) as i64
                    }
                    ValueRef::Text(text) => share_of(text, shares) as i64,
                    _ => -1,
                })
            })
            .map_err(|error| self.failed(error))?;
        self.begin()?;
        for (table, column) in share.columns {
            for statement in statements(&self.layouts.tables[*table], *column, share) {
                self.connection
                    .execute(&statement, [])
                    .map_err(|error| self.failed(error))?;
            }
        }
        self.commit_now()?;
        self.connection
            .remove_function("daybook_share", 1)
            .map_err(|error| self.failed(error))
    }
}

fn statements(layout: &TableLayout, column: usize, share: Share<'_>) -> Vec<String> {
    let name = |at: &usize| format!("\"{}\"", layout.columns[*at].name);
    let all: Vec<usize> = (0..layout.columns.len()).collect();
    let columns = all.iter().map(name).collect::<Vec<_>>().join(", ");
    let key = layout.key.iter().map(name).collect::<Vec<_>>().join(", ");
    let table = &layout.sql_name;
    let is_of_share = format!(" WHERE daybook_share({}) = {}", name(&column), share.which);
    // Where there was nothing before, the other has nothing but its share.
    let filter = if share.replaces {
        is_of_share.as_str()
    } else {
        ""
    };
    let mut statements = Vec::new();
    if share.replaces {
        statements.push(format!("DELETE FROM main.\"{table}\"{filter}"));
    }
    statements.push(format!(
        "INSERT INTO main.\"{table}\" ({columns}) SELECT {columns} FROM share.\"{table}\"{filter} ORDER BY {key}"
    ));
    statements
}
