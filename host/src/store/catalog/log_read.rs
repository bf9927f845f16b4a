//! Reads of the log that clients ask for: for a limited time, by what they know of an event, and how much there is.

use super::events::Catalog;
use crate::model::{Result, Seq};
use crate::store::Allowance;

/// How many rows the log has, and the position of its last event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    pub events: u64,
    pub effects: u64,
    pub head: Seq,
}

impl Catalog {
    /// Stops what `work` reads of the log once it takes longer than this many seconds.
    pub fn within<T>(&self, seconds: f64, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.meter.begin(Allowance {
            seconds: Some(seconds),
            ..Allowance::default()
        });
        let result = work();
        self.meter.end();
        result
    }

    /// Gives up the pages that its connection keeps.
    pub fn shrink(&self) -> Result<()> {
        let shrunk = self.connection.execute_batch("PRAGMA shrink_memory");
        shrunk.map_err(|error| self.failed(error))
    }

    /// Events with an id, whatever their source: position and source, at most `count_max`.
    pub fn find_id(&self, id: &str, count_max: usize) -> Result<Vec<(Seq, String)>> {
        self.connection
            .prepare_cached("SELECT seq, source FROM events WHERE id = ?1 ORDER BY seq LIMIT ?2")
            .and_then(|mut statement| {
                let found = statement.query_map((id, count_max as i64), |row| {
                    Ok((Seq(row.get::<_, i64>(0)? as u64), row.get(1)?))
                });
                found?.collect()
            })
            .map_err(|error| self.failed(error))
    }

    /// How much there is, all of one moment.
    pub fn extent(&self) -> Result<Extent> {
        self.connection
            .query_row(
                "SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM effects),
                        (SELECT coalesce(max(seq), 0) FROM events)",
                [],
                |row| {
                    Ok(Extent {
                        events: row.get::<_, i64>(0)? as u64,
                        effects: row.get::<_, i64>(1)? as u64,
                        head: Seq(row.get::<_, i64>(2)? as u64),
                    })
                },
            )
            .map_err(|error| self.failed(error))
    }
}
