//! Which history a projection is of: the book, and the chain of hashes up to its position. A file whose position fits may be
//! another history's all the same, as where a copy of the book went on by itself.

use std::path::Path;

use rusqlite::OptionalExtension;
use sha2::{Digest as _, Sha256};

use super::events::Catalog;
use crate::model::{Digest, Error, Result, Seq};
use crate::store::Projection;

impl Catalog {
    /// What a projection says of itself whose last event has this chain hash.
    pub fn origin(&self, chain: &Digest) -> Result<Digest> {
        let book = self.book_id()?;
        let mut hasher = Sha256::new();
        hasher.update(book.as_bytes());
        hasher.update(chain.0);
        Ok(Digest(hasher.finalize().into()))
    }

    /// The book's id; empty before the log has it.
    pub(super) fn book_id(&self) -> Result<String> {
        if let Some(known) = self.book.get() {
            return Ok(known.clone());
        }
        let found = self.meta("id")?;
        Ok(found.map_or_else(String::new, |book| self.book.get_or_init(|| book).clone()))
    }

    /// What a projection at a position says of itself; none where the log has no such event.
    pub fn origin_at(&self, position: Seq) -> Result<Option<Digest>> {
        if position == Seq::ZERO {
            return self.origin(&Digest::ZERO).map(Some);
        }
        let hash: Option<Vec<u8>> = self
            .connection
            .prepare_cached("SELECT hash FROM events WHERE seq = ?1")
            .and_then(|mut statement| {
                statement
                    .query_row([position.0 as i64], |row| row.get(0))
                    .optional()
            })
            .map_err(|error| self.failed(error))?;
        hash.map(|hash| self.origin(&Digest::from_slice(&hash)?))
            .transpose()
    }

    /// The position of a projection's file. One that is not of this log's history is corrupt: it can be built again.
    pub fn position_of(&self, path: &Path) -> Result<Seq> {
        let found = Projection::glance(path)?;
        let position = found.head.position;
        let Some(expected) = self.origin_at(position)? else {
            return Err(Error::corrupt(format!(
                "{} is at event {position}, which the log does not have",
                path.display()
            )));
        };
        match found.origin {
            Some(origin) if origin == expected => Ok(position),
            Some(_) => Err(Error::corrupt(format!(
                "{} is at event {position} of another history than the log's",
                path.display()
            ))),
            None => Err(Error::corrupt(format!(
                "{} does not say which history it is of",
                path.display()
            ))),
        }
    }
}
