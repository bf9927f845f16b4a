//! An open book: its log, its live projection, its versions. One process writes a book at a time.

use super::commit::{Unsettled, append};
use super::recovery::{Expect, recover};
use crate::log::{CommitLog, SqliteLog};
use crate::model::CommitSeq;
use crate::model::log::{Appended, Commit, LocalOp, LogOp, Tip};
use std::path::Path;
use std::sync::Arc;

use super::task_news::TaskNews;
use crate::engine::Materializer;
use crate::engine::Preparer;
use crate::engine::Program;
use crate::engine::{Library, Plan};
use crate::history::{Cores, History, OnProgress, silent};
use crate::model::{Digest, Error, Lineup, Result, Schedule, Seq};
use crate::model::{ProjectionRecord, Role};
use crate::runtime::Runtime;
use crate::shadow::{Head, ShadowThread};
use crate::store::{Announced, BookDir, BookLock, Catalog, Projection};

/// Name of the live projection in the registry.
pub const LIVE: &str = "live";

pub struct Book {
    pub(crate) history: History,
    /// Where its commits become durable.
    pub(super) log: Box<dyn CommitLog>,
    /// Where the log stands.
    pub(crate) tip: Tip,
    pub(super) unsettled: Option<Unsettled>,
    pub(crate) live: Live,
    /// What keeps shadows and the standby current, while the book is served.
    pub(crate) shadow_threads: Vec<ShadowThread>,
    pub(crate) keeps_shadows_current: bool,
    /// Whether it may start threads of its own.
    pub(super) threads: bool,
    pub(crate) head_signal: Arc<Head>,
    /// What the gateway has not been told yet.
    pub(crate) task_news: TaskNews,
    /// Absent until there is a group for it.
    pub(crate) preparer: Option<Preparer>,
    /// How deep in blocking reactions the present request is.
    pub(crate) reaction_depth: usize,
    /// How far the positions that plugins are told are ahead of the log's, once somebody asked.
    pub(crate) told_ahead: Option<u64>,
    lock: BookLock,
}

impl Drop for Book {
    fn drop(&mut self) {
        self.end_shadow_threads();
    }
}

/// A book's directory, the right to write it, and its log.
type Locked = (BookDir, BookLock, Catalog);

/// The live projection and what it runs.
pub(crate) struct Live {
    pub record: ProjectionRecord,
    pub materializer: Materializer,
}

impl Book {
    /// Makes a new, empty book, whose log is a file of its own.
    pub fn init(runtime: Arc<Runtime>, path: &Path) -> Result<Book> {
        Self::init_on(runtime, path, Box::new(SqliteLog))
    }

    /// Makes a new book whose commits become durable elsewhere. A log that has commits already gives the book them.
    pub fn init_on(
        runtime: Arc<Runtime>,
        path: &Path,
        mut log: Box<dyn CommitLog>,
    ) -> Result<Book> {
        let dir = BookDir::create(path)?;
        let lock = dir.lock()?;
        // The log appears under its name only when it is whole: an interrupted `init` leaves no half book.
        let unfinished = dir.unfinished_log();
        let mut catalog = Catalog::create(&unfinished)?;
        log.catch_up(&mut catalog)?;
        if catalog.last_commit()? == CommitSeq::ZERO {
            let book = crate::model::given::id().to_string();
            let founded = Commit::new(CommitSeq::ZERO, vec![LogOp::Founded { book }]);
            if append(&mut *log, &mut catalog, &founded, &[])? != Appended::Kept {
                return Err(Error::unavailable("the log did not keep its first commit"));
            }
        }
        catalog.write_local(&[LocalOp::Note {
            key: "cache_key".to_owned(),
            value: Digest::of(&random_bytes()).to_string(),
        }])?;
        drop(catalog);
        std::fs::rename(&unfinished, dir.log())
            .map_err(|error| Error::io("making the log", error))?;
        let catalog = Catalog::open(&dir.log())?;
        let found = (dir, lock, catalog);
        Self::open_locked(runtime, found, log, Expect::Recorded, &mut silent())
    }

    /// Opens a book for writing. A projection that lags behind the log (after a crash) is caught up and checked, one that
    /// is gone is built again.
    pub fn open(runtime: Arc<Runtime>, path: &Path, progress: OnProgress<'_>) -> Result<Book> {
        Self::open_on(runtime, path, Box::new(SqliteLog), progress)
    }

    /// As `open`, where commits become durable elsewhere: what the log has beyond the catalog is applied first.
    pub fn open_on(
        runtime: Arc<Runtime>,
        path: &Path,
        log: Box<dyn CommitLog>,
        progress: OnProgress<'_>,
    ) -> Result<Book> {
        Self::open_in(runtime, BookDir::open(path)?, log, progress)
    }

