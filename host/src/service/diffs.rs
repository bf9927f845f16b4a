//! Diff of two choices of logic over a book's log. Both work on projections of their own, which are thrown away.

use std::path::PathBuf;
use std::sync::Arc;

use super::book::{Book, remove_projection};
use super::library::Plan;
use super::materializer::{Failure, Outcome};
use super::player::Player;
use super::replays::Picked;
use crate::diff::{Base, Cause, Cost, Expectations, Side, Sink, Step, Summary, run};
use crate::model::log::EventLog;
use crate::model::{Error, Event, Layouts, Result, Row, Seq};
use crate::replay::OnProgress;
use crate::store::LogDb;

/// What to compare.
#[derive(Debug, Clone)]
pub struct DiffRequest {
    pub base: Picked,
    pub candidate: Picked,
    /// First event whose differences are told. Both sides always start from the first event of the log.
    pub from: Option<Seq>,
    pub to: Option<Seq>,
}

impl Book {
    /// Runs both and tells the sink what differs. The book is as it was.
    pub fn diff(
        &mut self,
        request: &DiffRequest,
        expectations: &mut Expectations,
        sink: &mut dyn Sink,
        progress: OnProgress<'_>,
    ) -> Result<Summary> {
        let to = request.to.unwrap_or(self.head());
        let from = request.from.unwrap_or(Seq(1));
        if to > self.head() || from.0 == 0 || from > to.next() {
            return Err(Error::usage(format!(
                "events {from} to {to} are not a range of the log; its head is {}",
                self.head()
            )));
        }
        let base_schedule = self.schedule_of(&request.base)?;
        let candidate_schedule = self.schedule_of(&request.candidate)?;
        let (base_plan, candidate_plan) = (self.plan(&base_schedule)?, self.plan(&candidate_schedule)?);
        let paths = [self.dir.projection("diff-base.building"), self.dir.projection("diff-candidate.building")];
        let _temporary = Temporary::new(&paths)?;
        let runtime = self.library.runtime.clone();
        let mut base = BaseSide {
            side: PlayerSide::new(Player::new(runtime.clone(), base_plan, &paths[0])?),
            candidate: candidate_plan.clone(),
        };
        let mut candidate = PlayerSide::new(Player::new(runtime, candidate_plan, &paths[1])?);
        let log = LogDb::open(&self.dir.log())?;
        let source = Box::new(move |from, to, count_max| log.read(from, to, count_max));
        let summary = Summary {
            base: name(&request.base),
            candidate: name(&request.candidate),
            from,
            to,
            ..Summary::default()
        };
        run(source, &mut base, &mut candidate, expectations, sink, summary, progress)
    }
}

/// As the user named it.
fn name(picked: &Picked) -> String {
    match picked {
        Picked::Recorded => "recorded".to_owned(),
        Picked::Pinned(versions) => {
            versions.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        }
    }
}

/// Projection files that are gone when the diff is.
struct Temporary(Vec<PathBuf>);

impl Temporary {
    fn new(paths: &[PathBuf]) -> Result<Temporary> {
        for path in paths {
            remove_projection(path)?;
        }
        Ok(Temporary(paths.to_vec()))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        for path in &self.0 {
            if let Err(error) = remove_projection(path) {
                tracing::warn!(%error, "removing a diff's projection");
            }
        }
    }
}

struct PlayerSide {
    player: Player,
    cost: Cost,
    events_since_commit: usize,
}

impl PlayerSide {
    fn new(player: Player) -> Self {
        PlayerSide { player, cost: Cost::default(), events_since_commit: 0 }
    }

    fn layouts_now(&self) -> Arc<Layouts> {
        self.player.materializer.program().layouts.clone()
    }

    /// As the engine wants it: an event of doom is an answer, a fault of the host is not.
    fn step_of(&self, result: Result<Outcome, Failure>, layouts: Arc<Layouts>) -> Result<Step> {
        match result {
            Ok(outcome) => Ok(Step { layouts, outcome: Ok((outcome.effects, outcome.body)) }),
            Err(Failure::Doom(doom)) => {
                Ok(Step { layouts, outcome: Err(format!("{} {}", doom.version.plugin, doom.error)) })
            }
            Err(Failure::Host(error)) => Err(error),
        }
    }

    fn work_out(&mut self, event: &Event) -> Result<Step> {
        let result = self.player.run(event);
        if let Ok(outcome) = &result {
            self.cost.fuel += outcome.usage.fuel;
            self.cost.host_calls += outcome.usage.host_calls;
            self.cost.rows_read += outcome.usage.rows_read;
            self.cost.rows_written += outcome.usage.rows_written;
        }
        let layouts = self.layouts_now();
        self.step_of(result, layouts)
    }

    fn keep(&mut self, step: &Step) -> Result<()> {
        self.events_since_commit += 1;
        if step.outcome.is_ok() { self.player.keep() } else { Ok(()) }
    }
}

impl Side for PlayerSide {
    fn step(&mut self, event: &Event) -> Result<Step> {
        let step = self.work_out(event)?;
        self.keep(&step)?;
        Ok(step)
    }

    fn end_batch(&mut self) -> Result<()> {
        if self.events_since_commit >= crate::model::limits::REPLAY_BATCH {
            self.events_since_commit = 0;
            self.player.materializer.commit()?;
        }
        Ok(())
    }

    fn layouts(&self) -> Arc<Layouts> {
        self.layouts_now()
    }

    fn scan(&mut self, table: usize, visit: &mut dyn FnMut(Row) -> Result<()>) -> Result<()> {
        self.player.materializer.projection().scan(table, visit)
    }

    fn cost(&self) -> Cost {
        self.cost
    }
}

struct BaseSide {
    side: PlayerSide,
    candidate: Plan,
}

impl Side for BaseSide {
    fn step(&mut self, event: &Event) -> Result<Step> {
        self.side.step(event)
    }
    fn end_batch(&mut self) -> Result<()> {
        self.side.end_batch()
    }
    fn layouts(&self) -> Arc<Layouts> {
        self.side.layouts()
    }
    fn scan(&mut self, table: usize, visit: &mut dyn FnMut(Row) -> Result<()>) -> Result<()> {
        self.side.scan(table, visit)
    }
    fn cost(&self) -> Cost {
        self.side.cost()
    }
}

impl Base for BaseSide {
    fn step_beside(&mut self, event: &Event, candidate: &Step) -> Result<(Step, Option<Cause>)> {
        let step = self.side.work_out(event)?;
        if step.is_same(candidate) {
            self.side.keep(&step)?;
            return Ok((step, None));
        }
        // The event's effects are not in the projection yet: this is the base's state before it. What was worked out
        // is set aside, the candidate is tried, and the base's effects are put back.
        let program = self.candidate.at(event.seq).0.clone();
        let materializer = &mut self.side.player.materializer;
        let aside = materializer.set_aside()?;
        let probed = materializer.probe(&program, event);
        let probed = self.side.step_of(probed, program.layouts.clone())?;
        self.side.player.materializer.put_back(aside)?;
        let cause = if step.is_same(&probed) { Cause::Inherited } else { Cause::Direct };
        self.side.keep(&step)?;
        Ok((step, Some(cause)))
    }
}
