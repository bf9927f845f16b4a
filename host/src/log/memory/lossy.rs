//! A log in memory that loses replies, as one on other machines may.

use std::sync::{Arc, Mutex, PoisonError};

use super::MemoryLog;
use crate::log::CommitLog;
use crate::model::Result;
use crate::model::log::{Appended, Commit, LocalOp, Resolved};
use crate::store::Catalog;

/// What happens to the next commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// Nothing.
    None,
    /// It is kept, and the reply is lost. As many questions about it get no answer.
    Reply { questions: u32 },
    /// It is not kept, and nobody hears of that.
    Commit { questions: u32 },
}

/// What is to be lost is set from outside, between two commits.
#[derive(Debug, Clone)]
pub struct LossyLog {
    log: MemoryLog,
    next: Arc<Mutex<Loss>>,
    unanswered: u32,
}

impl LossyLog {
    /// The log behind it, and the hand on what is lost of its next commit.
    pub fn new(log: MemoryLog) -> (LossyLog, Arc<Mutex<Loss>>) {
        let next = Arc::new(Mutex::new(Loss::None));
        let lossy = LossyLog {
            log,
            next: next.clone(),
            unanswered: 0,
        };
        (lossy, next)
    }
}

impl CommitLog for LossyLog {
    fn catch_up(&mut self, catalog: &mut Catalog) -> Result<()> {
        self.log.catch_up(catalog)
    }

    fn append(
        &mut self,
        catalog: &mut Catalog,
        commit: &Commit,
        local: &[LocalOp],
    ) -> Result<Appended> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *next, Loss::None) {
            Loss::None => self.log.append(catalog, commit, local),
            Loss::Commit { questions } => {
                self.unanswered = questions;
                Ok(Appended::Unknown)
            }
            Loss::Reply { questions } => {
                self.unanswered = questions;
                let log = &self.log;
                catalog.commit(commit, local, || {
                    Ok(match log.publish(commit) {
                        None => Appended::Unknown,
                        Some(last) => Appended::Conflict { last },
                    })
                })
            }
        }
    }

    fn resolve(
        &mut self,
        catalog: &mut Catalog,
        commit: &Commit,
        local: &[LocalOp],
    ) -> Result<Resolved> {
        if self.unanswered > 0 {
            self.unanswered -= 1;
            return Ok(Resolved::StillUnknown);
        }
        self.log.resolve(catalog, commit, local)
    }
}
