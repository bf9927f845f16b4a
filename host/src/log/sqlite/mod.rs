//! `log.db` as the log itself: a commit is one transaction of the catalog, and its fsync the only one.

use super::CommitLog;
use crate::model::Result;
use crate::model::log::{Appended, Commit, LocalOp, Resolved};
use crate::store::Catalog;

/// The log of a book on this machine alone.
#[derive(Debug, Default)]
pub struct SqliteLog;

impl CommitLog for SqliteLog {
    /// The catalog is the log.
    fn catch_up(&mut self, _: &mut Catalog) -> Result<()> {
        Ok(())
    }

    fn append(
        &mut self,
        catalog: &mut Catalog,
        commit: &Commit,
        local: &[LocalOp],
    ) -> Result<Appended> {
        catalog.commit(commit, local, || Ok(Appended::Kept))
    }

    /// A local file never loses a reply: it is there or it is not.
    fn resolve(
        &mut self,
        catalog: &mut Catalog,
        commit: &Commit,
        _: &[LocalOp],
    ) -> Result<Resolved> {
        Ok(match catalog.commit_id(commit.position())? {
            Some(id) if id == commit.id => Resolved::Landed,
            _ => Resolved::Lost,
        })
    }
}
