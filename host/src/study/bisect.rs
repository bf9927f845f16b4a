//! The first event on which two choices of logic part, with what each of them saw there.

use std::path::Path;

use super::diffs::PlayerSide;
use super::onlooker::Study;
use super::replays::Picked;
use crate::diff::{About, Difference, Expectations, Side, Step, differences};
use crate::history::{OnProgress, Progress};
use crate::model::{Error, Event, Formats, Result, Seq, Value};
use crate::store::Temporary;

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
    /// What its values mean.
    pub formats: Formats,
}

impl Study<'_> {
    /// Runs both side by side from the first event and stops where they part: at the first difference that `expect`, the text
    /// of an expectation file, does not name. None: they never part. The book is as it was.
    pub fn bisect(
        &mut self,
        base: &Picked,
        candidate: &Picked,
        expect: &str,
        progress: OnProgress<'_>,
    ) -> Result<Option<Divergence>> {
        let mut expectations = Expectations::parse(expect)?;
        if expectations.name_causes() {
            return Err(
                Error::usage("bisect tells no causes, and an expectation names one")
                    .hint("leave `cause` out of what it is to pass over"),
            );
        }
        let paths = ["bisect-base", "bisect-candidate"].map(|what| self.temporary(what));
        let _temporary = Temporary::new(&paths)?;
        let mut side = |picked: &Picked, path: &Path| -> Result<PlayerSide> {
            let schedule = self.schedule_of(picked)?;
            Ok(PlayerSide::new(self.history.player(&schedule, path)?))
        };
        let (mut base, mut candidate) = (side(base, &paths[0])?, side(candidate, &paths[1])?);
        let to = self.head();
        for events in self.history.log.events(Seq(1)..=to) {
            let events = events?;
            let found = part(&mut base, &mut candidate, &events, &mut expectations)?;
            progress(Progress {
                done: events.last().map_or(0, |event| event.seq.0),
                total: to.0,
            });
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }
}

/// Runs both on a piece of the log, up to the event on which they part.
fn part(
    base: &mut PlayerSide,
    candidate: &mut PlayerSide,
    events: &[Event],
    expectations: &mut Expectations,
) -> Result<Option<Divergence>> {
    for event in events {
        let (ours, theirs) = (base.work_out(event)?, candidate.work_out(event)?);
        let is_expected = |found: &[Difference], expectations: &mut Expectations| {
            let about = About {
                seq: event.seq,
                event_type: &event.event_type,
                cause: None,
            };
            found
                .iter()
                .all(|difference| expectations.takes(about, difference))
        };
        if !ours.is_same(&theirs) && !is_expected(&differences(&ours, &theirs), expectations) {
            return Ok(Some(Divergence {
                event: event.clone(),
                differences: differences(&ours, &theirs),
                base: saw(&ours),
                candidate: saw(&theirs),
            }));
        }
        base.apply(&ours)?;
        candidate.apply(&theirs)?;
    }
    base.end_batch()?;
    candidate.end_batch()?;
    Ok(None)
}

fn saw(step: &Step) -> Saw {
    let rows = step.touched.iter().map(|(table, key, row)| {
        let layout = &step.layouts.tables[*table];
        let named = |row: &[Value]| {
            let names = layout.columns.iter().map(|column| column.name.clone());
            names.zip(row.iter().cloned()).collect()
        };
        SeenRow {
            table: layout.name(),
            key: key.clone(),
            row: row.as_ref().map(|row| named(row)),
            formats: layout.formats.clone(),
        }
    });
    Saw {
        rows: rows.collect(),
        searched: step.searched,
    }
}
