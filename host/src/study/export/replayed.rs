//! The stretch's events with their effects: those that were recorded; or, where they were recorded for payloads that are not in
//! force any more, those that a replay gives.

use super::Segment;
use crate::engine::{Library, Player};
use crate::history::{Changed, History, Rebuild, silent};
use crate::model::{Digest, Error, Result, Seq};
use crate::store::{Catalog, Projection, Temporary};
use crate::study::Study;

/// What is told of an event: the log and the versions, and what it did.
pub(super) type Visit<'v> = &'v mut dyn FnMut((&Catalog, &mut Library), Changed) -> Result<()>;

impl Study<'_> {
    /// Tells of each event of a segment, in order.
    pub(super) fn each(&mut self, segment: &Segment, visit: Visit<'_>) -> Result<()> {
        if segment.is_replayed {
            return self.each_again(segment, visit);
        }
        let History { log, library, .. } = &mut *self.history;
        let events = { log.recorded(segment.from..=segment.to) }.with(&segment.payloads);
        for piece in events.changes()? {
            for changed in piece? {
                visit((log, library), changed)?;
            }
        }
        Ok(())
    }

    fn each_again(&mut self, segment: &Segment, visit: Visit<'_>) -> Result<()> {
        let path = self.temporary("export-replay");
        let _file = Temporary::new(std::slice::from_ref(&path))?;
        let last = Seq(segment.from.0 - 1);
        let rebuild = Rebuild::of(&segment.schedule, &path, last);
        self.history.build(rebuild, &mut silent())?;
        let plan = self.plan(&segment.schedule)?;
        let runtime = self.history.library.runtime.clone();
        let mut player = Player::resume(runtime, plan, &path, last)?;
        self.history.remind(&mut player, segment.to)?;
        let History { log, library, .. } = &mut *self.history;
        for piece in log.recorded(segment.from..=segment.to) {
            for stored in piece? {
                let outcome = player.run(&stored.event).map_err(Error::from)?;
                player.apply()?;
                let layouts = &player.materializer.program().layouts;
                let changed = Changed {
                    changes: outcome.effects.recorded(layouts),
                    tasks: outcome.effects.tasks,
                    stored,
                };
                visit((log, library), changed)?;
            }
            player.materializer.end_batch()?;
        }
        Ok(())
    }

    /// Digest of the live state's rows; none where it is not at a position, since the book went on, or cannot be read: an
    /// export needs the log alone.
    pub(super) fn live_rows(&mut self, position: Seq) -> Result<Option<Digest>> {
        let live = self.history.log.live()?;
        if live.schedule != *self.live {
            return Ok(None);
        }
        let layouts = self.plan(self.live)?.at(position).0.layouts.clone();
        let path = self.history.dir.projection(&live.file);
        let rows = Projection::snapshot(&path, layouts).and_then(|mut projection| {
            match projection.head().position == position {
                true => projection.rows_digest().map(Some),
                false => Ok(None),
            }
        });
        Ok(rows.unwrap_or_else(|error| {
            tracing::debug!(%error, "the live state cannot be read; its rows are not compared");
            None
        }))
    }
}
