//! A materializer that follows a plan: it changes lineups where the plan says, and is otherwise the one path.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::library::Plan;
use super::materializer::{Failure, Materializer, Outcome};
use crate::model::undo::{RowUndo, inverse};
use crate::model::{Error, Event, Result, Seq};
use crate::runtime::Runtime;
use crate::store::{Access, Projection};

pub struct Player {
    pub materializer: Materializer,
    plan: Plan,
    next_switch: Option<Seq>,
    /// Events before its first one of which it knows what they changed.
    reminded: BTreeSet<Seq>,
}

/// A projection to be copied, and the event after which it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Start {
    pub path: PathBuf,
    pub position: Seq,
}

impl Player {
    /// On a new projection file, from the first event.
    pub fn new(runtime: Arc<Runtime>, plan: Plan, path: &Path) -> Result<Player> {
        let layouts = plan.first().layouts.clone();
        let projection = Projection::create(path, layouts, Access::Building)?;
        Ok(Self::on(runtime, plan, projection, Seq(1)))
    }

    /// On a new projection file, from a copy of what is known of the way.
    pub fn begin(
        runtime: Arc<Runtime>,
        plan: Plan,
        path: &Path,
        start: Option<&Start>,
    ) -> Result<Player> {
        let Some(start) = start else {
            return Player::new(runtime, plan, path);
        };
        std::fs::copy(&start.path, path)
            .map_err(|error| Error::io(format!("copying {}", start.path.display()), error))?;
        let layouts = plan.at(start.position).0.layouts.clone();
        let projection = Projection::open(path, layouts, Access::Building)?;
        Ok(Self::on(runtime, plan, projection, start.position))
    }

    /// Goes on with an existing projection.
    pub fn resume(runtime: Arc<Runtime>, plan: Plan, path: &Path, position: Seq) -> Result<Player> {
        let layouts = plan.at(position).0.layouts.clone();
        let projection = Projection::open(path, layouts, Access::Live)?;
        Ok(Self::on(runtime, plan, projection, position))
    }

    fn on(runtime: Arc<Runtime>, plan: Plan, projection: Projection, position: Seq) -> Player {
        let (program, next_switch) = plan.at(position);
        let mut materializer = Materializer::new(runtime, program.clone(), projection);
        materializer.set_calls(plan.calls);
        Player {
            materializer,
            plan,
            next_switch,
            reminded: BTreeSet::new(),
        }
    }

    /// Which events are undone somewhere behind them: of those that it is still to run, it remembers what they change.
    pub fn expect_undone(&mut self, undone: Arc<BTreeSet<Seq>>) {
        self.plan.undone = undone;
    }

    /// Tells it what takes back an event that it has behind itself.
    pub fn remind(&mut self, event: Seq, undo: Vec<RowUndo>) {
        self.reminded.insert(event);
        self.materializer.remember(event, undo);
    }

    /// Tells it what another player remembers.
    pub fn remember_from(&mut self, other: &mut Player) {
        for (event, undo) in other.materializer.take_undone() {
            self.remind(event, undo);
        }
    }

    /// True where it knows what an event changed.
    pub fn remembers(&self, event: Seq) -> bool {
        self.reminded.contains(&event)
    }

    /// What it follows.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Works out the effects of the next event, under the lineup that the plan has for it.
    pub fn run(&mut self, event: &Event) -> Result<Outcome, Failure> {
        self.reach(event.seq)?;
        let result = self.materializer.run(event);
        if self.plan.undone.contains(&event.seq) {
            let undo = match &result {
                Ok(outcome) => {
                    let layouts = &self.materializer.program().layouts;
                    inverse(&outcome.effects.recorded(layouts))
                }
                // It changed nothing.
                Err(Failure::Doom(_)) => Vec::new(),
                Err(Failure::Host(_)) => return result,
            };
            self.remind(event.seq, undo);
        }
        result
    }

    /// Goes on with the lineup that the plan has for an event.
    pub fn reach(&mut self, seq: Seq) -> Result<()> {
        if self.next_switch.is_some_and(|next| seq >= next) {
            let (program, next) = self.plan.at(seq);
            let program = program.clone();
            self.next_switch = next;
            self.materializer.switch(program)?;
        }
        Ok(())
    }

    /// Keeps the event's effects in the batch.
    pub fn apply(&mut self) -> Result<()> {
        self.materializer.apply_in_batch()
    }
}
