//! A projection materialized from the log again, under a schedule.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::{History, NO_PAYLOADS, OnProgress, Payloads, hole, play, read_ahead};
use crate::engine::{Player, Start};
use crate::model::{Error, Result, Schedule, Seq};
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
        let plan = self.plan(schedule)?;
        // A snapshot is of the log as it is.
        let changed = payloads.keys().next().map_or(to, |first| Seq(first.0 - 1));
        let start = self.start(schedule, to.min(changed))?;
        let mut player = Player::begin(self.library.runtime.clone(), plan, path, start.as_ref())?;
        self.remind(&mut player, to)?;
        let first = player.materializer.head().position.next();
        let events = self.events_apart(first..=to)?.with(payloads);
        let mut effects = Vec::new();
        read_ahead(events, |pieces| {
            play(&mut player, pieces, to, progress, |player, event| {
                let outcome = player.run(&event).map_err(Error::from)?;
                if event.seq == watched {
                    effects = outcome.body;
                }
                player.keep()?;
                Ok(ControlFlow::<()>::Continue(()))
            })
        })?;
        self.finish(player)?;
        Ok(effects)
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
