//! When the writer did what for one request, for who wants to see where its time went.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::model::clock;

/// Filled in by the writer's thread as the request goes along; nanoseconds since 1970, 0 for what did not happen.
#[derive(Debug, Default)]
pub struct Marks {
    asked: AtomicU64,
    begun: AtomicU64,
    worked: AtomicU64,
    group_begun: AtomicU64,
    commit_begun: AtomicU64,
    committed: AtomicU64,
    requests: AtomicU64,
}

/// What the marks say once a request is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stages {
    /// It came into the queue.
    pub asked: u64,
    /// The writer took it up.
    pub begun: u64,
    /// It was worked out, and waited for its group.
    pub worked: u64,
    /// Its group began, began to be made durable, and was.
    pub group_begun: u64,
    pub commit_begun: u64,
    pub committed: u64,
    /// Requests of its group.
    pub requests: u64,
}

impl Marks {
    pub fn stages(&self) -> Stages {
        let read = |mark: &AtomicU64| mark.load(Ordering::Relaxed);
        Stages {
            asked: read(&self.asked),
            begun: read(&self.begun),
            worked: read(&self.worked),
            group_begun: read(&self.group_begun),
            commit_begun: read(&self.commit_begun),
            committed: read(&self.committed),
            requests: read(&self.requests),
        }
    }

    pub(crate) fn ask(&self) {
        set(&self.asked);
    }

    pub(crate) fn begin(&self) {
        set(&self.begun);
    }

    pub(crate) fn work(&self) {
        set(&self.worked);
    }
}

fn set(mark: &AtomicU64) {
    mark.store(clock::unix_nanoseconds_now(), Ordering::Relaxed);
}

/// The marks of a group's requests. Reads no clock where nobody wants to see.
#[derive(Debug, Default)]
pub(crate) struct GroupMarks(Vec<Arc<Marks>>);

impl GroupMarks {
    pub fn join(&mut self, marks: Option<Arc<Marks>>) {
        self.0.extend(marks);
    }

    pub fn commit_begins(&self) {
        self.set(|marks| &marks.commit_begun);
    }

    pub fn committed(&self, requests: usize) {
        self.set(|marks| &marks.committed);
        // All of a server's requests are marked or none, so that the first of them began the group.
        let begun = self
            .0
            .iter()
            .map(|marks| marks.begun.load(Ordering::Relaxed));
        let begun = begun.min().unwrap_or_default();
        for marks in &self.0 {
            marks.group_begun.store(begun, Ordering::Relaxed);
            marks.requests.store(requests as u64, Ordering::Relaxed);
        }
    }

    fn set(&self, mark: impl Fn(&Marks) -> &AtomicU64) {
        if self.0.is_empty() {
            return;
        }
        let now = clock::unix_nanoseconds_now();
        for marks in &self.0 {
            mark(marks).store(now, Ordering::Relaxed);
        }
    }
}
