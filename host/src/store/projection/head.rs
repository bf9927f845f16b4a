//! How far a projection is, and what it came to on the way.

use crate::model::hash::running_hash;
use crate::model::{Digest, Seq};

/// How far a projection is, and the running hashes of what events up to there caused. Equal hashes: the same effects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProjectionHead {
    pub position: Seq,
    /// Of changes.
    pub running: Digest,
    /// Of tasks that were asked for.
    pub tasks: Digest,
}

impl ProjectionHead {
    /// Behind one more event, of whose canonical effects the changes end at a place and the tasks begin. What it has none of
    /// leaves its hash as it was, so that projections can be compared whatever else was logged.
    pub fn after(self, seq: Seq, effects: &[u8], changes_end: usize) -> ProjectionHead {
        let go_on = |before: Digest, part: &[u8]| match part {
            // A count of none, and nothing else.
            [0] => before,
            part => running_hash(&before, seq, part),
        };
        ProjectionHead {
            position: seq,
            running: go_on(self.running, &effects[1..changes_end]),
            tasks: go_on(self.tasks, &effects[changes_end..]),
        }
    }
}
