//! A projection materialized from the log again, under a schedule.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::{Cast, History, Kept, NO_PAYLOADS, OnProgress, Payloads, hole};
use crate::engine::{Player, Start};
use crate::model::heard::{HeardLine, HeardLines};
use crate::model::{Error, Event, LogLine, Result, Schedule, Seq};
use crate::runtime::fingerprint;

/// What is to be materialized again: `1..=to`, into a new projection file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rebuild<'a> {
    schedule: &'a Schedule,
    path: &'a Path,
    to: Seq,
    /// Other payloads than the log's, for some events.
    payloads: &'a Payloads,
    /// The event whose effects are wanted.
    watched: Seq,
    /// Takes what handlers log.
    heard: Option<&'a Heard>,
}

/// Lines that are kept of what handlers log in one replay; all are counted.
const HEARD_LINES_MAX: usize = 1_000;

/// What handlers logged while events were run again.
#[derive(Debug, Default)]
pub struct Heard(Mutex<HeardLines>);

impl Heard {
    /// Events of one part come in order; parts come side by side.
    fn hear(&self, event: &Event, lines: &[LogLine]) {
        if lines.is_empty() {
            return;
        }
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.count += lines.len() as u64;
        heard.lines.extend(lines.iter().map(|line| HeardLine {
            event: event.seq,
            event_type: event.event_type.clone(),
            line: line.clone(),
        }));
        // A part that is ahead may have filled it with later ones.
        if heard.lines.len() > 2 * HEARD_LINES_MAX {
            heard.shrink(HEARD_LINES_MAX);
        }
    }

    pub fn into_lines(self) -> HeardLines {
        let mut heard = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        heard.shrink(HEARD_LINES_MAX);
        heard
    }
}

impl<'a> Rebuild<'a> {
    pub fn of(schedule: &'a Schedule, path: &'a Path, to: Seq) -> Rebuild<'a> {
        Rebuild {
            schedule,
            path,
            to,
            payloads: &NO_PAYLOADS,
            watched: Seq::ZERO,
            heard: None,
        }
    }

    /// What handlers log is wanted: of all events, so nothing begins at a snapshot.
    pub fn heard_by(self, heard: Option<&'a Heard>) -> Rebuild<'a> {
        Rebuild { heard, ..self }
    }

    pub fn with(self, payloads: &'a Payloads) -> Rebuild<'a> {
        Rebuild { payloads, ..self }
    }

    pub fn watching(self, watched: Seq) -> Rebuild<'a> {
        Rebuild { watched, ..self }
    }
}

impl History {
    /// Materializes from the nearest snapshot that fits. Gives the canonical effects of the watched event.
    pub(crate) fn build(
        &mut self,
        rebuild: Rebuild<'_>,
        progress: OnProgress<'_>,
    ) -> Result<Vec<u8>> {
        let Rebuild {
            schedule,
            path,
            to,
            payloads,
            watched,
            heard,
        } = rebuild;
        // A snapshot is of the log as it is.
        let changed = payloads.keys().next().map_or(to, |first| Seq(first.0 - 1));
        let start = match heard {
            Some(_) => None,
            None => self.start(schedule, to.min(changed))?,
        };
        let cast = Cast {
            schedule,
            path,
            start: start.as_ref(),
            payloads,
            prepare: &|_| Ok(()),
        };
        let effects = Mutex::new(Vec::new());
        let step = |player: &mut Player, event: &Event| {
            let outcome = player.run(event).map_err(Error::from)?;
            if event.seq == watched {
                let mut effects = effects.lock().unwrap_or_else(PoisonError::into_inner);
                effects.clone_from(&outcome.body);
            }
            if let Some(heard) = heard {
                heard.hear(event, &outcome.log);
            }
            player.apply()?;
            Ok(ControlFlow::<(), _>::Continue(Kept::of(outcome)))
        };
        let (player, _) = self.play_all(&cast, to, &|| Ok(()), progress, step)?;
        self.finish(player)?;
        Ok(effects.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// Ends the building of a projection that the log yields: its file says from now on which history it is of.
    pub(crate) fn finish(&self, player: Player) -> Result<PathBuf> {
        let mut projection = player.materializer.into_projection();
        let position = projection.head().position;
        let origin = { self.log.origin_at(position)? }.ok_or_else(|| hole(position))?;
        projection.set_origin(origin);
        projection.finish()
    }

    /// The last snapshot before `to` that the schedule would have led to: made by this very engine, of this very history, and
    /// in agreement with the schedule up to its own position. None: a replay starts at the first event.
    pub(crate) fn start(&self, schedule: &Schedule, to: Seq) -> Result<Option<Start>> {
        let made_by = fingerprint();
        let fitting = self.log.snapshots()?.into_iter().rev().find(|it| {
            it.position <= to
                && it.made_by == made_by
                && it.schedule.until(it.position) == schedule.until(it.position)
                && { self.log.position_of(&self.dir.snapshot(&it.file)) }
                    .is_ok_and(|position| position == it.position)
        });
        Ok(fitting.map(|it| Start {
            path: self.dir.snapshot(&it.file),
            position: it.position,
        }))
    }
}
