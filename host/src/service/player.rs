//! A materializer that follows a plan: it changes lineups where the plan says, and is otherwise the one path.

use std::path::Path;
use std::sync::Arc;

use super::library::Plan;
use super::materializer::{Failure, Materializer, Outcome};
use super::snapshots::Start;
use crate::model::{Error, Event, Result, Seq};
use crate::runtime::Runtime;
use crate::store::{Access, Projection};

pub struct Player {
    pub materializer: Materializer,
    plan: Plan,
    next_switch: Option<Seq>,
}

impl Player {
    /// On a new projection file, from the first event.
    pub fn new(runtime: Arc<Runtime>, plan: Plan, path: &Path) -> Result<Player> {
        let program = plan.first().clone();
        let projection = Projection::create(path, program.layouts.clone(), Access::Building)?;
        let next_switch = plan.at(Seq(1)).1;
        Ok(Player {
            materializer: Materializer::new(runtime, program, projection),
            plan,
            next_switch,
        })
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
        let (program, next_switch) = plan.at(start.position);
        let program = program.clone();
        let projection = Projection::open(path, program.layouts.clone(), Access::Building)?;
        Ok(Player {
            materializer: Materializer::new(runtime, program, projection),
            plan,
            next_switch,
        })
    }

    /// Goes on with an existing projection.
    pub fn resume(runtime: Arc<Runtime>, plan: Plan, path: &Path, position: Seq) -> Result<Player> {
        let (program, next_switch) = plan.at(position);
        let program = program.clone();
        let projection = Projection::open(path, program.layouts.clone(), Access::Live)?;
        Ok(Player {
            materializer: Materializer::new(runtime, program, projection),
            plan,
            next_switch,
        })
    }

    /// What it follows.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Works out the effects of the next event, under the lineup that the plan has for it.
    pub fn run(&mut self, event: &Event) -> Result<Outcome, Failure> {
        if self.next_switch.is_some_and(|next| event.seq >= next) {
            let (program, next) = self.plan.at(event.seq);
            let program = program.clone();
            self.next_switch = next;
            self.materializer.switch(program)?;
        }
        self.materializer.run(event)
    }

    /// Takes part in a batch: keeps memory flat while a transaction is open.
    pub fn keep(&mut self) -> Result<()> {
        self.materializer.keep()?;
        if self.materializer.projection().is_full() {
            self.materializer.projection().shrink()?;
        }
        Ok(())
    }
}
