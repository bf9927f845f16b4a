//! Reads of the state: of the present one, whose files are kept open, and of earlier ones, which may have to be built.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::http::StatusCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::hosted::Hosted;
use super::http::problem::Problem;
use crate::book::{Book, Reader};
use crate::engine::Program;
use crate::model::error::Problem as Detail;
use crate::model::{Error, Result, Seq, limits};
use crate::store::{Allowance, Snapshot, StatePool};
use crate::study::OtherState;

/// Seconds after which a read is stopped.
pub const READ_SECONDS_MAX: f64 = 5.0;

/// Listings that run at the same time; each may have to look at a whole table.
const LISTINGS_MAX: usize = 32;

/// How often a read is begun whose projection is replaced, by an activation, while it is being opened.
const ATTEMPTS_MAX: usize = 100;
const ATTEMPT_PAUSE: Duration = Duration::from_millis(10);

/// The book as the last commit left it.
pub struct Live {
    pub head: Seq,
    pub program: Arc<Program>,
    /// The live projection's file.
    pub path: PathBuf,
}

impl Live {
    pub fn of(book: &mut Book) -> Live {
        Live {
            head: book.head(),
            program: book.program(),
            path: book.live_path(),
        }
    }
}

/// What reads of the state share.
pub struct Reads {
    pool: StatePool,
    listings: Arc<Semaphore>,
    queries: Arc<Semaphore>,
}

impl Default for Reads {
    fn default() -> Self {
        // People's queries may keep a processor busy each; some stay free for everybody else.
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Reads {
            pool: StatePool::default(),
            listings: Arc::new(Semaphore::new(LISTINGS_MAX)),
            queries: Arc::new(Semaphore::new(processors.div_ceil(2).max(2))),
        }
    }
}

/// How much a read may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// One row.
    Point,
    /// As much as a table.
    Listing,
    /// Whatever a person asks for.
    Query,
}

/// Whoever waits for a read: once this is dropped, the read is stopped.
#[derive(Default)]
struct Caller(Arc<AtomicBool>);

impl Caller {
    /// What a read of this caller may take.
    fn allowance(&self) -> Allowance {
        Allowance {
            seconds: Some(READ_SECONDS_MAX),
            temporary_bytes: Some(limits::SQL_TEMPORARY_BYTES_MAX),
            gone: Some(self.0.clone()),
            ..Allowance::default()
        }
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Hosted {
    /// Reads one state, the live one unless another is named: the tables and the file given to `work`
    /// belong together.
    pub async fn snapshot<T: Send + 'static>(
        &self,
        weight: Weight,
        other: Option<OtherState>,
        work: impl FnOnce(&Live, &Snapshot<'_>) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let caller = Caller::default();
        let allowance = caller.allowance();
        if let Some(state) = other {
            return self.other(state, allowance, work).await;
        }
        if weight == Weight::Point {
            // A row by its key takes less time than giving the work to another thread.
            let live = self.live();
            let pool = &self.reads().pool;
            if let Some(snapshot) = pool.kept(&live.path, live.head, &allowance) {
                return work(&live, &snapshot);
            }
        }
        let permit = self.permit(weight).await?;
        let hosted = self.clone();
        let read = move || {
            // Kept by the thread, not by the caller: who hangs up does not make room for another.
            let _permit = permit;
            let mut attempt = 1;
            loop {
                let live = hosted.live();
                let pool = &hosted.reads().pool;
                match pool.snapshot(&live.path, live.head, &allowance) {
                    Ok(snapshot) => return work(&live, &snapshot),
                    Err(error) if attempt == ATTEMPTS_MAX => return Err(error.into()),
                    Err(_) => {
                        attempt += 1;
                        std::thread::sleep(ATTEMPT_PAUSE);
                    }
                }
            }
        };
        tokio::task::spawn_blocking(read)
            .await
            .map_err(|error| Error::internal(format!("a read ended early: {error}")))?
    }

    /// Waits until what is read has an event, for as long as a read may take.
    pub async fn reach(&self, position: Seq) -> Result<(), Problem> {
        let mut head = self.subscribe_head();
        let waiting = Duration::from_secs_f64(READ_SECONDS_MAX);
        let there = head.wait_for(|head| *head >= position);
        if let Ok(Ok(_)) = tokio::time::timeout(waiting, there).await {
            return Ok(());
        }
        let head = self.live().head;
        let text = format!("the book is at event {head}, and not at {position} yet");
        Err(Problem::new(StatusCode::CONFLICT, "behind", text)
            .with("position", head.0)
            .with("kind", "unavailable")
            .with("hint", "ask again in a moment; Daybook-Position of a write is a position that will be there"))
    }

    /// Reads another state, which may have to be built first.
    async fn other<T: Send + 'static>(
        &self,
        state: OtherState,
        allowance: Allowance,
        work: impl FnOnce(&Live, &Snapshot<'_>) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let permit = self.permit(Weight::Query).await?;
        let hosted = self.clone();
        let found = self.read(move |reader| {
            let past = hosted.server().past_states().of(reader, &state)?;
            let live = Live {
                head: past.position,
                program: past.program,
                path: past.path,
            };
            let pool = &hosted.reads().pool;
            let snapshot = pool.snapshot(&live.path, live.head, &allowance)?;
            Ok(work(&live, &snapshot))
        });
        let found = found.await;
        drop(permit);
        found?
    }

    /// Reads the log, for as long as a read may take.
    pub async fn read_log<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Reader) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.read(move |reader| reader.within(READ_SECONDS_MAX, work))
            .await
    }

    async fn permit(&self, weight: Weight) -> Result<Option<OwnedSemaphorePermit>, Problem> {
        let reads = self.reads();
        let room = match weight {
            Weight::Point => return Ok(None),
            Weight::Listing => reads.listings.clone(),
            Weight::Query => reads.queries.clone(),
        };
        let waiting = Duration::from_secs_f64(READ_SECONDS_MAX);
        match tokio::time::timeout(waiting, room.acquire_owned()).await {
            Ok(Ok(permit)) => Ok(Some(permit)),
            _ => Err(
                Error::unavailable("too many reads of this kind run already")
                    .problem(Detail::Busy)
                    .hint("try again in a moment")
                    .into(),
            ),
        }
    }
}
