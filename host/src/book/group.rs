//! Requests that become durable together: one transaction, one fsync, each request whole in it or not at all.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::commit::append;
use super::heard::Heard;
use super::open::Book;
use crate::engine::Preparer;
use crate::engine::{Write, rows_before};
use crate::log::CommitLog;
use crate::model::clock;
use crate::model::error::Problem;
use crate::model::log::{Appended, Commit, LocalOp, LogOp, PinUse, RecordedCommand, RecordedEvent};
use crate::model::{
    CommandSchedule, Delivery, Error, ErrorKind, Place, Result, Seq, TaskStep, limits,
};
use crate::store::ProjectionHead;

/// Events of a commit from which on a second thread is worth its waking.
const BESIDE_MIN: usize = 8;

/// What a group will add to the log. Requests are taken back from its end.
#[derive(Default)]
pub(crate) struct Pending {
    pub events: Vec<RecordedEvent>,
    pub commands: Vec<RecordedCommand>,
    /// Commands that asked for a version by its date: who still needs it.
    pub pins: Vec<PinUse>,
    /// Events that were taken back, and by which event.
    pub undone: Vec<(Seq, Seq)>,
    /// What has become of tasks, one for each.
    pub deliveries: Vec<Delivery>,
    pub task_steps: Vec<TaskStep>,
    /// For each kind, a place up to which every task that is not final has a `Delivery`.
    pub task_marks: Vec<(String, Place)>,
    /// Commands that the clock ran, one for each name.
    pub schedules: Vec<CommandSchedule>,
}

impl Pending {
    fn into_ops(self) -> Vec<LogOp> {
        let mut ops = Vec::with_capacity(self.events.len() + self.commands.len() + 4);
        ops.extend(self.events.into_iter().map(LogOp::Event));
        ops.extend(self.commands.into_iter().map(LogOp::Command));
        let undone = self.undone.into_iter();
        ops.extend(undone.map(|(event, by)| LogOp::Undone { event, by }));
        ops.extend(self.pins.into_iter().map(LogOp::PinUse));
        ops.extend(self.deliveries.into_iter().map(LogOp::Delivery));
        ops.extend(self.task_steps.into_iter().map(LogOp::TaskStep));
        let marks = self.task_marks.into_iter();
        ops.extend(marks.map(|(kind, place)| LogOp::TaskMark { kind, place }));
        let schedules = self.schedules.into_iter().map(Box::new);
        ops.extend(schedules.map(LogOp::CommandSchedule));
        ops
    }
}

/// Worked out but not yet in the log: the projection is ahead of it inside an open transaction.
#[derive(Default)]
pub struct Group {
    pub(crate) commit: Pending,
    /// (source, id) of its events, by their place.
    pub(crate) identities: HashMap<(String, String), usize>,
    /// For each event the way back.
    pub(crate) undo: Vec<Undo>,
    /// Where in the commit a task's delivery is.
    deliveries: HashMap<Place, usize>,
    /// Ids by which commands of it were asked for.
    pub(crate) asked: HashSet<Uuid>,
    /// Tasks that operators decided about.
    pub(crate) acted: Vec<(String, Place)>,
    /// What handlers logged.
    pub(crate) heard: Heard,
    /// Bytes of payloads and effects of its events.
    bytes: usize,
    /// Fuel of the calls that the request which is worked out has made before its last one.
    fuel: u64,
    /// Where that request began, in events and in bytes.
    begun: (usize, usize),
    /// What it may add.
    most: Most,
}

/// What one request may add to a group.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Most {
    pub events: usize,
    pub bytes: usize,
    pub fuel: u64,
}

impl Most {
    /// Of whoever asks a book that others ask too.
    const SHARED: Most = Most {
        events: limits::EVENTS_PER_REQUEST_MAX,
        bytes: limits::EFFECTS_BYTES_PER_REQUEST_MAX,
        fuel: limits::FUEL_PER_REQUEST_MAX,
    };

