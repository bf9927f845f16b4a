//! Tasks that what is in force asks for, of events that were handled when something else was: a replay shows them and asks
//! nobody. Here they are listed, and enqueued where somebody wants them carried out after all.

use crate::book::SystemEvent;
use crate::model::log::{LogOp, RecordedTask};
use crate::model::{Delivery, clock};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde_json::json;

use super::onlooker::Study;
use super::replays::Picked;
use crate::book::Book;
use crate::engine::{Failure, Player, task_id_of};
use crate::history::{Decoder, OnProgress, play};
use crate::model::event::TASKS_ENQUEUED;
use crate::model::task::REACT_KIND;
use crate::model::{Error, Event, Place, Result, Seq, Task};
use crate::store::FIRST_LATE;
use crate::store::Temporary;

/// A task that an event asks for under what is in force, and did not when it was handled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LateTask {
    pub event: Seq,
    /// CloudEvents source, id and time of the event, from which the task's id derives.
    pub source: String,
    pub id: String,
    pub time: String,
    pub task: Task,
}

impl Study<'_> {
    /// Replays the log under what is in force and tells of every task that neither was recorded nor enqueued late, and that
    /// the versions which handled the event do not ask for either, where a repair made its recorded effects stale. A task
    /// counts as the same where kind, key and data are.
    pub fn late_tasks(
        &mut self,
        visit: &mut dyn FnMut(LateTask) -> Result<()>,
        progress: OnProgress<'_>,
    ) -> Result<()> {
        let paths = ["tasks", "tasks-before"].map(|what| self.temporary(what));
        let _temporary = Temporary::new(&paths)?;
        let stale = self.history.log.stale_effects()?;
        let mut before = match &stale {
            Some(_) => {
                let schedule = self.schedule_of(&Picked::Recorded)?;
                Some(self.history.player(&schedule, &paths[1])?)
            }
            None => None,
        };
        let is_stale = |seq: Seq| stale.as_ref().is_some_and(|stale| stale.contains(&seq));
        let mut player = self.history.player(self.live, &paths[0])?;
        let log = &self.history.log;
        let enqueued = log.late_tasks()?;
        let mut decoder = Decoder::new(log)?;
        let to = self.head();
        let events = log.recorded(Seq(1)..=to);
        play(&mut player, events, to, progress, |player, stored| {
            let event = &stored.event;
            let asked = player.run(event).map_err(Error::from)?.effects.tasks;
            player.keep()?;
            let asked_before = match &mut before {
                Some(player) => asked_now(player, event)?,
                None => Vec::new(),
            };
            if asked.is_empty() {
                return Ok(ControlFlow::<()>::Continue(()));
            }
            let (_, mut recorded) = decoder.decode(log, &stored)?;
            if is_stale(event.seq) {
                join(&mut recorded, asked_before);
            }
            for task in asked {
                let same = |other: &Task| is_same(other, &task);
                if task.kind == REACT_KIND {
                    // A blocking reaction belongs to its event's own transaction, or to none.
                    continue;
                }
                if let Some(at) = recorded.iter().position(same) {
                    recorded.swap_remove(at);
                } else if !enqueued.contains_key(&(event.seq, task.clone())) {
                    visit(LateTask {
                        event: event.seq,
                        source: event.source.clone(),
                        id: event.id.clone(),
                        time: event.time.clone(),
                        task,
                    })?;
                }
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(())
    }
}

fn is_same(one: &Task, other: &Task) -> bool {
    (&one.kind, &one.key, &one.data) == (&other.kind, &other.key, &other.data)
}

/// What an event asks for under the versions that handled it, as the book stands. Where they cannot handle it any more, that
/// is nothing.
fn asked_now(player: &mut Player, event: &Event) -> Result<Vec<Task>> {
    match player.run(event) {
        Ok(outcome) => {
            player.keep()?;
            Ok(outcome.effects.tasks)
        }
        Err(Failure::Doom(_)) => Ok(Vec::new()),
        Err(Failure::Host(error)) => Err(error),
    }
}

/// Adds what is not there yet; a task that is asked for twice is there twice.
fn join(tasks: &mut Vec<Task>, more: Vec<Task>) {
    let mut known = tasks.clone();
    for task in more {
        match known.iter().position(|other| is_same(other, &task)) {
            Some(at) => drop(known.swap_remove(at)),
            None => tasks.push(task),
        }
    }
}

impl Book {
    /// Enqueues late tasks, all of them in one transaction; those that were enqueued meanwhile are left out. Gives how many,
    /// and the event that says so.
    pub fn enqueue_late(
        &mut self,
        tasks: &[LateTask],
        actor: Option<&str>,
    ) -> Result<(u64, Option<Seq>)> {
        self.check_current()?;
        let known = self.history.log.late_tasks()?;
        let new: Vec<&LateTask> = { tasks.iter() }
            .filter(|late| !known.contains_key(&(late.event, late.task.clone())))
            .collect();
        if new.is_empty() {
            return Ok((0, None));
        }
        let count = new.len() as u64;
        let data = json!({
            "tasks": count,
            "lineup": self.lineup().to_string(),
            "actor": actor,
        });
        let mut next: BTreeMap<Seq, u32> = BTreeMap::new();
        for ((event, _), ordinal) in &known {
            let next = next.entry(*event).or_insert(FIRST_LATE);
            *next = (*next).max(ordinal + 1);
        }
        // Told in vain, the gateway looks once more than it has to.
        self.task_news.anew = true;
        let mut ops = Vec::with_capacity(2 * new.len());
        for late in new {
            let ordinal = next.entry(late.event).or_insert(FIRST_LATE);
            let id = task_id_of(&late.source, &late.id, &late.time, *ordinal as usize);
            let place = Place {
                seq: late.event,
                ordinal: *ordinal,
            };
            *ordinal += 1;
            // The gateway has been past the event: that the task waits is told beside it.
            let waits = Delivery {
                changed_at: clock::now(),
                ..Delivery::untouched(place, &late.task.kind)
            };
            let task = RecordedTask {
                id,
                task: late.task.clone(),
            };
            ops.extend([LogOp::Task { place, task }, LogOp::Delivery(waits)]);
        }
        let seq = self.record_system(SystemEvent {
            event_type: TASKS_ENQUEUED,
            data: data.to_string(),
            ops,
            local: Vec::new(),
        })?;
        Ok((count, Some(seq)))
    }
}
