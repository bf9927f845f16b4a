//! An open book: its log, its live projection, its versions. One process writes a book at a time.

use super::recovery::recover;
use std::path::Path;
use std::sync::Arc;

use uuid::Uuid;

use super::task_news::TaskNews;
use crate::engine::Materializer;
use crate::engine::Preparer;
use crate::engine::Program;
use crate::engine::{Library, Plan};
use crate::history::History;
use crate::history::{OnProgress, silent};
use crate::model::log::EventLog;
use crate::model::{Digest, Error, Lineup, Result, Schedule, Seq};
use crate::runtime::Runtime;
use crate::shadow::{Follower, Head};
use crate::store::{Announced, BookDir, BookLock, Catalog, Projection, ProjectionRecord, Role};

/// Name of the live projection in the registry.
pub const LIVE: &str = "live";

pub struct Book {
    pub(crate) history: History,
    pub(crate) live: Live,
    /// Position and chain hash of the last event.
    pub(crate) head: (Seq, Digest),
    /// Threads that keep shadows and the standby current, while the book is served.
    pub(crate) followers: Vec<Follower>,
    pub(crate) following: bool,
    pub(crate) head_signal: Arc<Head>,
    /// What the gateway has not been told yet.
    pub(crate) task_news: TaskNews,
    /// Absent until there is a group for it.
    pub(crate) preparer: Option<Preparer>,
    /// How deep in blocking reactions the present request is.
    pub(crate) reaction_depth: usize,
    lock: BookLock,
}

impl Drop for Book {
    fn drop(&mut self) {
        self.stop_following();
    }
}

/// The live projection and what it runs.
pub(crate) struct Live {
    pub record: ProjectionRecord,
    pub materializer: Materializer,
}

impl Book {
    /// Makes a new, empty book.
    pub fn init(runtime: Arc<Runtime>, path: &Path) -> Result<Book> {
        let dir = BookDir::create(path)?;
        let lock = dir.lock()?;
        // The log appears under its name only when it is whole: an interrupted `init` leaves no half book.
        let unfinished = dir.path().join("log.db.new");
        drop(Catalog::create(&unfinished)?);
        std::fs::rename(&unfinished, dir.log())
            .map_err(|error| Error::io("making the log", error))?;
        let mut log = Catalog::open(&dir.log())?;
        let record = live_record(Schedule::default());
        log.transaction(|log| {
            log.put_meta("id", &Uuid::now_v7().to_string())?;
            log.put_meta("cache_key", &Digest::of(&random_bytes()).to_string())?;
            log.put_projection(&record)
        })?;
        Self::open_locked(runtime, dir, lock, log, &mut silent())
    }

    /// Opens a book for writing. A projection that lags behind the log (after a crash) is caught up and checked, one that
    /// is gone is built again.
    pub fn open(runtime: Arc<Runtime>, path: &Path, progress: OnProgress<'_>) -> Result<Book> {
        let dir = BookDir::open(path)?;
        let lock = dir.lock()?;
        let log = Catalog::open(&dir.log())?;
        Self::open_locked(runtime, dir, lock, log, progress)
    }

    fn open_locked(
        runtime: Arc<Runtime>,
        dir: BookDir,
        lock: BookLock,
        log: Catalog,
        progress: OnProgress<'_>,
    ) -> Result<Book> {
        let library = Library::of(runtime, &dir, &log)?;
        let head = log.head()?;
        let records = log.projections()?;
        let known: Vec<_> = records.iter().map(|record| record.file.clone()).collect();
        dir.sweep(&known)?;
        if log.needs_cleaning()? && !clean(&dir, &log)? {
            tracing::warn!("files may still hold what was redacted: somebody reads an older state");
        }
        let record = log.live()?;
        let mut history = History { dir, log, library };
        let materializer = recover(&mut history, &record, head.0, progress)?;
        Ok(Book {
            history,
            live: Live {
                record,
                materializer,
            },
            head,
            followers: Vec::new(),
            following: false,
            head_signal: Arc::default(),
            task_news: TaskNews::default(),
            preparer: None,
            reaction_depth: 0,
            lock,
        })
    }

    pub fn head(&self) -> Seq {
        self.head.0
    }

    /// Chain hash of the last event: one value for the whole history.
    pub fn head_hash(&self) -> Digest {
        self.head.1
    }

    pub fn lineup(&self) -> Lineup {
        self.live.record.schedule.last()
    }

    pub fn dir(&self) -> &BookDir {
        &self.history.dir
    }

    /// Says in the book's directory where it is served, until what is returned is dropped.
    pub fn announce(&self, url: &str) -> Result<Announced> {
        self.history.dir.announce(&self.lock, url)
    }

    pub fn log(&self) -> &Catalog {
        &self.history.log
    }

    /// What the live projection runs.
    pub fn program(&self) -> Arc<Program> {
        self.live.materializer.program().clone()
    }

    /// Position and running hash of the live projection.
    pub fn live_head(&self) -> crate::store::ProjectionHead {
        self.live.materializer.head()
    }

    /// The live projection, for reading its rows.
    pub fn live_projection(&mut self) -> &mut Projection {
        self.live.materializer.projection()
    }

    /// What is run to get the live projection's rows.
    pub fn live_schedule(&self) -> Schedule {
        self.live.record.schedule.clone()
    }

    pub fn live_path(&self) -> std::path::PathBuf {
        self.history.dir.projection(&self.live.record.file)
    }

    /// Refuses to go on where a failed commit left the live projection behind the log: what came next would be worked
    /// out on a state that lacks events.
    pub fn check_current(&self) -> Result<()> {
        let position = self.live_head().position;
        if position == self.head() {
            return Ok(());
        }
        Err(Error::unavailable(format!(
            "the live projection is at event {position}, behind the log's {}",
            self.head()
        ))
        .hint("open the book again once the cause is mended; it catches up by itself"))
    }

    /// Brings a live projection that fell behind up to the log's head, as opening the book does.
    pub fn recover_live(&mut self) -> Result<()> {
        let (record, head) = (&self.live.record, self.head.0);
        self.live.materializer = recover(&mut self.history, record, head, &mut silent())?;
        Ok(())
    }

    pub(crate) fn plan(&mut self, schedule: &Schedule) -> Result<Plan> {
        self.history.plan(schedule)
    }
}

/// Finishes a redaction: no file of the book holds what was erased any more. False: somebody reads an older state of the
/// log, and it has to be tried again. Projections that the registry does not name are swept before.
pub(crate) fn clean(dir: &BookDir, log: &Catalog) -> Result<bool> {
    dir.remove_snapshots()?;
    log.clean()
}

/// A live projection of a schedule, in a file whose name no other one of the book ever had.
pub(crate) fn live_record(schedule: Schedule) -> ProjectionRecord {
    ProjectionRecord {
        name: LIVE.into(),
        file: format!("live-{}.db", Uuid::now_v7().simple()),
        role: Role::Live,
        schedule,
        made_by: crate::runtime::fingerprint(),
    }
}

fn random_bytes() -> Vec<u8> {
    [Uuid::new_v4().into_bytes(), Uuid::new_v4().into_bytes()].concat()
}
