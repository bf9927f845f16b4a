//! Snapshots of the live state, and where a replay may start instead of at the first event.

use super::open::Book;
use crate::model::SnapshotRecord;
use crate::model::log::LocalOp;
use crate::model::{Error, Result, Schedule, Seq, clock, limits};
use crate::runtime::fingerprint;
use crate::store::{BookDir, copy_projection, private_folder, remove_projection};

impl Book {
    /// Copies the live state as it is. What is there already at this position is not copied again.
    pub fn snapshot(&mut self) -> Result<SnapshotRecord> {
        self.check_current()?;
        let record = self.copy_live()?;
        self.record_snapshot(&record)
    }

    fn copy_live(&self) -> Result<SnapshotRecord> {
        copy_live(
            &self.history.dir,
            &self.live_path(),
            &self.live.record.schedule,
        )
    }

    /// Lists a snapshot that was copied, beside the writer maybe; or removes it where it is of no more use.
    pub fn record_snapshot(&mut self, record: &SnapshotRecord) -> Result<SnapshotRecord> {
        let known = self.history.log.snapshots()?;
        let path = self.history.dir.snapshot(&record.file);
        if let Some(same) = known
            .iter()
            .find(|it| it.position == record.position && it.schedule == record.schedule)
            .filter(|it| self.history.dir.snapshot(&it.file).is_file())
        {
            remove_projection(&path)?;
            return Ok(same.clone());
        }
        if record.schedule != self.live.record.schedule {
            remove_projection(&path)?;
            return Err(Error::unavailable(
                "other versions came into force while the snapshot was made",
            )
            .hint("make it again"));
        }
        let thinned = thin(&known, record.position);
        let gone = thinned.iter().map(|gone| LocalOp::RemoveSnapshot {
            file: gone.file.clone(),
        });
        let ops: Vec<_> = gone.chain([LocalOp::Snapshot(record.clone())]).collect();
        self.history.log.write_local(&ops)?;
        for gone in thinned {
            remove_projection(&self.history.dir.snapshot(&gone.file))?;
        }
        Ok(record.clone())
    }

    /// By position.
    pub fn snapshots(&self) -> Result<Vec<SnapshotRecord>> {
        self.history.log.snapshots()
    }
}

/// Copies a live projection's file, without the book: what comes of it is listed with `Book::record_snapshot`.
pub fn copy_live(
    dir: &BookDir,
    live: &std::path::Path,
    schedule: &Schedule,
) -> Result<SnapshotRecord> {
    let folder = dir.snapshot("");
    private_folder(&folder)
        .map_err(|error| Error::io(format!("creating {}", folder.display()), error))?;
    let file = format!("{}.db", crate::model::given::id().simple());
    let unfinished = dir.snapshot(&file).with_extension("new");
    let position = copy_projection(live, &unfinished).inspect_err(|_| {
        // The error that matters is the copy's.
        let _ = remove_projection(&unfinished);
    })?;
    let path = dir.snapshot(&file);
    std::fs::rename(&unfinished, &path)
        .map_err(|error| Error::io(format!("putting {} in place", path.display()), error))?;
    Ok(SnapshotRecord {
        file,
        position,
        schedule: schedule.clone(),
        made_by: fingerprint(),
        made_at: clock::now(),
    })
}

/// Which snapshots to give up when one more comes: of more than the limit, the one whose loss leaves the smallest gap
/// relative to its age, so that recent history stays close at hand and old history reachable.
fn thin(known: &[SnapshotRecord], next: Seq) -> Vec<SnapshotRecord> {
    let mut left: Vec<_> = known.to_vec();
    let mut gone = Vec::new();
    while left.len() >= limits::SNAPSHOTS_MAX {
        let gap = |at: usize| {
            let before = at.checked_sub(1).map_or(0, |at| left[at].position.0);
            let after = left.get(at + 1).map_or(next.0, |it| it.position.0);
            let age = next.0.saturating_sub(left[at].position.0).max(1);
            (after - before) as f64 / age as f64
        };
        let at = (0..left.len())
            .min_by(|a, b| gap(*a).total_cmp(&gap(*b)))
            .unwrap_or(0);
        gone.push(left.remove(at));
    }
    gone
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshots_get_rarer_with_age_and_never_more_than_their_limit() {
        let mut known: Vec<SnapshotRecord> = Vec::new();
        for position in (1_000..=200_000).step_by(1_000) {
            let gone = thin(&known, Seq(position));
            known.retain(|it| !gone.contains(it));
            known.push(SnapshotRecord {
                file: position.to_string(),
                position: Seq(position),
                schedule: Schedule::default(),
                made_by: String::new(),
                made_at: String::new(),
            });
        }
        let positions: Vec<u64> = known.iter().map(|it| it.position.0).collect();
        assert_eq!(positions.len(), limits::SNAPSHOTS_MAX);
        assert_eq!(positions.last(), Some(&200_000));
        assert!(positions.contains(&199_000), "{positions:?}");
        // No place in the log is further from the snapshot before it than half the way to the end, or so.
        let mut before = 0;
        for position in positions {
            assert!(
                position - before <= (200_000 - before) * 2 / 3 + 1_000,
                "{before} to {position}"
            );
            before = position;
        }
    }
}
