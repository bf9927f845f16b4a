//! A range of the log read event by event, for somebody who decides on the way when it is enough.

use rusqlite::types::Value;

use super::events::{Catalog, StoredEvent};
use super::events::{LineupText, STORED_COLUMNS};
use crate::model::{Result, Seq};

/// Which events are wanted. An empty list wants all.
#[derive(Debug, Clone, Copy)]
pub struct Scan<'a> {
    pub from: Seq,
    /// The last one, included.
    pub to: Seq,
    pub types: &'a [String],
    pub subjects: &'a [String],
}

impl Catalog {
    /// Hands over events in order with everything recorded about them, until `visit` says that it is enough (false).
    pub fn scan(
        &self,
        scan: Scan<'_>,
        mut visit: impl FnMut(StoredEvent) -> Result<bool>,
    ) -> Result<()> {
        let bound = |seq: Seq| i64::try_from(seq.0).unwrap_or(i64::MAX);
        let mut text = format!("SELECT {STORED_COLUMNS} WHERE e.seq BETWEEN ?1 AND ?2");
        let mut values: Vec<Value> = vec![bound(scan.from).into(), bound(scan.to).into()];
        for (column, wanted) in [("type", scan.types), ("subject", scan.subjects)] {
            if wanted.is_empty() {
                continue;
            }
            let places: Vec<String> = wanted
                .iter()
                .map(|value| {
                    values.push(value.clone().into());
                    format!("?{}", values.len())
                })
                .collect();
            text.push_str(&format!(" AND e.{column} IN ({})", places.join(", ")));
        }
        text.push_str(" ORDER BY e.seq");
        let mut statement = self
            .connection
            .prepare_cached(&text)
            .map_err(|error| self.failed(error))?;
        let mut found = statement
            .query(rusqlite::params_from_iter(values))
            .map_err(|error| self.failed(error))?;
        let mut stamp = LineupText::default();
        while let Some(row) = found.next().map_err(|error| self.failed(error))? {
            if !visit(self.stored_event(row, &mut stamp)?)? {
                break;
            }
        }
        Ok(())
    }
}
