//! What handlers logged, the newest lines of it: a ring in a table, on this machine alone.

use rusqlite::params;

use super::events::Catalog;
use crate::model::{Error, HandlerLine, Level, Result, Seq, limits};

/// What a line takes beside its text.
const LINE_BYTES: usize = 128;

/// Which lines are wanted.
#[derive(Debug, Clone, Default)]
pub struct HandlerLogFilter {
    /// Behind this line. None: the newest ones.
    pub after: Option<u64>,
    /// Those of this event.
    pub event: Option<Seq>,
    /// Those of this command, and of the events that it created.
    pub command: Option<String>,
}

/// A line with its number: later ones have greater numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberedLine {
    pub number: u64,
    pub line: HandlerLine,
}

impl Catalog {
    /// Part of the open transaction.
    pub(super) fn write_handler_log(&self, lines: &[HandlerLine]) -> Result<usize> {
        let mut ends: i64 = self
            .connection
            .prepare_cached("SELECT coalesce(max(ends), 0) FROM handler_log")
            .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
            .map_err(|error| self.failed(error))?;
        for line in lines {
            ends += (line.message.len() + LINE_BYTES) as i64;
            self.run(
                "INSERT INTO handler_log (ends, at, event, command, about, by, level, message)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                params![
                    ends,
                    line.at,
                    line.event.map(|seq| seq.0 as i64),
                    line.command,
                    line.about,
                    line.by,
                    line.level.as_str(),
                    line.message,
                ],
            )?;
        }
        let first = ends - limits::HANDLER_LOG_BYTES_MAX as i64;
        self.run("DELETE FROM handler_log WHERE ends <= ?1", &[&first])
    }

    /// Lines in order, at most `count_max`.
    pub fn handler_log(
        &self,
        filter: &HandlerLogFilter,
        count_max: usize,
    ) -> Result<Vec<NumberedLine>> {
        let order = if filter.after.is_some() {
            "ASC"
        } else {
            "DESC"
        };
        let sql = format!(
            "SELECT ends, at, event, command, about, by, level, message FROM handler_log
             WHERE ends > ?1 AND (?2 IS NULL OR event = ?2) AND (?3 IS NULL OR command = ?3)
             ORDER BY ends {order} LIMIT ?4"
        );
        let parameters = params![
            filter
                .after
                .map_or(0, |after| i64::try_from(after).unwrap_or(i64::MAX)),
            filter.event.map(|seq| seq.0 as i64),
            filter.command,
            i64::try_from(count_max).unwrap_or(i64::MAX),
        ];
        type Row = (
            i64,
            String,
            Option<i64>,
            Option<String>,
            String,
            Option<String>,
            String,
            String,
        );
        let read = |row: &rusqlite::Row<'_>| -> rusqlite::Result<Row> {
            Ok((
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
                row.get(5)?,
                row.get(6)?,
                row.get(7)?,
            ))
        };
        let rows: Vec<Row> = { self.connection.prepare_cached(&sql) }
            .and_then(|mut statement| statement.query_map(parameters, read)?.collect())
            .map_err(|error| self.failed(error))?;
        let line = |(ends, at, event, command, about, by, level, message): Row| {
            let found = Level::ALL.into_iter().find(|it| it.as_str() == level);
            Ok(NumberedLine {
                number: ends as u64,
                line: HandlerLine {
                    at,
                    event: event.map(|seq| Seq(seq as u64)),
                    command,
                    about,
                    by,
                    level: found
                        .ok_or_else(|| Error::corrupt(format!("'{level}' is no level of a log")))?,
                    message,
                },
            })
        };
        let mut lines: Vec<NumberedLine> = rows.into_iter().map(line).collect::<Result<_>>()?;
        if filter.after.is_none() {
            lines.reverse();
        }
        Ok(lines)
    }
}
