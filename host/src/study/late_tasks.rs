//! Tasks that what is in force asks for, of events that were handled when something else was: a replay shows them and asks
//! nobody. Here they are listed, and enqueued where somebody wants them carried out after all.

use crate::book::SystemEvent;
use crate::model::log::{LogOp, RecordedTask};
use crate::model::same_task::{paired, without};
use crate::model::{Delivery, Schedule, clock};
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
use crate::store::{Catalog, FIRST_LATE, LateRow, Temporary};

/// A task that an event asks for under what is in force, and did not when it was handled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LateTask {
    pub event: Seq,
    /// CloudEvents source, id and time of the event, from which the task's id derives.
    pub source: String,
    pub id: String,
    pub time: String,
    pub task: Task,
    /// How many that are the same the event has late already, those before it in a list included.
    pub known: usize,
}

impl Study<'_> {
    /// Replays the log under what is in force and tells of every task that nobody was ever asked to carry out: that neither
    /// was recorded nor enqueued late. Where a repair made its event's effects stale, what the versions that asked then ask
    /// for now is no new task either. A task counts as the same where kind, key and data are.
    pub fn late_tasks(
        &mut self,
        visit: &mut dyn FnMut(LateTask) -> Result<()>,
        progress: OnProgress<'_>,
    ) -> Result<()> {
        let stale = self.history.log.stale_effects()?;
        let known = Known::read(&self.history.log, self.live)?;
        let schedules = match &stale {
            Some(_) => {
                let recorded = self.schedule_of(&Picked::Recorded)?;
                [recorded].into_iter().chain(known.others()).collect()
            }
            None => Vec::new(),
        };
        let paths: Vec<_> = (0..=schedules.len())
            .map(|at| self.temporary(&format!("tasks-{at}")))
            .collect();
        let _temporary = Temporary::new(&paths)?;
        let mut before: Vec<Player> = { schedules.iter().zip(&paths[1..]) }
            .map(|(schedule, path)| self.history.player(schedule, path))
            .collect::<Result<_>>()?;
        let is_stale = |seq: Seq| stale.as_ref().is_some_and(|stale| stale.contains(&seq));
        let mut player = self.history.player(self.live, &paths[0])?;
        let log = &self.history.log;
        let mut decoder = Decoder::new(log)?;
        let to = self.head();
        let events = log.recorded(Seq(1)..=to);
        play(&mut player, events, to, progress, |player, stored| {
            let event = &stored.event;
            let mut asked = player.run(event).map_err(Error::from)?.effects.tasks;
            player.apply()?;
            let asked_before: Vec<Vec<Task>> = { before.iter_mut() }
                .map(|player| asked_now(player, event))
                .collect::<Result<_>>()?;
            // A blocking reaction belongs to its event's own transaction, or to none.
            asked.retain(|task| task.kind != REACT_KIND);
            if asked.is_empty() {
                return Ok(ControlFlow::<()>::Continue(()));
            }
            let (_, mut recorded) = decoder.decode(log, &stored)?;
            known.without_gone(log, event.seq, &mut asked, &recorded)?;
            if is_stale(event.seq) {
                join(&mut recorded, asked_before[0].clone());
            }
            without(&mut asked, &recorded);
            let late = known.late(event.seq);
            let others = is_stale(event.seq).then(|| &asked_before[1..]);
            known.without_late(late, &mut asked, others, &recorded);
            for (at, task) in asked.iter().enumerate() {
                let late = late.iter().map(|row| &row.task);
                let same = late.chain(&asked[..at]).filter(|known| known.is_same(task));
                visit(LateTask {
                    event: event.seq,
                    source: event.source.clone(),
                    id: event.id.clone(),
                    time: event.time.clone(),
                    known: same.count(),
                    task: task.clone(),
                })?;
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(())
    }
}

/// What was enqueued late already, and which tasks are gone.
struct Known {
    rows: Vec<LateRow>,
    gone: Vec<(Place, String)>,
    /// By the event that enqueued: what was in force then, unless it is in force now.
    schedules: BTreeMap<Seq, Option<Schedule>>,
}

impl Known {
    fn read(log: &Catalog, live: &Schedule) -> Result<Known> {
        let (rows, epochs) = (log.late_tasks()?, log.epochs()?);
        let then = |by: Seq| {
            let epoch = epochs.iter().rev().find(|(from, _)| *from <= by);
            epoch.map(|(_, schedule)| schedule.clone())
        };
        let schedules = { rows.iter() }
            .map(|row| (row.by, then(row.by).filter(|schedule| schedule != live)))
            .collect();
        Ok(Known {
            rows,
            gone: log.gone_tasks()?,
            schedules,
        })
    }

    /// Each of the schedules once.
    fn others(&self) -> impl Iterator<Item = Schedule> {
        let mut others: Vec<&Schedule> = Vec::new();
        for schedule in self.schedules.values().flatten() {
            if !others.contains(&schedule) {
                others.push(schedule);
            }
        }
        others.into_iter().cloned()
    }

    /// The place among `others` of what was in force when a task was enqueued; none: it is in force now.
    fn place(&self, by: Seq) -> Option<usize> {
        let schedule = self.schedules.get(&by)?.as_ref()?;
        self.others().position(|other| other == *schedule)
    }

    fn late(&self, event: Seq) -> &[LateRow] {
        let from = self.rows.partition_point(|row| row.place.seq < event);
        let to = self.rows.partition_point(|row| row.place.seq <= event);
        &self.rows[from..to]
    }

    /// Takes away what was enqueued late. Where a repair made the event another one, a task may have become another one too:
    /// then it is what the versions that asked for it ask for now. `others`: what those that are not in force ask for.
    fn without_late(
        &self,
        rows: &[LateRow],
        asked: &mut Vec<Task>,
        others: Option<&[Vec<Task>]>,
        recorded: &[Task],
    ) {
        let mut changed: BTreeMap<Option<usize>, Vec<&Task>> = BTreeMap::new();
        for row in rows {
            match asked.iter().position(|task| task.is_same(&row.task)) {
                Some(at) => drop(asked.remove(at)),
                None => changed
                    .entry(self.place(row.by))
                    .or_default()
                    .push(&row.task),
            }
        }
        let Some(others) = others else { return };
        for (place, rows) in changed {
            let now = match place {
                None => asked.clone(),
                Some(at) => {
                    let mut now = others.get(at).cloned().unwrap_or_default();
                    without(&mut now, recorded);
                    now
                }
            };
            let corrected = paired(&rows, &now).into_iter().flatten();
            let corrected: Vec<Task> = corrected.map(|at| now[at].clone()).collect();
            without(asked, &corrected);
        }
    }

    /// Takes away one task for each of its kind that was there and is gone, unless the event's recorded effects have it again.
    fn without_gone(
        &self,
        log: &Catalog,
        event: Seq,
        asked: &mut Vec<Task>,
        recorded: &[Task],
    ) -> Result<()> {
        let gone = self.gone.iter().filter(|(place, _)| place.seq == event);
        let gone: Vec<&String> = gone.map(|(_, kind)| kind).collect();
        if gone.is_empty() {
            return Ok(());
        }
        let own = log.tasks_of(event)?.into_iter();
        let own: Vec<Task> = { own.filter(|row| row.late.is_none()) }
            .map(|row| row.task())
            .collect();
        let mut again = recorded.to_vec();
        without(&mut again, &own);
        for kind in gone {
            if let Some(at) = again.iter().position(|task| task.kind == *kind) {
                again.remove(at);
            } else if let Some(at) = { asked.iter() }
                .position(|task| task.kind == *kind && !recorded.iter().any(|it| it.is_same(task)))
            {
                asked.remove(at);
            }
        }
        Ok(())
    }
}

/// What an event asks for under the versions that handled it, as the book stands. Where they cannot handle it any more, that
/// is nothing.
fn asked_now(player: &mut Player, event: &Event) -> Result<Vec<Task>> {
    match player.run(event) {
        Ok(outcome) => {
            player.apply()?;
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
        match known.iter().position(|other| other.is_same(&task)) {
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
        let is_new = |late: &&LateTask| {
            let same = { known.iter() }
                .filter(|row| row.place.seq == late.event && row.task.is_same(&late.task));
            same.count() <= late.known
        };
        let new: Vec<&LateTask> = tasks.iter().filter(is_new).collect();
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
        let gone = self.history.log.gone_tasks()?;
        let gone = { gone.iter() }.map(|(place, _)| place);
        for place in known.iter().map(|row| &row.place).chain(gone) {
            let next = next.entry(place.seq).or_insert(FIRST_LATE);
            *next = (*next).max(place.ordinal.saturating_add(1));
        }
        // Told in vain, the gateway looks once more than it has to.
        self.task_news.anew = true;
        let by = self.head().next();
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
            let late = Some(by);
            ops.extend([LogOp::Task { place, task, late }, LogOp::Delivery(waits)]);
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
