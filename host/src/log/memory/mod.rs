//! A log in memory, for tests and simulation: commits in a list that several may share, and a catalog made of them. It is
//! shaped like a log on other machines: the commit is kept first, and the catalog follows.

mod lossy;

use std::sync::{Arc, Mutex, PoisonError};

use super::CommitLog;
use crate::model::log::{Appended, Commit, LocalOp, Resolved};
use crate::model::{CommitSeq, Error, Result};
use crate::store::Catalog;

pub use lossy::{Loss, LossyLog};

/// Commits in order. Clones are the same log.
#[derive(Debug, Clone, Default)]
pub struct MemoryLog {
    commits: Arc<Mutex<Vec<Arc<Commit>>>>,
}

impl MemoryLog {
    /// Commits after a position, in order.
    pub fn after(&self, position: CommitSeq) -> Vec<Arc<Commit>> {
        let commits = self.commits.lock().unwrap_or_else(PoisonError::into_inner);
        let from = usize::try_from(position.0).unwrap_or(usize::MAX);
        commits.get(from..).unwrap_or_default().to_vec()
    }

    /// Another log with the same commits.
    pub fn copy(&self) -> MemoryLog {
        let commits = self.after(CommitSeq::ZERO);
        MemoryLog {
            commits: Arc::new(Mutex::new(commits)),
        }
    }

    /// Keeps a commit where it follows the last one. `Some`: it does not, and this is the last one's position.
    fn publish(&self, commit: &Commit) -> Option<CommitSeq> {
        let mut commits = self.commits.lock().unwrap_or_else(PoisonError::into_inner);
        let last = CommitSeq(commits.len() as u64);
        if last != commit.expected {
            return Some(last);
        }
        commits.push(Arc::new(commit.clone()));
        None
    }

    fn at(&self, position: CommitSeq) -> Option<Arc<Commit>> {
        self.after(CommitSeq(position.0.checked_sub(1)?))
            .into_iter()
            .next()
    }
}

/// Applies a commit that the log has.
fn follow(catalog: &mut Catalog, commit: &Commit, local: &[LocalOp]) -> Result<()> {
    match catalog.commit(commit, local, || Ok(Appended::Kept))? {
        Appended::Kept => Ok(()),
        other => Err(Error::corrupt(format!(
            "commit {} does not follow what the catalog has: {other:?}",
            commit.position()
        ))),
    }
}

impl CommitLog for MemoryLog {
    fn catch_up(&mut self, catalog: &mut Catalog) -> Result<()> {
        for commit in self.after(catalog.last_commit()?) {
            follow(catalog, &commit, &[])?;
        }
        Ok(())
    }

    fn append(
        &mut self,
        catalog: &mut Catalog,
        commit: &Commit,
        local: &[LocalOp],
    ) -> Result<Appended> {
        let mut published = false;
        let appended = catalog.commit(commit, local, || {
            Ok(match self.publish(commit) {
                Some(last) => Appended::Conflict { last },
                None => {
                    published = true;
                    Appended::Kept
                }
            })
        });
        match appended {
            // The log has it, the catalog does not: that is told when it is resolved.
            Err(_) if published => Ok(Appended::Unknown),
            appended => appended,
        }
    }

    fn resolve(
        &mut self,
        catalog: &mut Catalog,
        commit: &Commit,
        local: &[LocalOp],
    ) -> Result<Resolved> {
        match self.at(commit.position()) {
            Some(kept) if kept.id == commit.id => {
                if catalog.last_commit()? < commit.position() {
                    follow(catalog, commit, local)?;
                }
                Ok(Resolved::Landed)
            }
            _ => Ok(Resolved::Lost),
        }
    }
}
