//! What keeps tracks current while a book is served: a thread for each, reading the log behind the writer, who only tells
//! of a new head. Without threads of its own, whoever has the book takes the turns.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::projection::{ShadowProjection, ShadowStatus};
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

/// Who follows a track of its own.
pub(crate) struct ShadowThread {
    pub name: String,
    shared: Arc<Shared>,
    head: Arc<Head>,
    worker: Worker,
}

enum Worker {
    Thread(JoinHandle<Option<History>>),
    /// Until it has failed.
    Caller(Option<Box<Following>>),
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    /// As of its last piece of work; what stopped it, where something did.
    status: Mutex<Option<Result<ShadowStatus>>>,
}

impl Shared {
    fn failed(&self, name: &str, error: Error) {
        tracing::error!(%error, name, "a follower stopped");
        *lock(&self.status) = Some(Err(error));
    }
}

impl ShadowThread {
    /// Begins to follow, on a thread or, without one, by `turn`.
    pub fn start(
        history: History,
        record: ProjectionRecord,
        live: Schedule,
        head: Arc<Head>,
        on_thread: bool,
    ) -> Result<ShadowThread> {
        let shared = Arc::new(Shared::default());
        let name = record.name.clone();
        let (to_share, to_follow) = (shared.clone(), head.clone());
        let begin = move || Following::begin(history, &record, &live, to_follow, to_share);
        let worker = match on_thread {
            true => Worker::Thread(thread(begin, name.clone(), shared.clone())?),
            false => {
                let begun = begin().map_err(|error| shared.failed(&name, error));
                Worker::Caller(begun.ok().map(Box::new))
            }
        };
        Ok(ShadowThread {
            name,
            shared,
            head,
            worker,
        })
    }

    /// As of its last piece of work; none before the first.
    pub fn status(&self) -> Option<Result<ShadowStatus>> {
        let status = lock(&self.shared.status).clone();
        status.map(|status| {
            status.map(|status| ShadowStatus {
                head: self.head.now(),
                ..status
            })
        })
    }

    /// Follows to the head as it is now, where it has no thread that does.
    pub fn turn(&mut self) {
        if let Worker::Caller(following) = &mut self.worker
            && let Some(one) = following.take()
        {
            let to = self.head.now();
            let is_there = one.track.is_doomed() || one.track.position() >= to;
            match if is_there { Ok(*one) } else { one.turn(to) } {
                Ok(one) => *following = Some(Box::new(one)),
                Err(error) => self.shared.failed(&self.name, error),
            }
        }
    }

    /// Ends the thread at the next pause, its work kept; gives back what it read with.
    pub fn stop(self) -> Option<History> {
        self.shared.stop.store(true, Ordering::Relaxed);
        // Under the lock: between its look at `stop` and its wait a follower holds it.
        drop(lock(&self.head.seq));
        self.head.moved.notify_all();
        match self.worker {
            Worker::Thread(thread) => thread.join().ok().flatten(),
            Worker::Caller(following) => following.map(|it| it.history),
        }
    }
}

fn thread(
    begin: impl FnOnce() -> Result<Following> + Send + 'static,
    name: String,
    shared: Arc<Shared>,
) -> Result<JoinHandle<Option<History>>> {
    std::thread::Builder::new()
        .name("daybook-follow".to_owned())
        .spawn(move || {
            crate::engine::give_way();
            let result = begin().and_then(Following::follow_on);
            result.map_err(|error| shared.failed(&name, error)).ok()
        })
        .map_err(|error| Error::io("starting a follower's thread", error))
}

/// A track, and what it is read with.
struct Following {
    history: History,
    track: ShadowProjection,
    head: Arc<Head>,
    shared: Arc<Shared>,
}

impl Following {
    fn begin(
        mut history: History,
        record: &ProjectionRecord,
        live: &Schedule,
        head: Arc<Head>,
        shared: Arc<Shared>,
    ) -> Result<Following> {
        let track = ShadowProjection::open(&mut history, record, live)?;
        let following = Following {
            history,
            track,
            head,
            shared,
        };
        following.show();
        Ok(following)
    }

    fn show(&self) {
        show(&self.shared, &self.head, &self.track);
    }

    /// Follows to a head, unless it is told to stop.
    fn turn(mut self, to: Seq) -> Result<Following> {
        let (shared, head) = (&self.shared, &self.head);
        self.track.follow(&mut self.history, to, |track| {
            show(shared, head, track);
            !shared.stop.load(Ordering::Relaxed)
        })?;
        if self.track.position() == to {
            self.track = self.track.finish_building(&self.history)?;
        }
        self.show();
        Ok(self)
    }

    /// One turn after another, until it is told to stop.
    fn follow_on(mut self) -> Result<History> {
        let mut position = self.track.position();
        while let Some(to) = self.head.beyond(position, &self.shared.stop) {
            self = self.turn(to)?;
            // Once doomed there is nothing more to do but to be asked how it stands.
            position = match self.track.is_doomed() {
                true => Seq(u64::MAX),
                false => self.track.position(),
            };
            self.head.gather(&self.shared.stop);
        }
        Ok(self.history)
    }
}

fn show(shared: &Shared, head: &Head, track: &ShadowProjection) {
    *lock(&shared.status) = Some(Ok(track.status(head.now())));
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
