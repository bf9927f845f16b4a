//! A projection materialized from the log again, under a schedule.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::{Cast, History, Kept, NO_PAYLOADS, OnProgress, Payloads, hole};
use crate::engine::{Player, Start};
use crate::model::{Error, Event, Result, Schedule, Seq};
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
}

impl<'a> Rebuild<'a> {
    pub fn of(schedule: &'a Schedule, path: &'a Path, to: Seq) -> Rebuild<'a> {
        Rebuild {
            schedule,
            path,
            to,
            payloads: &NO_PAYLOADS,
            watched: Seq::ZERO,
        }
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
        } = rebuild;
        // A snapshot is of the log as it is.
        let changed = payloads.keys().next().map_or(to, |first| Seq(first.0 - 1));
        let start = self.start(schedule, to.min(changed))?;
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
