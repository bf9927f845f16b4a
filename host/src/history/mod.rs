//! The log as it was: payloads of their time, and every reading of events in order.

mod notes;
mod past;
mod rebuild;
mod replay;

pub use notes::RepairNote;
pub(crate) use notes::notes;
pub(crate) use past::{Past, Payloads, put_in_place};
pub(crate) use rebuild::{build, source};
pub use replay::{OnProgress, Progress, READ, Source, hole, read, read_ahead, silent};

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
