//! Searches over a projection: unique values, a structured `find`, and a plugin's own SELECT.

use std::collections::BTreeSet;
use std::sync::Arc;

use rusqlite::{Connection, StatementStatus, params_from_iter};

use super::Projection;
use crate::model::{Error, ErrorKind, Find, QueryResult, Result, Row, Value, limits};
use crate::store::meter::Stop;
use crate::store::sql::{self, Bind};
use crate::store::{Allowance, guard, sqlite};

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

    /// Rows in the order of an index. There are limits on their number, on their bytes, and on what they take in memory.
    pub fn find(
        &mut self,
        table: usize,
        find: &Find,
        rows_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<Row>> {
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
        let too_much = |what: String| {
            let name = &rows.layout.sql_name;
            Error::refused(format!("a find over table '{name}' gives more than {what}"))
        };
        let (mut out, mut bytes) = (Vec::new(), 0);
        let beside = size_of::<Row>() + width * size_of::<Value>();
        while let Some(cells) = found.next().map_err(|error| self.failed(error))? {
            if out.len() == rows_max {
                return Err(too_much(format!("{rows_max} rows")));
            }
            let row = sql::row(cells, width)?;
            bytes += row.iter().map(Value::weight).sum::<usize>();
            if bytes > bytes_max {
                return Err(too_much(format!("{bytes_max} bytes")));
            }
            if bytes + out.len() * beside > limits::FIND_BYTES_HELD_MAX {
                let most = limits::FIND_BYTES_HELD_MAX;
                return Err(too_much(format!("{most} bytes of memory hold")));
            }
            out.push(Row::from(row));
        }
        Ok(out)
    }

    /// A plugin's SELECT over the named tables, and the steps that it took. `scope` tells plugins apart: a compiled
    /// statement is reused only for the plugin for which it was authorised.
    pub fn query(
        &mut self,
        scope: &str,
        tables: &Arc<BTreeSet<String>>,
        text: &str,
        parameters: &[Value],
        bounds: Bounds,
    ) -> (Result<QueryResult>, u64) {
        let ready = guard::check_text(text, parameters.len())
            .and_then(|()| self.begin())
            .and_then(|()| self.flush());
        if let Err(error) = ready {
            return (Err(error), 0);
        }
        let scoped = format!("/*{scope}*/ {text}");
        let mut steps = 0;
        let meter = self.guard.meter();
        meter.begin(Allowance {
            steps: Some(bounds.steps_max),
            processor_seconds: Some(bounds.seconds_max),
            temporary_bytes: Some(limits::SQL_TEMPORARY_BYTES_MAX),
            ..Allowance::default()
        });
        let work = || run_query(&self.connection, &scoped, parameters, bounds, &mut steps);
        let result = self
            .guard
            .foreign(&self.connection, Some(tables.clone()), work);
        steps += meter.charged();
        let result = result.map_err(|error| match error.kind {
            _ if meter.stopped() == Some(Stop::Work) => Error::refused(format!(
                "SQL stopped after {} steps, with which the call's fuel is used up: {}",
                bounds.steps_max,
                excerpt(text)
            )),
            ErrorKind::Refused => Error {
                message: format!("{}: {}", error.message, excerpt(text)),
                ..error
            },
            _ => error,
        });
        meter.end();
        (result, steps)
    }
}

/// What one query of a plugin may give and take.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    pub rows_max: usize,
    pub bytes_max: usize,
    /// Of SQLite's virtual machine, with what its functions are charged.
    pub steps_max: u64,
    /// Of the thread's processor time.
    pub seconds_max: f64,
}

fn run_query(
    connection: &Connection,
    text: &str,
    parameters: &[Value],
    bounds: Bounds,
    steps: &mut u64,
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
        return Err(Error::refused("SQL refused: it is not a plain SELECT"));
    }
    if statement.parameter_count() != parameters.len() {
        return Err(Error::refused(format!(
            "SQL has {} parameters, {} were given",
            statement.parameter_count(),
            parameters.len()
        )));
    }
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    // A statement that is kept counts on from its last run, and looks at what is left at multiples of that.
    statement.reset_status(StatementStatus::VmStep);
    let rows = statement
        .query(params_from_iter(parameters.iter().map(Bind)))
        .map_err(failed)
        .and_then(|mut found| gather(&mut found, columns.len(), bounds, failed));
    *steps = u64::try_from(statement.reset_status(StatementStatus::VmStep)).unwrap_or(0);
    Ok(QueryResult {
        columns,
        rows: rows?,
    })
}

fn gather(
    found: &mut rusqlite::Rows<'_>,
    width: usize,
    bounds: Bounds,
    failed: impl Fn(rusqlite::Error) -> Error,
) -> Result<Vec<Vec<Value>>> {
    let Bounds {
        rows_max,
        bytes_max,
        ..
    } = bounds;
    let (mut rows, mut bytes) = (Vec::new(), 0);
    let beside = size_of::<Vec<Value>>() + width * size_of::<Value>();
    while let Some(cells) = found.next().map_err(&failed)? {
        let row = sql::row(cells, width)?;
        bytes += row.iter().map(Value::weight).sum::<usize>();
        if rows.len() == rows_max || bytes > bytes_max {
            return Err(Error::refused(format!(
                "SQL gives more than {rows_max} rows or {bytes_max} bytes"
            )));
        }
        if bytes + rows.len() * beside > limits::FIND_BYTES_HELD_MAX {
            let most = limits::FIND_BYTES_HELD_MAX;
            let text = format!("SQL gives more than {most} bytes of memory hold");
            return Err(Error::refused(text));
        }
        rows.push(row);
    }
    Ok(rows)
}

fn excerpt(text: &str) -> String {
    let cut: String = text.chars().take(120).collect();
    if cut.len() < text.len() {
        format!("{cut}…")
    } else {
        cut
    }
}