    /// Of who has the book alone, and keeps nobody waiting; but for memory.
    pub(crate) const ALONE: Most = Most {
        events: usize::MAX,
        fuel: u64::MAX,
        ..Most::SHARED
    };

    /// Of what is kept whole or not at all, whatever its size.
    pub(crate) const WHOLE: Most = Most {
        bytes: usize::MAX,
        ..Most::ALONE
    };
}

impl Default for Most {
    fn default() -> Most {
        Most::SHARED
    }
}

/// Where the projection was before an event, and what the event wrote.
pub(crate) struct Undo {
    pub head: ProjectionHead,
    pub writes: Vec<Write>,
}

impl Group {
    pub fn is_empty(&self) -> bool {
        let commit = &self.commit;
        commit.events.is_empty()
            && commit.commands.is_empty()
            && commit.deliveries.is_empty()
            && commit.task_marks.is_empty()
            && commit.schedules.is_empty()
    }

    /// Events in it.
    pub fn events(&self) -> usize {
        self.commit.events.len()
    }

    /// Bytes of their payloads and effects.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Lets the request that is worked out add so much.
    pub(crate) fn allow(&mut self, most: Most) {
        self.most = most;
    }

    /// Counts the fuel of a call. Refused where those before it used up what the request may.
    pub(crate) fn burn(&mut self, fuel: u64) -> Result<()> {
        if self.fuel > self.most.fuel {
            return Err(too_much(format!(
                "calls for more than {} units of fuel",
                self.most.fuel
            )));
        }
        self.fuel = self.fuel.saturating_add(fuel);
        Ok(())
    }

    /// Counts an event of the request that is worked out. Refused where it has too many, or they are too large together.
    pub(crate) fn count(&mut self, bytes: usize) -> Result<()> {
        self.bytes += bytes;
        let events = self.commit.events.len() + 1 - self.begun.0;
        let most = self.most;
        let what = if events > most.events {
            format!("more than {} events", most.events)
        } else if events > 1 && self.bytes - self.begun.1 > most.bytes {
            format!("more than {} bytes of payloads and effects", most.bytes)
        } else {
            return Ok(());
        };
        Err(too_much(what))
    }

    /// What has become of a task in this group.
    pub(crate) fn delivery(&self, place: Place) -> Option<&Delivery> {
        let at = self.deliveries.get(&place)?;
        self.commit.deliveries.get(*at)
    }

    pub(crate) fn put_delivery(&mut self, delivery: Delivery) {
        match self.deliveries.get(&delivery.place) {
            Some(&at) => self.commit.deliveries[at] = delivery,
            None => {
                let at = self.commit.deliveries.len();
                self.deliveries.insert(delivery.place, at);
                self.commit.deliveries.push(delivery);
            }
        }
    }

    /// How a command that the clock runs stands in this group.
    pub fn schedule(&self, name: &str) -> Option<&CommandSchedule> {
        self.commit.schedules.iter().find(|it| it.name == name)
    }

    pub fn put_schedule(&mut self, schedule: CommandSchedule) {
        let known = &mut self.commit.schedules;
        known.retain(|it| it.name != schedule.name);
        known.push(schedule);
    }

    /// True when a command of this group has this id, or was asked for by it: its answer is only true once the group is kept.
    pub fn has_command(&self, id: Uuid) -> bool {
        let id_text = id.to_string();
        self.asked.contains(&id) || self.commit.commands.iter().any(|it| it.id == id_text)
    }
}

fn too_much(what: String) -> Error {
    Error::refused(format!(
        "one request, which is kept whole or not at all, makes {what}"
    ))
    .problem(Problem::Limit)
    .hint("send fewer events at once")
}

impl Book {
    /// Begins a group.
    pub fn group(&mut self) -> Result<Group> {
        clock::check()?;
        self.check_current()?;
        Ok(Group::default())
    }

