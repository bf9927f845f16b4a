//! Where a replay may start instead of at the first event.

use std::path::PathBuf;

use crate::model::{Result, Schedule, Seq};
use crate::runtime::fingerprint;
use crate::store::{BookDir, Catalog};

/// Where a replay up to `to` may start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Start {
    pub path: PathBuf,
    pub position: Seq,
}

/// The last snapshot before `to` that the schedule would have led to: made by this very engine, and in agreement with
/// the schedule up to its own position.
pub(crate) fn start(
    dir: &BookDir,
    log: &Catalog,
    schedule: &Schedule,
    to: Seq,
) -> Result<Option<Start>> {
    let made_by = fingerprint();
    let fitting = log.snapshots()?.into_iter().rev().find(|it| {
        it.position <= to
            && it.made_by == made_by
            && it.schedule.until(it.position) == schedule.until(it.position)
            && dir.snapshot(&it.file).is_file()
    });
    Ok(fitting.map(|it| Start {
        path: dir.snapshot(&it.file),
        position: it.position,
    }))
}
