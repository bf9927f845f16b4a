//! A subscriber's position in the log, and what comes next from there.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Interval, MissedTickBehavior};

use crate::book::{SubscribedEvent, Wanted};
use crate::model::{Result, Seq};
use crate::serve::access::Caller;
use crate::serve::hosted::Hosted;
use crate::wire::{FollowedEvent, FollowedStep};

/// One subscription. Dropping it gives its place to somebody else.
pub struct Feed {
    book: Hosted,
    caller: Caller,
    wanted: Arc<Wanted>,
    /// Everything up to here was given out, or is not wanted.
    position: Seq,
    head: watch::Receiver<Seq>,
    stopped: watch::Receiver<bool>,
    tasks: Option<Tasks>,
    heartbeat: Interval,
    _place: OwnedSemaphorePermit,
}

/// What happens to tasks, as far as it was told.
struct Tasks {
    /// The number of the last step that was given out.
    told: u64,
    changed: watch::Receiver<u64>,
    is_behind: bool,
    /// Events have their turn.
    waits: bool,
}

/// Steps of tasks that are read at once.
const STEPS_MAX: usize = 256;

/// What there is to tell.
pub enum News {
    /// In order, never empty.
    Events(Vec<SubscribedEvent>),
    /// What happened to tasks, each a line of JSON; never empty.
    Tasks(Vec<String>),
    /// Nothing for a while, or nothing that is wanted.
    Heartbeat,
    /// The server stops, or the client is not let in any more.
    Stop,
}

impl Feed {
    pub fn new(
        book: Hosted,
        caller: Caller,
        after: Seq,
        wanted: Arc<Wanted>,
        steps: Option<u64>,
        place: OwnedSemaphorePermit,
    ) -> Feed {
        let mut heartbeat = tokio::time::interval(book.server().options().heartbeat);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first tick is now.
        heartbeat.reset();
        Feed {
            head: book.subscribe_head(),
            stopped: book.server().stopped(),
            tasks: steps.map(|told| Tasks {
                told,
                changed: book.subscribe_tasks(),
                is_behind: true,
                waits: false,
            }),
            book,
            caller,
            wanted,
            position: after,
            heartbeat,
            _place: place,
        }
    }

    pub fn book(&self) -> &Hosted {
        &self.book
    }

    /// Where a client may resume that got everything this gave out.
    pub fn position(&self) -> Seq {
        self.position
    }

    /// Waits for what comes next.
    pub async fn next(&mut self) -> Result<News> {
        loop {
            // A token that was revoked meanwhile ends the subscription with the next thing there is to tell.
            if *self.stopped.borrow() || !self.book.access().still_admits(&self.caller) {
                return Ok(News::Stop);
            }
            if let Some(steps) = self.read_steps().await? {
                return Ok(News::Tasks(steps));
            }
            let head = *self.head.borrow_and_update();
            if self.position < head {
                let events = self.read(head).await?;
                if !events.is_empty() {
                    return Ok(News::Events(events));
                }
                // Long stretches of what is not wanted are told of too.
                let due = tokio::select! {
                    biased;
                    _ = self.heartbeat.tick() => true,
                    () = std::future::ready(()) => false,
                };
                if due {
                    return Ok(News::Heartbeat);
                }
                continue;
            }
            tokio::select! {
                _ = self.stopped.wait_for(|stopped| *stopped) => return Ok(News::Stop),
                changed = self.head.changed() => if changed.is_err() {
                    return Ok(News::Stop);
                },
                () = stepped(&mut self.tasks) => {}
                _ = self.heartbeat.tick() => return Ok(News::Heartbeat),
            }
        }
    }

    /// What happened to tasks since, in turns with events: neither waits for the other for ever.
    async fn read_steps(&mut self) -> Result<Option<Vec<String>>> {
        let Some(tasks) = &mut self.tasks else {
            return Ok(None);
        };
        if tasks.waits {
            tasks.waits = false;
            if *self.head.borrow() > self.position {
                return Ok(None);
            }
        }
        tasks.is_behind |= tasks.changed.has_changed().unwrap_or(false);
        if !tasks.is_behind {
            return Ok(None);
        }
        tasks.changed.mark_unchanged();
        let after = tasks.told;
        let permit = self.book.subscriptions().reading().await;
        let read = self.book.read(move |reader| {
            let steps = reader.task_steps_after(after, STEPS_MAX);
            drop(permit);
            steps
        });
        let steps = read.await?;
        tasks.is_behind = steps.len() == STEPS_MAX;
        tasks.waits = true;
        let Some((last, ..)) = steps.last() else {
            return Ok(None);
        };
        tasks.told = *last;
        let lines = steps.into_iter().map(FollowedStep::line);
        Ok(Some(lines.collect()))
    }

    async fn read(&mut self, head: Seq) -> Result<Vec<SubscribedEvent>> {
        let (after, wanted) = (self.position, self.wanted.clone());
        let permit = self.book.subscriptions().reading().await;
        let batch = self
            .book
            .read(move |reader| {
                let batch = reader.next_batch(after, head, &wanted, FollowedEvent::line);
                // Here rather than outside: a subscriber that goes away does not stop a read that runs.
                drop(permit);
                batch
            })
            .await?;
        self.position = batch.reached;
        Ok(batch.events)
    }
}

/// Ends when something happened to tasks that is not told yet; never where nobody wants to know.
async fn stepped(tasks: &mut Option<Tasks>) {
    let is_over = match tasks {
        None => true,
        Some(tasks) if tasks.is_behind => false,
        Some(tasks) => tasks.changed.changed().await.is_err(),
    };
    if is_over {
        std::future::pending::<()>().await;
    }
    if let Some(tasks) = tasks {
        tasks.is_behind = true;
    }
}