    /// One request's part of a group: whole, or, when it fails or is only a preview, not at all.
    pub(crate) fn within<T>(
        &mut self,
        group: &mut Group,
        preview: bool,
        work: impl FnOnce(&mut Book, &mut Group) -> Result<T>,
    ) -> Result<T> {
        let events = group.commit.events.len();
        let commands = group.commit.commands.len();
        let bytes = group.bytes;
        let heard = group.heard.len();
        group.heard.begin();
        group.begun = (events, bytes);
        group.fuel = 0;
        group.allow(Most::SHARED);
        let result = work(self, group);
        if preview || result.is_err() {
            group.bytes = bytes;
            group.heard.take_back(heard, preview);
            // Those of its reactions.
            group.commit.commands.truncate(commands);
            self.live.materializer.discard()?;
            for undo in group.undo.drain(events..).rev() {
                let rows = rows_before(&undo.writes);
                self.live.materializer.replace(rows, undo.head)?;
            }
            for gone in group.commit.events.drain(events..) {
                let event = gone.event;
                group.identities.remove(&(event.source, event.id));
            }
        }
        result
    }

    /// The position that the next event of a group gets.
    pub(crate) fn next_seq(&self, group: &Group) -> Seq {
        Seq(self.head().0 + group.commit.events.len() as u64 + 1)
    }

    /// Makes a group durable: the log first (the one fsync), then the projection, and only then an answer.
    pub fn commit_group(&mut self, mut group: Group) -> Result<()> {
        let local = group.heard.told();
        if group.is_empty() {
            self.live.materializer.rollback();
            return self.record_heard(&local);
        }
        let mut events = group.commit.events.iter();
        let asks = events.any(|event| !event.tasks.is_empty());
        let stepped = !group.commit.task_steps.is_empty();
        let timed = !group.commit.schedules.is_empty();
        let is_large = self.threads && group.commit.events.len() >= BESIDE_MIN;
        if let Some(last) = group.commit.events.last() {
            let origin = self.history.log.origin(&last.hash)?;
            self.live.materializer.projection().set_origin(origin);
        }
        let commit = Commit::new(self.tip.commit, group.commit.into_ops());
        let (appended, prepared) = self.write_both(&commit, &local, is_large);
        self.appended(appended, commit, local)
            .inspect_err(|_| self.live.materializer.rollback())?;
        self.task_news.asked |= asks;
        self.task_news.touched.extend(group.acted);
        self.task_news.stepped |= stepped;
        self.task_news.timed |= timed;
        self.end_live(prepared)
    }

    /// The commit into the log, and the rows of a larger one into the projection's open transaction beside it. Where no thread
    /// is to be had for them, the transaction's end does it.
    fn write_both(
        &mut self,
        commit: &Commit,
        local: &[LocalOp],
        is_large: bool,
    ) -> (Result<Appended>, Result<()>) {
        if is_large && self.preparer.is_none() {
            self.preparer = Preparer::start().ok();
        }
        let (log, catalog): (&mut dyn CommitLog, _) = (&mut *self.log, &mut self.history.log);
        match self.preparer.as_ref().filter(|_| is_large) {
            Some(preparer) => {
                let append = || append(log, catalog, commit, local);
                self.live.materializer.prepare_beside(preparer, append)
            }
            None => (append(log, catalog, commit, local), Ok(())),
        }
    }

    /// The projection after the log. What fails here is not lost: the book catches up when it is opened again.
    pub(crate) fn commit_live(&mut self) -> Result<()> {
        self.end_live(Ok(()))
    }

    fn end_live(&mut self, prepared: Result<()>) -> Result<()> {
        self.head_signal.tell(self.head());
        let materializer = &mut self.live.materializer;
        let ended = prepared.and_then(|()| materializer.commit());
        ended.map_err(|error| {
            self.live.materializer.rollback();
            Error::new(
                ErrorKind::Io,
                format!("the events are kept, the live projection is behind: {error}"),
            )
            .hint("open the book again once the cause is mended; it catches up by itself")
        })
    }
}
