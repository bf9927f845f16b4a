//! What events changed that are undone later: a replay takes that back, and not what another one changed. Who runs the log
//! from the event on remembers it; who begins behind it is told.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::{Decoder, History, play, read_ahead, silent};
use crate::engine::Player;
use crate::model::effects::RecordedChange;
use crate::model::undo::inverse;
use crate::model::{Error, Result, Schedule, Seq, Task};
use crate::store::remove_projection;

impl History {
    /// Tells a player all that it has to know to run on to `to`.
    pub(crate) fn remind(&mut self, player: &mut Player, to: Seq) -> Result<()> {
        player.expect_undone(Arc::new(self.log.undone_by_rows()?));
        let position = player.materializer.head().position;
        for event in self.log.undone_across(position, to)? {
            if !player.remembers(event) {
                let schedule = player.plan().schedule.clone();
                let (changes, _) = self.recall(&schedule, event)?;
                player.remind(event, inverse(&changes));
            }
        }
        Ok(())
    }

    /// An event's effects under a schedule, as the log stands: those recorded, where what is in force recorded them; else
    /// those that a replay up to the event gives.
    pub(crate) fn recall(
        &mut self,
        schedule: &Schedule,
        seq: Seq,
    ) -> Result<(Vec<RecordedChange>, Vec<Task>)> {
        let log = &self.log;
        let epochs = log.epochs()?;
        let is_recorded =
            { epochs.last() }.is_some_and(|(from, last)| last == schedule && *from <= seq);
        if is_recorded && let Some(stored) = log.recorded_at(seq)? {
            return Decoder::new(log)?.decode(log, &stored);
        }
        let file = format!("recall-{}.building", crate::model::given::id().simple());
        let path = self.dir.projection(&file);
        let recalled = self.recall_in(&path, schedule, seq);
        remove_projection(&path)?;
        recalled
    }

    fn recall_in(
        &mut self,
        path: &std::path::Path,
        schedule: &Schedule,
        seq: Seq,
    ) -> Result<(Vec<RecordedChange>, Vec<Task>)> {
        let start = self.start(schedule, Seq(seq.0 - 1))?;
        let plan = self.plan(schedule)?;
        let runtime = self.library.runtime.clone();
        let mut player = Player::begin(runtime, plan, path, start.as_ref())?;
        self.remind(&mut player, seq)?;
        let events = self.events_apart(player.materializer.head().position.next()..=seq)?;
        let found = read_ahead(events, |pieces| {
            play(&mut player, pieces, seq, &mut silent(), |player, event| {
                let outcome = player.run(&event).map_err(Error::from)?;
                if event.seq == seq {
                    let layouts = &player.materializer.program().layouts;
                    let changes = outcome.effects.recorded(layouts);
                    return Ok(ControlFlow::Break((changes, outcome.effects.tasks)));
                }
                player.apply()?;
                Ok(ControlFlow::Continue(()))
            })
        })?;
        found.ok_or_else(|| Error::internal(format!("event {seq} was not reached")))
    }
}
