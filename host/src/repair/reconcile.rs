//! Reconciling: the live state, and the effects of the present epoch, beside what the log's events yield; put right where
//! they differ.

use std::ops::ControlFlow;

use crate::book::SystemEvent;
use crate::model::log::{LocalOp, LogOp};
use serde_json::json;

use super::repairable::check_words;
use super::retask::{own_tasks, retasked};
use crate::book::Book;
use crate::diff::{FinalRow, compare_states};
use crate::engine::Player;
use crate::history::{OnProgress, play};
use crate::model::event::STATE_RECONCILED;
use crate::model::{Error, Result, Seq};
use crate::store::remove_projection;
use crate::study::PlayerSide;

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reconciled {
    /// Rows that differ.
    pub rows: u64,
    /// Events whose recorded effects differ.
    pub effects: u64,
    /// The event that records the repair; none where nothing differed, or none was asked for.
    pub repaired: Option<Seq>,
}

impl Book {
    /// Materializes the log anew under what is in force, from its first event and from no snapshot, and tells `visit` of
    /// every row in which the live state (the candidate) differs from it. With a reason, the new state takes the live one's
    /// place where they differ, the present epoch's effects are what its events yield, and the snapshots go.
    pub fn reconcile(
        &mut self,
        repair: Option<&str>,
        visit: &mut dyn FnMut(&FinalRow) -> Result<()>,
        progress: OnProgress<'_>,
    ) -> Result<Reconciled> {
        if let Some(reason) = repair {
            check_words(reason, None)?;
        }
        self.check_current()?;
        let record = self.next_live();
        let path = self.history.dir.projection(&record.file);
        let result = self.build_and_compare(&path, visit, progress);
        let (rows, effects, ops) = match result {
            Ok((rows, effects, ops)) if rows + effects > 0 && repair.is_some() => {
                (rows, effects, ops)
            }
            other => {
                remove_projection(&path)?;
                return other.map(|(rows, effects, _)| Reconciled {
                    rows,
                    effects,
                    repaired: None,
                });
            }
        };
        let data = json!({ "rows": rows, "effects": effects, "reason": repair });
        let mut local = vec![LocalOp::Projection(record.clone())];
        // Any of them may be a copy of what was wrong.
        local.extend(
            { self.history.log.snapshots()? }
                .into_iter()
                .map(|gone| LocalOp::RemoveSnapshot { file: gone.file }),
        );
        let kept = self.append_system(SystemEvent {
            event_type: STATE_RECONCILED,
            data: data.to_string(),
            ops,
            local,
        });
        let seq = match kept {
            Ok(seq) => seq,
            Err(error) => {
                remove_projection(&path)?;
                return Err(error);
            }
        };
        self.switch_live(record, seq)?;
        self.remove_forgotten()?;
        self.task_news.anew |= effects > 0;
        Ok(Reconciled {
            rows,
            effects,
            repaired: Some(seq),
        })
    }

    /// How many rows and effects differ, and what puts the effects right.
    fn build_and_compare(
        &mut self,
        path: &std::path::Path,
        visit: &mut dyn FnMut(&FinalRow) -> Result<()>,
        progress: OnProgress<'_>,
    ) -> Result<(u64, u64, Vec<LogOp>)> {
        let (schedule, head) = (self.live.record.schedule.clone(), self.head());
        let mut player = self.history.player(&schedule, path)?;
        let log = &self.history.log;
        let epoch = log.epochs()?.last().map_or(Seq(1), |(from, _)| *from);
        let (mut ops, mut effects) = (Vec::new(), 0);
        let events = log.recorded(Seq(1)..=head);
        play(&mut player, events, head, progress, |player, record| {
            let event = &record.event;
            let outcome = player.run(event).map_err(Error::from)?;
            if event.seq >= epoch && outcome.body != record.effects {
                let own = own_tasks(log, event.seq)?;
                ops.push(LogOp::Effects {
                    seq: event.seq,
                    effects: outcome.body,
                });
                ops.extend(retasked(&own, &outcome.effects.tasks));
                effects += 1;
            }
            player.apply()?;
            Ok(ControlFlow::<()>::Continue(()))
        })?;
        self.history.finish(player)?;
        let live = self.live_path();
        let mut side = |file: &std::path::Path| -> Result<PlayerSide> {
            let plan = self.plan(&schedule)?;
            let runtime = self.history.library.runtime.clone();
            Ok(PlayerSide::new(Player::resume(runtime, plan, file, head)?))
        };
        let (mut built, mut live) = (side(path)?, side(&live)?);
        let mut rows = 0;
        compare_states(&mut built, &mut live, |row| {
            rows += 1;
            visit(&row)
        })?;
        Ok((rows, effects, ops))
    }
}
