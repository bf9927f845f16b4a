//! The first event on which two choices of logic part, with what each of them saw there.

use std::path::PathBuf;

use super::book::{Book, remove_projection};
use super::diffs::PlayerSide;
use super::player::Player;
use super::replays::Picked;
use crate::diff::{Difference, Step, differences};
use crate::model::log::EventLog;
use crate::model::{Event, Result, Seq, Value, limits};
use crate::replay::{OnProgress, Progress, READ};

/// The first event whose effects are not the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Divergence {
    pub event: Event,
    /// Never empty.
    pub differences: Vec<Difference>,
    pub base: Saw,
    pub candidate: Saw,
}

/// What one side looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Saw {
    /// Single rows, as they were before the event.
    pub rows: Vec<SeenRow>,
    /// It searched too (`find`, `query`, a unique index): what it found so is not told.
    pub searched: bool,
}

/// A row that was looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct SeenRow {
    /// `plugin.table`
    pub table: String,
    pub key: Vec<Value>,
    /// By column; none where there was no such row.
    pub row: Option<Vec<(String, Value)>>,
}

impl Book {
    /// Runs both side by side from the first event and stops where they part; none where they never do. The book is as
    /// it was.
    pub fn bisect(
        &mut self,
        base: &Picked,
        candidate: &Picked,
        progress: OnProgress<'_>,
    ) -> Result<Option<Divergence>> {
        let paths = ["bisect-base.building", "bisect-candidate.building"]
            .map(|file| self.dir.projection(file));
        paths.iter().try_for_each(|path| remove_projection(path))?;
        let found = self.walk([base, candidate], &paths, progress);
        paths.iter().try_for_each(|path| remove_projection(path))?;
        found
    }

    fn walk(
        &mut self,
        picked: [&Picked; 2],
        paths: &[PathBuf; 2],
        progress: OnProgress<'_>,
    ) -> Result<Option<Divergence>> {
        let mut side = |at: usize| -> Result<PlayerSide> {
            let schedule = self.schedule_of(picked[at])?;
            let plan = self.plan(&schedule)?;
            let player = Player::new(self.library.runtime.clone(), plan, &paths[at])?;
            Ok(PlayerSide::new(player))
        };
        let (mut base, mut candidate) = (side(0)?, side(1)?);
        let (mut next, to) = (Seq(1), self.head());
        let mut uncommitted = 0;
        while next <= to {
            let events = self.log.read(next, to, READ)?;
            for event in &events {
                if event.seq != next {
                    break;
                }
                let (ours, theirs) = (base.work_out(event)?, candidate.work_out(event)?);
                if !ours.is_same(&theirs) {
                    return Ok(Some(Divergence {
                        event: event.clone(),
                        differences: differences(&ours, &theirs),
                        base: saw(&ours),
                        candidate: saw(&theirs),
                    }));
                }
                base.keep(&ours)?;
                candidate.keep(&theirs)?;
                next = next.next();
            }
            if events.last().is_none_or(|last| last.seq.next() != next) {
                return Err(crate::model::Error::corrupt(format!(
                    "event {next} is missing in the log"
                )));
            }
            uncommitted += events.len();
            if uncommitted >= limits::REPLAY_BATCH {
                base.commit()?;
                candidate.commit()?;
                uncommitted = 0;
            }
            progress(Progress {
                done: next.0 - 1,
                total: to.0,
            });
        }
        Ok(None)
    }
}

fn saw(step: &Step) -> Saw {
    let rows = step.touched.iter().map(|(table, key, row)| {
        let layout = &step.layouts.tables[*table];
        let named = |row: &[Value]| {
            let names = layout.columns.iter().map(|column| column.name.clone());
            names.zip(row.iter().cloned()).collect()
        };
        SeenRow {
            table: format!("{}.{}", layout.plugin, layout.table),
            key: key.clone(),
            row: row.as_ref().map(|row| named(row)),
        }
    });
    Saw {
        rows: rows.collect(),
        searched: step.searched,
    }
}
