//! Recorded effects made readable: row changes and tasks, by the layouts that the log knows.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::pieces::Pieces;
use crate::model::effects::{DecodeError, RecordedChange, decode};
use crate::model::{Error, Result, TableLayout, Task};
use crate::store::{Catalog, StoredEvent};

/// An event with what it did, as it was recorded.
#[derive(Debug, Clone)]
pub(crate) struct Changed {
    pub stored: StoredEvent,
    pub changes: Vec<RecordedChange>,
    pub tasks: Vec<Task>,
}

/// The layouts that recorded effects refer to, as far as they were known when last read.
#[derive(Debug)]
pub(crate) struct Decoder(BTreeMap<[u8; 16], Arc<TableLayout>>);

impl Decoder {
    pub fn new(log: &Catalog) -> Result<Decoder> {
        log.layouts().map(Decoder)
    }

    /// What an event did. A version that was loaded since may have brought its layouts: then they are read again.
    pub fn decode(
        &mut self,
        log: &Catalog,
        stored: &StoredEvent,
    ) -> Result<(Vec<RecordedChange>, Vec<Task>)> {
        let mut decoded = decode(&stored.effects, &self.0);
        if let Err(DecodeError::UnknownLayout(_)) = decoded {
            self.0 = log.layouts()?;
            decoded = decode(&stored.effects, &self.0);
        }
        let seq = stored.event.seq;
        decoded.map_err(|error| match error {
            DecodeError::Malformed => Error::corrupt(format!(
                "the recorded effects of event {seq} cannot be read"
            )),
            DecodeError::UnknownLayout(_) => Error::corrupt(format!(
                "the recorded effects of event {seq} are of a table that no loaded version declares"
            )),
        })
    }
}

/// Pieces of the log with effects decoded.
pub(crate) struct ChangedPieces<'a, L> {
    pub(super) pieces: Pieces<'a, L, StoredEvent>,
    pub(super) decoder: Decoder,
}

impl<L: Borrow<Catalog>> Iterator for ChangedPieces<'_, L> {
    type Item = Result<Vec<Changed>>;

    fn next(&mut self) -> Option<Result<Vec<Changed>>> {
        let piece = self.pieces.next()?;
        let decoder = &mut self.decoder;
        let log = self.pieces.log();
        let decoded = piece.and_then(|piece| {
            let changed = piece.into_iter().map(|stored| {
                let (changes, tasks) = decoder.decode(log, &stored)?;
                Ok(Changed {
                    stored,
                    changes,
                    tasks,
                })
            });
            changed.collect()
        });
        Some(decoded)
    }
}
