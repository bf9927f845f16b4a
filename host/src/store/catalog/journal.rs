//! The journal as people look at it: commands with their outcomes, listed by what they asked for, by whom, when, and what
//! came of it.

use rusqlite::types::Value;

use super::events::{COMMAND_COLUMNS, Catalog, command};
use crate::model::log::RecordedCommand;
use crate::model::{Result, limits};

/// Which commands a listing wants.
#[derive(Debug, Clone, Default)]
pub struct CommandFilter {
    pub command_type: Option<String>,
    pub actor: Option<String>,
    pub subject: Option<String>,
    /// `accepted`, `rejected` or `failed`
    pub outcome: Option<String>,
    /// The code of a rejection.
    pub code: Option<String>,
    /// Asked at this time or later; RFC 3339, UTC, as `clock::in_utc` writes it.
    pub since: Option<String>,
    /// Asked at this time or earlier.
    pub until: Option<String>,
    /// Newest first.
    pub descending: bool,
    /// Number of the command before the page.
    pub after: Option<u64>,
}

/// A command of the journal with its number; commands count up in the order in which they were asked for.
#[derive(Debug, Clone)]
pub struct NumberedCommand {
    pub number: u64,
    pub command: RecordedCommand,
}

/// Commands of the journal that one page looks at, whether or not they match.
const LOOKED_AT_MAX: i64 = 200_000;

impl Catalog {
    /// A page of commands that match a filter, and after which number to go on; none where there are no others. A page may be
    /// short, and even empty, before the end: it looks at so many commands and no more.
    pub fn command_page(
        &self,
        filter: &CommandFilter,
        count_max: usize,
    ) -> Result<(Vec<NumberedCommand>, Option<u64>)> {
        let newest: i64 = self
            .connection
            .query_row(
                "SELECT coalesce(max(ordinal), 0) FROM commands",
                [],
                |row| row.get(0),
            )
            .map_err(|error| self.failed(error))?;
        let after = filter.after.and_then(|after| i64::try_from(after).ok());
        let (first, last) = match filter.descending {
            false => {
                let first = after.unwrap_or(0).saturating_add(1);
                (first, newest.min(first.saturating_add(LOOKED_AT_MAX)))
            }
            true => {
                let last = after.map_or(newest, |after| newest.min(after.saturating_sub(1)));
                (last.saturating_sub(LOOKED_AT_MAX).max(1), last)
            }
        };
        let mut sql = format!("SELECT {COMMAND_COLUMNS} WHERE c.ordinal BETWEEN ?1 AND ?2");
        let mut values: Vec<Value> = vec![first.into(), last.into()];
        for (condition, value) in [
            ("c.type =", &filter.command_type),
            ("c.actor =", &filter.actor),
            ("c.subject =", &filter.subject),
            ("c.outcome =", &filter.outcome),
            ("c.code =", &filter.code),
            ("c.time >=", &filter.since),
            ("c.time <=", &filter.until),
        ] {
            if let Some(value) = value {
                values.push(value.clone().into());
                sql.push_str(&format!(" AND {condition} ?{}", values.len()));
            }
        }
        let direction = if filter.descending { " DESC" } else { "" };
        sql.push_str(&format!(" ORDER BY c.ordinal{direction}"));
        let mut statement =
            { self.connection.prepare_cached(&sql) }.map_err(|error| self.failed(error))?;
        let mut found = statement
            .query(rusqlite::params_from_iter(values))
            .map_err(|error| self.failed(error))?;
        let (mut page, mut bytes) = (Vec::<NumberedCommand>::new(), 0);
        while let Some(row) = found.next().map_err(|error| self.failed(error))? {
            let (number, stored) = command(row).map_err(|error| self.failed(error))?;
            if page.len() == count_max || bytes > limits::PAGE_BYTES_MAX {
                let last = page.last().map(|last| last.number);
                return Ok((page, last));
            }
            let command = stored?.command;
            bytes += command.data.len();
            page.push(NumberedCommand { number, command });
        }
        let next = match filter.descending {
            false => (last < newest).then_some(last),
            true => (first > 1 && first <= last).then_some(first),
        };
        Ok((page, next.map(i64::unsigned_abs)))
    }
}
