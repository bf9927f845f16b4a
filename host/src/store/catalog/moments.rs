//! Times in the log: which event was the last by one. Two clocks count: when the host took an event in, and when the event
//! says that it happened.

use rusqlite::OptionalExtension;

use super::events::Catalog;
use crate::model::{Result, Seq, clock};

impl Catalog {
    /// The last event that was recorded by a time (RFC 3339, UTC, as events have it); 0 where there was none yet. Logs from
    /// before recording times were kept from going back may have some that do: there the last one in the log's order counts.
    pub fn last_recorded_by(&self, time: &str) -> Result<Seq> {
        if !self.is_in_time()? {
            return self.seq(
                "SELECT seq FROM events WHERE recorded_at <= ?1 ORDER BY seq DESC LIMIT 1",
                &[&time],
            );
        }
        // Positions and times go up together: halving finds the place without an index.
        let recorded = |seq: u64| -> Result<bool> {
            self.connection
                .prepare_cached("SELECT recorded_at <= ?2 FROM events WHERE seq = ?1")
                .and_then(|mut statement| statement.query_row((seq as i64, time), |row| row.get(0)))
                .map_err(|error| self.failed(error))
        };
        let (mut known, mut beyond) = (0, self.head()?.0.0 + 1);
        while known + 1 < beyond {
            let middle = known + (beyond - known) / 2;
            match recorded(middle)? {
                true => known = middle,
                false => beyond = middle,
            }
        }
        Ok(Seq(known))
    }

    fn is_in_time(&self) -> Result<bool> {
        if let Some(known) = self.is_in_time.get() {
            return Ok(*known);
        }
        let goes_back: bool = self
            .connection
            .query_row(
                "SELECT EXISTS (SELECT 1 FROM
                     (SELECT recorded_at, lag(recorded_at) OVER (ORDER BY seq) AS before FROM events)
                 WHERE recorded_at < before)",
                [],
                |row| row.get(0),
            )
            .map_err(|error| self.failed(error))?;
        Ok(*self.is_in_time.get_or_init(|| !goes_back))
    }

    /// The last event of a plugin that happened by a time (RFC 3339, UTC, in the form of `clock::in_utc`), by what it says
    /// itself; 0 where there is none. Events before it in the log may have happened later.
    pub fn last_happened_by(&self, time: &str) -> Result<Seq> {
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT seq, time FROM events WHERE type NOT GLOB 'daybook.*' ORDER BY seq DESC",
            )
            .map_err(|error| self.failed(error))?;
        let mut found = statement.query([]).map_err(|error| self.failed(error))?;
        while let Some(row) = found.next().map_err(|error| self.failed(error))? {
            let read = || Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?));
            let (seq, happened) = read().map_err(|error| self.failed(error))?;
            // One definition of times says which ones are accepted; none other is in a log.
            if clock::in_utc(&happened).is_some_and(|happened| *happened <= *time) {
                return Ok(Seq(seq as u64));
            }
        }
        Ok(Seq::ZERO)
    }

    /// The first event that is not the host's own; 0 where there is none.
    pub fn first_of_plugins(&self) -> Result<Seq> {
        let sql = "SELECT seq FROM events WHERE type NOT GLOB 'daybook.*' ORDER BY seq LIMIT 1";
        self.seq(sql, &[])
    }

    fn seq(&self, sql: &str, values: &[&dyn rusqlite::ToSql]) -> Result<Seq> {
        let found: Option<i64> = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row(values, |row| row.get(0)).optional())
            .map_err(|error| self.failed(error))?;
        Ok(Seq(found.unwrap_or(0) as u64))
    }
}
