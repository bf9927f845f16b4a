//! A book's directory, its log and its versions as running code: what everything needs that reads the past.

use crate::engine::{Library, Plan};
use crate::model::{Result, Schedule};
use crate::store::{BookDir, Catalog};

/// Owned by whoever has a book open, or looks at one.
pub struct History {
    pub(crate) dir: BookDir,
    pub(crate) log: Catalog,
    pub(crate) library: Library,
}

impl History {
    /// A schedule with its lineups resolved.
    pub(crate) fn plan(&mut self, schedule: &Schedule) -> Result<Plan> {
        self.library.plan(&self.log, schedule)
    }
}
