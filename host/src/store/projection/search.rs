//! Searches over a projection: unique values, a structured `find`, and a plugin's own SELECT.

use std::collections::BTreeSet;
use std::sync::Arc;

use rusqlite::{Connection, params_from_iter};

use super::Projection;
use crate::model::{Error, ErrorKind, Find, QueryResult, Result, Row, Value, limits};
use crate::store::sql::{self, Bind};
use crate::store::{guard, sqlite};

impl Projection {
    /// The unique index, if any, in which another row than `key`'s has the values of `row`.
    pub fn unique_conflict(&mut self, table: usize, row: &Row) -> Result<Option<String>> {
        if !self.tables[table].layout.has_unique_index() {
            return Ok(None);
        }
        self.begin()?;
        self.flush_table(table)?;
        let layout = self.tables[table].layout.clone();
        for index in layout.indexes.iter().filter(|index| index.unique) {
            if index.columns.iter().any(|&at| row[at] == Value::Null) {
                continue;
            }
            let name = |at: &usize| format!("\"{}\"", layout.columns[*at].name);
            let same: Vec<_> = index
                .columns
                .iter()
                .map(|at| format!("{} = ?", name(at)))
                .collect();
            let own: Vec<_> = layout
                .key
                .iter()
                .map(|at| format!("{} = ?", name(at)))
                .collect();
            let text = format!(
                "SELECT 1 FROM \"{}\" WHERE {} AND NOT ({})",
                layout.sql_name,
                same.join(" AND "),
                own.join(" AND ")
            );
            let mut statement = self
                .connection
                .prepare_cached(&text)
                .map_err(|error| self.failed(error))?;
            let values = index
                .columns
                .iter()
                .chain(&layout.key)
                .map(|&at| Bind(&row[at]));
            if statement
                .exists(params_from_iter(values))
                .map_err(|error| self.failed(error))?
            {
                return Ok(Some(index.name.clone()));
            }
        }
        Ok(None)
    }

    pub fn find(&mut self, table: usize, find: &Find, rows_max: usize) -> Result<Vec<Row>> {
        self.begin()?;
        self.flush_table(table)?;
        let rows = &self.tables[table];
        let (text, parameters) = sql::find(&rows.layout, &rows.sql.columns, find)?;
        let mut statement = self
            .connection
            .prepare_cached(&text)
            .map_err(|error| self.failed(error))?;
        let mut found = statement
            .query(params_from_iter(parameters.into_iter().map(Bind)))
            .map_err(|error| self.failed(error))?;
        let width = rows.layout.columns.len();
        let mut out = Vec::new();
        while let Some(cells) = found.next().map_err(|error| self.failed(error))? {
            if out.len() == rows_max {
                return Err(Error::refused(format!(
                    "a find over table '{}' gives more than {rows_max} rows",
                    rows.layout.sql_name
                )));
            }
            out.push(Row::from(sql::row(cells, width)?));
        }
        Ok(out)
    }

    /// A plugin's SELECT over the named tables. `scope` tells plugins apart: a compiled statement is reused only
    /// for the plugin for which it was authorised.
    pub fn query(
        &mut self,
        scope: &str,
        tables: &Arc<BTreeSet<String>>,
        text: &str,
        parameters: &[Value],
        rows_max: usize,
        bytes_max: usize,
    ) -> Result<QueryResult> {
        guard::check_text(text, parameters.len())?;
        self.begin()?;
        self.flush()?;
        self.guard.enter(tables.clone());
        let scoped = format!("/*{scope}*/ {text}");
        let result = run_query(&self.connection, &scoped, parameters, rows_max, bytes_max);
        let exhausted = self.guard.exhausted();
        let denied = self.guard.leave();
        result.map_err(|error| {
            if let Some(why) = denied {
                Error::refused(format!("SQL refused: {why}: {}", excerpt(text)))
            } else if exhausted {
                Error::refused(format!(
                    "SQL stopped after {} steps: {}",
                    limits::SQL_STEPS_PER_QUERY_MAX,
                    excerpt(text)
                ))
            } else {
                error
            }
        })
    }
}

fn run_query(
    connection: &Connection,
    text: &str,
    parameters: &[Value],
    rows_max: usize,
    bytes_max: usize,
) -> Result<QueryResult> {
    let failed = |error: rusqlite::Error| {
        let mapped = sqlite("SQL", error);
        // Whatever is wrong with a plugin's statement is the plugin's; only the disk and damage are not.
        match mapped.kind {
            ErrorKind::Io | ErrorKind::Corrupt | ErrorKind::Unavailable => mapped,
            _ => Error {
                kind: ErrorKind::Refused,
                ..mapped
            },
        }
    };
    let mut statement = connection.prepare_cached(text).map_err(failed)?;
    // Some statements find nothing to do and so ask for no permission; and a plan is another one with every SQLite.
    if !statement.readonly() || statement.column_count() == 0 || statement.is_explain() != 0 {
        return Err(Error::refused(format!(
            "SQL refused: it is not a plain SELECT: {}",
            excerpt(text)
        )));
    }
    if statement.parameter_count() != parameters.len() {
        return Err(Error::refused(format!(
            "SQL has {} parameters, {} were given",
            statement.parameter_count(),
            parameters.len()
        )));
    }
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut found = statement
        .query(params_from_iter(parameters.iter().map(Bind)))
        .map_err(failed)?;
    let (mut rows, mut bytes) = (Vec::new(), 0);
    while let Some(cells) = found.next().map_err(failed)? {
        let row = sql::row(cells, columns.len())?;
        bytes += row.iter().map(Value::weight).sum::<usize>();
        if rows.len() == rows_max || bytes > bytes_max {
            return Err(Error::refused(format!(
                "SQL gives more than {rows_max} rows or {bytes_max} bytes"
            )));
        }
        rows.push(row);
    }
    Ok(QueryResult { columns, rows })
}

fn excerpt(text: &str) -> String {
    let cut: String = text.chars().take(120).collect();
    if cut.len() < text.len() {
        format!("{cut}…")
    } else {
        cut
    }
}
