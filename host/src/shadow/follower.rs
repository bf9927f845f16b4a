//! Threads that keep tracks current while a book is served: one for each, reading the log behind the writer, who only
//! tells of a new head.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::track::{Track, TrackStatus};
use crate::history::History;
use crate::model::{Error, ProjectionRecord, Result, Schedule, Seq, limits};

/// The log's head as followers are told of it.
#[derive(Debug, Default)]
pub(crate) struct Head {
    seq: Mutex<Seq>,
    moved: Condvar,
}

impl Head {
    pub fn tell(&self, head: Seq) {
        *lock(&self.seq) = head;
        self.moved.notify_all();
    }

    pub fn now(&self) -> Seq {
        *lock(&self.seq)
    }

    /// Waits until the head is beyond a position; none once `stop` is set.
    fn beyond(&self, position: Seq, stop: &AtomicBool) -> Option<Seq> {
        let mut head = lock(&self.seq);
        loop {
            if stop.load(Ordering::Relaxed) {
                return None;
            }
            if *head > position {
                return Some(*head);
            }
            head = self.wait(head, Duration::from_secs(60));
        }
    }

    /// Lets events gather for a while.
    fn gather(&self, stop: &AtomicBool) {
        let head = lock(&self.seq);
        let still = |_: &mut Seq| !stop.load(Ordering::Relaxed);
        drop(
            self.moved
                .wait_timeout_while(head, limits::FOLLOWER_PAUSE, still),
        );
    }

    fn wait<'a>(&self, head: MutexGuard<'a, Seq>, time: Duration) -> MutexGuard<'a, Seq> {
        self.moved
            .wait_timeout(head, time)
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }
}

/// A thread with a track of its own.
pub(crate) struct Follower {
    pub name: String,
    shared: Arc<Shared>,
    head: Arc<Head>,
    thread: JoinHandle<Option<History>>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    /// As of its last piece of work; what stopped it, where something did.
    status: Mutex<Option<Result<TrackStatus>>>,
}

impl Follower {
    pub fn start(
        history: History,
        record: ProjectionRecord,
        live: Schedule,
        head: Arc<Head>,
    ) -> Result<Follower> {
        let shared = Arc::new(Shared::default());
        let name = record.name.clone();
        let (to_share, to_follow) = (shared.clone(), head.clone());
        let thread = std::thread::Builder::new()
            .name("daybook-follow".to_owned())
            .spawn(move || {
                let result = work(history, &record, &live, &to_follow, &to_share);
                result
                    .map_err(|error| {
                        tracing::error!(%error, name = record.name, "a follower stopped");
                        *lock(&to_share.status) = Some(Err(error));
                    })
                    .ok()
            })
            .map_err(|error| Error::io("starting a follower's thread", error))?;
        Ok(Follower {
            name,
            shared,
            head,
            thread,
        })
    }

    /// As of its last piece of work; none before the first.
    pub fn status(&self) -> Option<Result<TrackStatus>> {
        let status = lock(&self.shared.status).clone();
        status.map(|status| {
            status.map(|status| TrackStatus {
                head: self.head.now(),
                ..status
            })
        })
    }

    /// Ends the thread at the next pause, its work kept; gives back what it read with.
    pub fn stop(self) -> Option<History> {
        self.shared.stop.store(true, Ordering::Relaxed);
        // Under the lock: between its look at `stop` and its wait a follower holds it.
        drop(lock(&self.head.seq));
        self.head.moved.notify_all();
        self.thread.join().ok().flatten()
    }
}

fn work(
    mut history: History,
    record: &ProjectionRecord,
    live: &Schedule,
    head: &Head,
    shared: &Shared,
) -> Result<History> {
    crate::engine::give_way();
    let mut track = Track::open(&mut history, record, live)?;
    let stopped = || shared.stop.load(Ordering::Relaxed);
    let show = |track: &Track| *lock(&shared.status) = Some(Ok(track.status(head.now())));
    show(&track);
    let mut position = track.position();
    while let Some(to) = head.beyond(position, &shared.stop) {
        track.follow(&history, to, |track| {
            show(track);
            !stopped()
        })?;
        position = track.position();
        if position == to {
            track = track.settle(&history)?;
        }
        show(&track);
        if track.is_doomed() {
            // Nothing more to do but to be asked how it stands.
            position = Seq(u64::MAX);
        }
        head.gather(&shared.stop);
    }
    Ok(history)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
