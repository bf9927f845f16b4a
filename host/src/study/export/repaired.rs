//! What of an exported stretch was repaired since it was logged.

use std::collections::BTreeMap;

use super::TOLD_MAX;
use crate::history::RepairNote;
use crate::model::{Result, Seq};
use crate::study::Study;

/// Which payloads amended events have in the file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PayloadsOf {
    /// Those in force: a skipped event is left out.
    #[default]
    Now,
    /// Those that they were logged with.
    First,
}

/// An event of the stretch that was repaired since it was logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepairedEvent {
    pub seq: Seq,
    pub note: RepairNote,
    /// Nobody handles it any more.
    pub is_withheld: bool,
}

impl Study<'_> {
    /// What of the stretch was repaired.
    pub(super) fn repaired(
        &self,
        notes: &BTreeMap<Seq, RepairNote>,
    ) -> Result<(u64, Vec<RepairedEvent>)> {
        let repaired = { notes.iter() }.filter(|(_, note)| **note != RepairNote::default());
        let repaired: Vec<_> = repaired.collect();
        let told = repaired.iter().take(TOLD_MAX).map(|(seq, note)| {
            let event = self.history.log.event_at(**seq)?;
            Ok(RepairedEvent {
                seq: **seq,
                note: **note,
                is_withheld: event.is_some_and(|event| event.is_withheld()),
            })
        });
        Ok((repaired.len() as u64, told.collect::<Result<_>>()?))
    }
}
