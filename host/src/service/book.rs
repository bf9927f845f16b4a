//! An open book: its log, its live projection, its versions. One process writes a book at a time.

use std::path::Path;
use std::sync::Arc;

use uuid::Uuid;

use super::follower::{Follower, Head};
use super::library::{Library, Plan};
use super::materializer::Materializer;
use super::patch::lacks_patch;
use super::player::Player;
use super::preparer::Preparer;
use super::program::Program;
use super::tasks::TaskNews;
use crate::model::log::EventLog;
use crate::model::{Digest, Error, ErrorKind, Lineup, Result, Schedule, Seq, limits};
use crate::replay::{self, OnProgress, Progress};
use crate::runtime::Runtime;
use crate::store::{Announced, BookDir, BookLock, LogDb, Projection, ProjectionRecord, Role};

/// Name of the live projection in the registry.
pub const LIVE: &str = "live";

pub struct Book {
    pub(super) dir: BookDir,
    pub(super) log: LogDb,
    pub(super) library: Library,
    pub(super) live: Live,
    /// Position and chain hash of the last event.
    pub(super) head: (Seq, Digest),
    /// Threads that keep shadows and the standby current, while the book is served.
    pub(super) followers: Vec<Follower>,
    pub(super) following: bool,
    pub(super) head_signal: Arc<Head>,
    /// What the gateway has not been told yet.
    pub(super) task_news: TaskNews,
    /// Absent until there is a group for it.
    pub(super) preparer: Option<Preparer>,
    /// How deep in blocking reactions the present request is.
    pub(super) reaction_depth: usize,
    lock: BookLock,
}

impl Drop for Book {
    fn drop(&mut self) {
        self.stop_following();
    }
}

