//! Reads of the log that clients ask for: for a limited time, and by what they know of an event.

use super::LogDb;
use crate::model::{Result, Seq};

impl LogDb {
    /// Stops what `work` reads of the log once it takes longer than this many seconds.
    pub fn within<T>(&self, seconds: f64, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.deadline.set(seconds);
        let result = work();
        self.deadline.clear();
        result
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
}
