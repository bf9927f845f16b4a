//! Requests that become durable together: one transaction, one fsync, each request whole in it or not at all.

use std::collections::HashMap;

use super::open::Book;
use crate::engine::Preparer;
use crate::engine::{Write, rows_before};
use crate::model::log::{Appended, Commit, EventLog};
use crate::model::{Delivery, Error, ErrorKind, Place, Result, Seq};
use crate::store::ProjectionHead;

/// Events of a commit from which on a second thread is worth its waking.
const BESIDE_MIN: usize = 8;

/// Worked out but not yet in the log: the projection is ahead of it inside an open transaction.
#[derive(Default)]
pub struct Group {
    pub(crate) commit: Commit,
    /// (source, id) of its events, by their place.
    pub(crate) identities: HashMap<(String, String), usize>,
    /// For each event the way back.
    pub(crate) undo: Vec<Undo>,
    /// Where in the commit a task's delivery is.
    deliveries: HashMap<Place, usize>,
    /// Tasks that operators decided about.
    pub(crate) acted: Vec<(String, Place)>,
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
    }

    /// Events in it.
    pub fn events(&self) -> usize {
        self.commit.events.len()
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

    /// True when a command of this group has the id: its answer is only true once the group is kept.
    pub fn has_command(&self, id: &str) -> bool {
        self.commit.commands.iter().any(|command| command.id == id)
    }
}

impl Book {
    /// Begins a group.
    pub fn group(&self) -> Result<Group> {
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
        let result = work(self, group);
        if preview || result.is_err() {
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
        Seq(self.head.0.0 + group.commit.events.len() as u64 + 1)
    }

    /// Makes a group durable: the log first (the one fsync), then the projection, and only then an answer.
    pub fn settle(&mut self, group: Group) -> Result<()> {
        if group.is_empty() {
            self.live.materializer.rollback();
            return Ok(());
        }
        let expected = self.head.0;
        let commit_id = group
            .commit
            .events
            .first()
            .map(|event| event.event.id.clone())
            .unwrap_or_default();
        let (appended, prepared) = self.write_both(expected, &commit_id, &group.commit);
        let head = match appended {
            Ok(Appended::Ok(head)) => head,
            Ok(Appended::Conflict { head }) => {
                self.live.materializer.rollback();
                return Err(Error::internal(format!(
                    "somebody else appended to the log: its head is {head}, expected was {expected}"
                )));
            }
            Ok(Appended::Unknown) => {
                self.live.materializer.rollback();
                return Err(Error::unavailable(
                    "it is not known whether the log kept the commit",
                ));
            }
            Err(error) => {
                self.live.materializer.rollback();
                return Err(error);
            }
        };
        if let Some(last) = group.commit.events.last() {
            self.head = (head, last.hash);
        }
        let mut events = group.commit.events.iter();
        self.task_news.asked |= events.any(|event| !event.tasks.is_empty());
        self.task_news.touched.extend(group.acted);
        self.task_news.stepped |= !group.commit.task_steps.is_empty();
        self.end_live(prepared)
    }

    /// The commit into the log, and the rows of a larger one into the projection's open transaction beside it. Where no thread
    /// is to be had for them, the transaction's end does it.
    fn write_both(
        &mut self,
        expected: Seq,
        id: &str,
        commit: &Commit,
    ) -> (Result<Appended>, Result<()>) {
        let is_large = commit.events.len() >= BESIDE_MIN;
        if is_large && self.preparer.is_none() {
            self.preparer = Preparer::start().ok();
        }
        match self.preparer.as_ref().filter(|_| is_large) {
            Some(preparer) => {
                let append = || self.history.log.append(expected, id, commit);
                self.live.materializer.prepare_beside(preparer, append)
            }
            None => (self.history.log.append(expected, id, commit), Ok(())),
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