    /// Of a directory that is open already.
    pub(super) fn open_in(
        runtime: Arc<Runtime>,
        dir: BookDir,
        log: Box<dyn CommitLog>,
        progress: OnProgress<'_>,
    ) -> Result<Book> {
        let found = Self::locked(dir)?;
        Self::open_locked(runtime, found, log, Expect::Recorded, progress)
    }

    /// Opens a book to put its state right by `reconcile`: also one whose recorded effects its events do not yield.
    pub fn open_to_reconcile(
        runtime: Arc<Runtime>,
        path: &Path,
        progress: OnProgress<'_>,
    ) -> Result<Book> {
        let log = Box::new(SqliteLog);
        let found = Self::locked(BookDir::open(path)?)?;
        Self::open_locked(runtime, found, log, Expect::Anything, progress)
    }

    fn locked(dir: BookDir) -> Result<Locked> {
        let lock = dir.lock()?;
        let catalog = Catalog::open(&dir.log())?;
        Ok((dir, lock, catalog))
    }

    fn open_locked(
        runtime: Arc<Runtime>,
        (dir, lock, mut catalog): Locked,
        mut log: Box<dyn CommitLog>,
        expect: Expect,
        progress: OnProgress<'_>,
    ) -> Result<Book> {
        match dir.is_read_only() {
            // Its log may be a copy, which nobody would find again.
            true => catalog.only_read()?,
            false => catalog.begin_sealing()?,
        }
        log.catch_up(&mut catalog)?;
        let record = live_of(&mut catalog, &dir)?;
        let records = catalog.projections()?;
        let known: Vec<_> = records.iter().map(|record| record.file.clone()).collect();
        if !dir.is_read_only() {
            dir.sweep(&known)?;
            if catalog.needs_cleaning()? && !clean(&dir, &catalog)? {
                tracing::warn!(
                    "files may still hold what was redacted: somebody reads an older state"
                );
            }
        }
        let tip = catalog.tip()?;
        let mut history = History {
            library: Library::of(runtime, &dir, &catalog)?,
            dir,
            log: catalog,
            cores: Cores::default(),
        };
        let materializer = recover(&mut history, &record, tip.head.0, expect, progress)?;
        Ok(Book {
            history,
            log,
            tip,
            unsettled: None,
            live: Live {
                record,
                materializer,
            },
            shadow_threads: Vec::new(),
            keeps_shadows_current: false,
            threads: true,
            head_signal: Arc::default(),
            task_news: TaskNews::default(),
            preparer: None,
            reaction_depth: 0,
            told_ahead: None,
            lock,
        })
    }

    /// Has the log played on so many cores from now on, however short it is. Otherwise it is on all there are, where it is long
    /// enough for that to be worth it.
    pub fn use_cores(&mut self, count: usize) {
        self.history.cores = Cores::exactly(count);
    }

    pub fn head(&self) -> Seq {
        self.tip.head.0
    }

    /// Chain hash of the last event: one value for the whole history.
    pub fn head_hash(&self) -> Digest {
        self.tip.head.1
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

    /// Brings a live projection that fell behind up to the log's head, as opening the book does.
    pub fn recover_live(&mut self) -> Result<()> {
        self.live.materializer = recover(
            &mut self.history,
            &self.live.record,
            self.tip.head.0,
            Expect::Recorded,
            &mut silent(),
        )?;
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

/// The live projection as the catalog has it. A commit that came from elsewhere may have made it one of another history, or
/// of other logic: then it is another one, to be built.
fn live_of(catalog: &mut Catalog, dir: &BookDir) -> Result<ProjectionRecord> {
    let schedule = { catalog.epochs()?.pop() }.map_or_else(Schedule::default, |(_, it)| it);
    let mut records = catalog.projections()?.into_iter();
    let known = records.find(|record| record.role == Role::Live);
    let record = match known {
        Some(record) if record.schedule == schedule => return Ok(record),
        // As far as its file goes, it is the same.
        Some(record) if agree(catalog, dir, &record, &schedule) => {
            ProjectionRecord { schedule, ..record }
        }
        _ => live_record(schedule),
    };
    catalog.write_local(&[LocalOp::Projection(record.clone())])?;
    Ok(record)
}

fn agree(catalog: &Catalog, dir: &BookDir, record: &ProjectionRecord, schedule: &Schedule) -> bool {
    let position = catalog.position_of(&dir.projection(&record.file));
    position.is_ok_and(|position| record.schedule.until(position) == schedule.until(position))
}

/// A live projection of a schedule, in a file whose name no other one of the book ever had.
pub(crate) fn live_record(schedule: Schedule) -> ProjectionRecord {
    ProjectionRecord {
        name: LIVE.into(),
        file: format!("live-{}.db", crate::model::given::id().simple()),
        role: Role::Live,
        schedule,
        made_by: crate::runtime::fingerprint(),
    }
}

fn random_bytes() -> Vec<u8> {
    [crate::model::given::salt(), crate::model::given::salt()].concat()
}
