//! Where commits become durable, in order. A book writes its log through one trait, `CommitLog`; everybody reads the
//! catalog, which is what the commits amount to.
//!
//! **Invariant:** this trait is the only way into a book's log. A commit is kept whole, directly after the one that it
//! expects, or not at all.

mod memory;
mod sqlite;

#[cfg(test)]
pub(crate) mod conformance;

pub use memory::{Loss, LossyLog, MemoryLog};
pub use sqlite::SqliteLog;

use crate::model::Result;
use crate::model::log::{Appended, Commit, LocalOp, Resolved};
use crate::store::Catalog;

/// The order of a book's commits.
pub trait CommitLog: Send {
    /// Brings a catalog up to the log's end: after a crash between the two, or where it is new.
    fn catch_up(&mut self, catalog: &mut Catalog) -> Result<()>;

    /// Adds a commit where it follows the last one, and applies it to the catalog with what is this machine's own. `Kept`:
    /// durable, and the catalog has it. An `Err` refused it whole.
    fn append(
        &mut self,
        catalog: &mut Catalog,
        commit: &Commit,
        local: &[LocalOp],
    ) -> Result<Appended>;

    /// Says what became of a commit that was answered with `Unknown`. `Landed`: the catalog has it.
    fn resolve(
        &mut self,
        catalog: &mut Catalog,
        commit: &Commit,
        local: &[LocalOp],
    ) -> Result<Resolved>;
}
