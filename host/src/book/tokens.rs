//! That a book has tokens: its log tells, so that a lost file of tokens lets nobody in.

use super::open::Book;
use crate::model::log::LogOp;
use crate::model::{Result, clock};

impl Book {
    /// From now on every request needs a token. Nothing happens where the log says so already.
    pub fn note_tokens(&mut self) -> Result<()> {
        if self.history.log.has_tokens()? || self.follows()?.is_some() {
            return Ok(());
        }
        self.check_current()?;
        self.commit(vec![LogOp::TokensInForce {
            since: clock::now(),
        }])
    }
}
