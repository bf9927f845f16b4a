//! What was done to events after they were logged.

use std::collections::BTreeMap;

use crate::model::{Result, Seq};
use crate::store::{Catalog, Repair};

/// What was done to an event after it was logged: by which events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RepairNote {
    /// Its payload is not the one that it was logged with.
    pub amended: Option<Seq>,
    pub redacted: Option<Seq>,
    pub undone: Option<Seq>,
}

/// The repairs of those of the events `from..=to` that have any.
pub(crate) fn notes(log: &Catalog, from: Seq, to: Seq) -> Result<BTreeMap<Seq, RepairNote>> {
    let mut notes: BTreeMap<Seq, RepairNote> = BTreeMap::new();
    for (event, repair, by) in log.repairs(from, to)? {
        let note = notes.entry(event).or_default();
        match repair {
            Repair::Amended => note.amended = Some(by),
            Repair::Redacted => note.redacted = Some(by),
            Repair::Undone => note.undone = log.undone_by(event)?,
        }
    }
    Ok(notes)
}
