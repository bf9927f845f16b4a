//! A subscriber's position in the log, and what comes next from there.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Interval, MissedTickBehavior};

use crate::http::{App, Caller};
use crate::model::{Result, Seq};
use crate::service::{Followed, Wanted};

/// One subscription. Dropping it gives its place to somebody else.
pub struct Feed {
    app: App,
    caller: Caller,
    wanted: Arc<Wanted>,
    /// Everything up to here was given out, or is not wanted.
    position: Seq,
    head: watch::Receiver<Seq>,
    stopped: watch::Receiver<bool>,
    heartbeat: Interval,
    _place: OwnedSemaphorePermit,
}

/// What there is to tell.
pub enum News {
    /// In order, never empty.
    Events(Vec<Followed>),
    /// Nothing for a while, or nothing that is wanted.
    Heartbeat,
    /// The server stops, or the client is not let in any more.
    Stop,
}

impl Feed {
    pub fn new(
        app: App,
        caller: Caller,
        after: Seq,
        wanted: Arc<Wanted>,
        place: OwnedSemaphorePermit,
    ) -> Feed {
        let mut heartbeat = tokio::time::interval(app.options().heartbeat);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first tick is now.
        heartbeat.reset();
        Feed {
            head: app.follow(),
            stopped: app.stopped(),
            app,
            caller,
            wanted,
            position: after,
            heartbeat,
            _place: place,
        }
    }

    pub fn app(&self) -> &App {
        &self.app
    }

    /// Where a client may resume that got everything this gave out.
    pub fn position(&self) -> Seq {
        self.position
    }

    /// Waits for what comes next.
    pub async fn next(&mut self) -> Result<News> {
        loop {
            // A token that was revoked meanwhile ends the subscription with the next thing there is to tell.
            if *self.stopped.borrow() || !self.app.access().still_admits(&self.caller) {
                return Ok(News::Stop);
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
                _ = self.heartbeat.tick() => return Ok(News::Heartbeat),
            }
        }
    }

    async fn read(&mut self, head: Seq) -> Result<Vec<Followed>> {
        let (after, wanted) = (self.position, self.wanted.clone());
        // It closes with the server only, and then nobody waits any more.
        let permit = self.app.subscriptions().reads.clone().acquire_owned().await;
        let batch = self
            .app
            .read(move |reader| {
                let batch = reader.follow(after, head, &wanted);
                // Here rather than outside: a subscriber that goes away does not stop a read that runs.
                drop(permit);
                batch
            })
            .await?;
        self.position = batch.reached;
        Ok(batch.events)
    }
}