/// The live projection and what it runs.
pub(super) struct Live {
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
        drop(LogDb::create(&unfinished)?);
        std::fs::rename(&unfinished, dir.log())
            .map_err(|error| Error::io("making the log", error))?;
        let mut log = LogDb::open(&dir.log())?;
        let record = live_record(Schedule::default());
        log.transaction(|log| {
            log.put_meta("id", &Uuid::now_v7().to_string())?;
            log.put_meta("cache_key", &Digest::of(&random_bytes()).to_string())?;
            log.put_projection(&record)
        })?;
        Self::open_locked(runtime, dir, lock, log, &mut replay::silent())
    }

    /// Opens a book for writing. A projection that lags behind the log (after a crash) is caught up and checked, one that
    /// is gone is built again.
    pub fn open(runtime: Arc<Runtime>, path: &Path, progress: OnProgress<'_>) -> Result<Book> {
        let dir = BookDir::open(path)?;
        let lock = dir.lock()?;
        let log = LogDb::open(&dir.log())?;
        Self::open_locked(runtime, dir, lock, log, progress)
    }

    fn open_locked(
        runtime: Arc<Runtime>,
        dir: BookDir,
        lock: BookLock,
        log: LogDb,
        progress: OnProgress<'_>,
    ) -> Result<Book> {
        let mut library = Library::of(runtime, &dir, &log)?;
        let head = log.head()?;
        let records = log.projections()?;
        let known: Vec<_> = records.iter().map(|record| record.file.clone()).collect();
        dir.sweep(&known)?;
        if log.needs_cleaning()? && !clean(&dir, &log)? {
            tracing::warn!("files may still hold what was redacted: somebody reads an older state");
        }
        let record = records
            .into_iter()
            .find(|record| record.role == Role::Live)
            .ok_or_else(|| Error::corrupt("the log names no live projection"))?;
        let materializer = recover(&dir, &log, &mut library, &record, head.0, progress)?;
        Ok(Book {
            dir,
            log,
            library,
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
        &self.dir
    }

    /// Says in the book's directory where it is served, until what is returned is dropped.
    pub fn announce(&self, url: &str) -> Result<Announced> {
        self.dir.announce(&self.lock, url)
    }

    pub fn log(&self) -> &LogDb {
        &self.log
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
        self.dir.projection(&self.live.record.file)
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
        self.live.materializer = recover(
            &self.dir,
            &self.log,
            &mut self.library,
            &self.live.record,
            self.head.0,
            &mut replay::silent(),
        )?;
        Ok(())
    }

    pub(super) fn plan(&mut self, schedule: &Schedule) -> Result<Plan> {
        self.library.plan(&self.log, schedule)
    }
}

/// Finishes a redaction: no file of the book holds what was erased any more. False: somebody reads an older state of the
/// log, and it has to be tried again. Projections that the registry does not name are swept before.
pub(super) fn clean(dir: &BookDir, log: &LogDb) -> Result<bool> {
    dir.remove_snapshots()?;
    log.clean()
}

/// A live projection of a schedule, in a file whose name no other one of the book ever had.
pub(super) fn live_record(schedule: Schedule) -> ProjectionRecord {
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

/// The live projection, current: as it is, caught up, or built again.
fn recover(
    dir: &BookDir,
    log: &LogDb,
    library: &mut Library,
    record: &ProjectionRecord,
    head: Seq,
    progress: OnProgress<'_>,
) -> Result<Materializer> {
    let path = dir.projection(&record.file);
    let plan = library.plan(log, &record.schedule)?;
    let epoch = log.epochs()?.last().map_or(Seq(1), |(from, _)| *from);
    if path.is_file() {
        match open_at(library, log, record, &plan, &path, head) {
            Ok(mut player) => {
                catch_up(log, &mut player, epoch, head, progress)?;
                return Ok(player.materializer);
            }
            // What is damaged or from elsewhere is only state: it is built again.
            Err(error) if matches!(error.kind, ErrorKind::Corrupt | ErrorKind::Internal) => {
                tracing::warn!(%error, "the live projection cannot be used; building it again");
            }
            Err(error) => return Err(error),
        }
    }
    remove_projection(&path)?;
    let building = path.with_extension("building");
    remove_projection(&building)?;
    let mut player = Player::new(library.runtime.clone(), plan.clone(), &building)?;
    catch_up(log, &mut player, epoch, head, progress)?;
    player.materializer.into_projection().finish()?;
    std::fs::rename(&building, &path)
        .map_err(|error| Error::io(format!("putting {} in place", path.display()), error))?;
    Ok(Player::resume(library.runtime.clone(), plan, &path, head)?.materializer)
}

fn open_at(
    library: &Library,
    log: &LogDb,
    record: &ProjectionRecord,
    plan: &Plan,
    path: &Path,
    head: Seq,
) -> Result<Player> {
    let position = Projection::position_of(path)?;
    if lacks_patch(log, record, position)? {
        return Err(Error::corrupt(format!(
            "{} lacks the patch of the last promotion",
            path.display()
        )));
    }
    if position > head {
        return Err(Error::corrupt(format!(
            "{} is at event {position}, ahead of the log's {head}",
            path.display()
        )));
    }
    Player::resume(library.runtime.clone(), plan.clone(), path, position)
}

/// Materializes what is missing, and checks it against what was recorded in the present epoch.
fn catch_up(
    log: &LogDb,
    player: &mut Player,
    epoch: Seq,
    head: Seq,
    progress: OnProgress<'_>,
) -> Result<()> {
    let mut next = player.materializer.head().position.next();
    let total = (head.0 + 1).saturating_sub(next.0);
    let first = next;
    while next <= head {
        let stored = log.stored(next, head, limits::REPLAY_BATCH)?;
        if stored.is_empty() {
            return Err(replay::hole(next));
        }
        for record in stored {
            if record.event.seq != next {
                return Err(replay::hole(next));
            }
            let outcome = player.run(&record.event).map_err(Error::from)?;
            if next >= epoch && outcome.body != record.effects {
                return Err(Error::corrupt(format!(
                    "event {next} ({}) now has other effects than were recorded",
                    record.event.event_type
                ))
                .hint("daybook verify BOOK shows the first difference"));
            }
            player.keep()?;
            next = next.next();
        }
        player.materializer.commit()?;
        progress(Progress {
            done: next.0 - first.0,
            total,
        });
    }
    player.materializer.commit()
}

/// Removes a projection's file and what SQLite keeps beside it.
pub(super) fn remove_projection(path: &Path) -> Result<()> {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match std::fs::remove_file(&name) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(Error::io(
                    format!("removing {}", Path::new(&name).display()),
                    error,
                ));
            }
        }
    }
    Ok(())
}
