//! A book for reading: needs no lock, sees what is committed, works beside the process that writes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::event_with_effects::EventWithEffects;
use super::open::{Book, LIVE};
use super::story::Story;
use super::told_tasks::{ToldTask, told_tasks};
use crate::engine::Usage;
use crate::history::{Changed, Decoder, OnProgress, RepairNote, notes};
use crate::log::SqliteLog;
use crate::model::clock::Stopwatch;
use crate::model::effects::RecordedChange;
use crate::model::error::Problem;
use crate::model::{
    CommitSeq, Digest, Error, ErrorKind, Event, Lineup, QueryColumn, Result, Seq, Task, Value,
};
use crate::model::{ProjectionRecord, SnapshotRecord};
use crate::runtime::Runtime;
use crate::store::{
    BookDir, Catalog, EventFilter, Projection, ProjectionHead, ResultColumn, StoredEvent,
    query_columns, read_only_query,
};

/// An open book that cannot be changed.
#[derive(Debug)]
pub struct Reader {
    dir: BookDir,
    log: Catalog,
}

/// Where a log stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogHead {
    /// The last commit, and the digest of everything that the commits left.
    pub commit: CommitSeq,
    pub digest: Digest,
    /// The last event, and its chain hash.
    pub event: Seq,
    pub hash: Digest,
}

/// What a whole history came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryHashes {
    /// Of the live projection: its position, and the running hashes of changes and tasks.
    pub head: ProjectionHead,
    /// Chain hash of the log at that position.
    pub log: Digest,
    pub lineup: Lineup,
}

/// An event with what it caused, as it was recorded.
#[derive(Debug, Clone)]
pub struct Shown {
    pub stored: StoredEvent,
    pub changes: Vec<RecordedChange>,
    pub tasks: Vec<Task>,
    /// What has become of each, where anybody carries it out.
    pub told: Vec<Option<ToldTask>>,
    /// Tasks that were enqueued after it was handled; only where steps are told.
    pub late: Vec<ToldTask>,
    /// `told` has everything that happened to them, and is shown; else it is there for their ids.
    pub tells_steps: bool,
    /// What was done to it since.
    pub repairs: RepairNote,
    /// Everything else that became of it, where that is asked for.
    pub story: Option<Box<Story>>,
}

impl Shown {
    /// Looks up what has become of its tasks.
    pub(crate) fn tell_tasks(&mut self, log: &Catalog, with_steps: bool) -> Result<()> {
        (self.told, self.late) = told_tasks(log, self.stored.event.seq, &self.tasks, with_steps)?;
        self.tells_steps = with_steps;
        Ok(())
    }

    pub fn with_effects(&self) -> EventWithEffects {
        EventWithEffects {
            event: self.stored.event.clone(),
            changes: self.changes.clone(),
            tasks: self.tasks.clone(),
            task_ids: { self.told.iter() }
                .map(|told| told.as_ref().map(|told| told.row.id.clone()))
                .collect(),
            log: Vec::new(),
            usage: Usage::default(),
        }
    }
}

/// Recorded effects made readable.
pub(crate) fn shown(log: &Catalog, events: Vec<StoredEvent>) -> Result<Vec<Shown>> {
    let (Some(first), Some(last)) = (events.first(), events.last()) else {
        return Ok(Vec::new());
    };
    let notes = notes(log, first.event.seq, last.event.seq)?;
    let mut decoder = Decoder::new(log)?;
    let shown = events.into_iter().map(|stored| {
        let (changes, tasks) = decoder.decode(log, &stored)?;
        let changed = Changed {
            stored,
            changes,
            tasks,
        };
        let mut shown = shown_with(&notes, changed);
        shown.tell_tasks(log, true)?;
        Ok(shown)
    });
    shown.collect()
}

/// An event that was read with what it did, and the repairs of the log at hand.
pub(crate) fn shown_with(notes: &BTreeMap<Seq, RepairNote>, changed: Changed) -> Shown {
    let Changed {
        stored,
        changes,
        tasks,
    } = changed;
    Shown {
        repairs: notes.get(&stored.event.seq).copied().unwrap_or_default(),
        stored,
        changes,
        tasks,
        told: Vec::new(),
        late: Vec::new(),
        tells_steps: false,
        story: None,
    }
}

/// How often a query is tried whose projection is replaced, by an activation, while it is being opened.
const ATTEMPTS_MAX: usize = 5;

/// Seconds that a read waits for an event, and the time between two looks.
const REACH_SECONDS_MAX: f64 = 5.0;
const REACH_LOOK: Duration = Duration::from_millis(20);

impl Reader {
    /// Opens a book. Where the live projection lags behind the log and nobody is writing, a process was killed: the
    /// projection is brought up to date first.
    pub fn open(path: &Path, progress: OnProgress<'_>) -> Result<Reader> {
        let dir = BookDir::open(path)?;
        let log = Catalog::open(&dir.log())?;
        let reader = Reader { dir, log };
        if reader.lags()? {
            let runtime = Arc::new(Runtime::new()?);
            match Book::open_in(runtime, reader.dir.clone(), Box::new(SqliteLog), progress) {
                Ok(book) => drop(book),
                // Somebody has the book open, and brings it up to date.
                Err(error) if error.kind == ErrorKind::Unavailable => {}
                Err(error) => return Err(error),
            }
        }
        Ok(reader)
    }

    /// Opens a book that this process serves: nothing needs to be brought up to date.
    pub fn beside(path: &Path) -> Result<Reader> {
        let dir = BookDir::open(path)?;
        let log = Catalog::open(&dir.log())?;
        Ok(Reader { dir, log })
    }

    /// True where the live projection is not there, not whole, of another history, or not as far as the log.
    fn lags(&self) -> Result<bool> {
        let live = self.live()?;
        let path = self.dir.projection(&live.file);
        let head = self.head()?;
        Ok(!path.is_file() || { self.log.position_of(&path) }
            .map_or(true, |position| position < head))
    }

    pub(crate) fn log(&self) -> &Catalog {
        &self.log
    }

    pub(crate) fn dir(&self) -> &BookDir {
        &self.dir
    }

    pub(crate) fn live(&self) -> Result<ProjectionRecord> {
        self.log.live()
    }

    /// Position of the last event.
    pub fn head(&self) -> Result<Seq> {
        self.log.head().map(|(seq, _)| seq)
    }

    /// Where the log stands, as a digest to be kept elsewhere.
    pub fn log_head(&self) -> Result<LogHead> {
        let Some((commit, digest)) = self.log.log_digest()? else {
            return Err(Error::unavailable(
                "the log has no digest yet: an earlier daybook wrote it",
            )
            .hint("daybook verify BOOK makes it, and checks what it is of"));
        };
        let (event, hash) = self.log.head()?;
        Ok(LogHead {
            commit,
            digest,
            event,
            hash,
        })
    }

    /// What the whole history came to, in a few hashes.
    pub fn hashes(&self) -> Result<HistoryHashes> {
        let mut live = self.live()?;
        let mut glance = Projection::glance(&self.dir.projection(&live.file));
        // Another one may have taken its place meanwhile.
        if glance.is_err() {
            live = self.live()?;
            glance = Projection::glance(&self.dir.projection(&live.file));
        }
        let found = glance?;
        let position = found.head.position;
        let log = match self.log.recorded_at(position)? {
            Some(stored) => stored.hash,
            None => Digest::ZERO,
        };
        Ok(HistoryHashes {
            head: found.head,
            log,
            lineup: live.schedule.last(),
        })
    }

    /// Waits until the live state has an event that somebody may just be writing.
    pub fn reach(&self, position: Seq) -> Result<()> {
        let clock = Stopwatch::start();
        loop {
            let (_, path) = self.projection_file(LIVE)?;
            // One that is being replaced is looked at again.
            let reached = self.log.position_of(&path).unwrap_or_default();
            if reached >= position {
                return Ok(());
            }
            if clock.seconds() > REACH_SECONDS_MAX {
                let text = format!("the book is at event {reached}, and not at {position} yet");
                return Err(Error::unavailable(text).hint("ask again once it was written"));
            }
            std::thread::sleep(REACH_LOOK);
        }
    }

    /// A page of the events that match a filter, in order: at most `count_max`, and fewer where they are large.
    pub fn events(&self, filter: &EventFilter, count_max: usize) -> Result<Vec<Event>> {
        self.event_page(filter, count_max).map(|(events, _)| events)
    }

    /// A page of events that match a filter, and whether there are others behind it.
    pub fn event_page(&self, filter: &EventFilter, count_max: usize) -> Result<(Vec<Event>, bool)> {
        self.log.list(filter, count_max)
    }

    /// What was done to events of a list since they were logged, by event; the list is in order, either way.
    pub fn repairs(&self, events: &[Event]) -> Result<BTreeMap<Seq, RepairNote>> {
        match (events.first(), events.last()) {
            (Some(first), Some(last)) => {
                notes(&self.log, first.seq.min(last.seq), first.seq.max(last.seq))
            }
            _ => Ok(BTreeMap::new()),
        }
    }

    /// An event with what it caused.
    pub fn show(&self, seq: Seq) -> Result<Shown> {
        let Some(stored) = self.log.recorded_at(seq)? else {
            let head = self.head()?;
            return Err(
                Error::usage(format!("event {seq} is not in the log; its head is {head}"))
                    .problem(Problem::Unknown),
            );
        };
        let shown = shown(&self.log, vec![stored])?.pop();
        let mut shown =
            shown.ok_or_else(|| Error::internal(format!("event {seq} was read and is gone")))?;
        let effects = (shown.changes.clone(), shown.tasks.clone());
        let told = shown.told.iter().flatten().chain(&shown.late);
        let story = Story::read(&self.log, &shown.stored, effects, told)?;
        shown.story = Some(Box::new(story));
        Ok(shown)
    }

    /// Stops what `work` reads of the log once it takes longer than this many seconds.
    pub fn within<T>(&self, seconds: f64, work: impl FnOnce(&Reader) -> Result<T>) -> Result<T> {
        self.log.within(seconds, || work(self))
    }

    /// Events with an id, whatever their source: position and source, at most `count_max`.
    pub fn find_id(&self, id: &str, count_max: usize) -> Result<Vec<(Seq, String)>> {
        self.log.find_id(id, count_max)
    }

    /// The snapshots of the live state, by position.
    pub fn snapshots(&self) -> Result<Vec<SnapshotRecord>> {
        self.log.snapshots()
    }

    /// Runs one SELECT over a projection: `start` is told the columns, `visit` gets row after row.
    pub fn query(
        &self,
        projection: &str,
        sql: &str,
        mut start: impl FnMut(&[QueryColumn]) -> Result<()>,
        mut visit: impl FnMut(Vec<Value>) -> Result<()>,
    ) -> Result<()> {
        for attempt in 1.. {
            let (record, path) = self.projection_file(projection)?;
            let is_replaced =
                || Ok::<_, Error>(self.projection_file(projection)?.0.file != record.file);
            let mut started = false;
            // An activation removes the file it replaces, and what SQLite keeps beside it, after the registry names the
            // new one. So while the registry still names this file, all of it was there when it was opened.
            let checked_start = |columns: &[ResultColumn]| {
                if is_replaced()? {
                    return Err(Error::unavailable("the projection is being replaced"));
                }
                started = true;
                start(&query_columns(columns, self.log.layouts()?.values()))
            };
            if projection != LIVE {
                self.check_history(projection, &path)?;
            }
            let result = read_only_query(&path, sql, checked_start, &mut visit);
            let replaced = result.is_err() && !started && is_replaced()?;
            if !replaced || attempt == ATTEMPTS_MAX {
                return result;
            }
        }
        unreachable!("the last attempt returns")
    }

    /// The live projection was looked at when the book was opened; what is beside it only now.
    pub(crate) fn check_history(&self, projection: &str, path: &Path) -> Result<Seq> {
        self.log.position_of(path).map_err(|error| {
            error.hint(format!(
                "make it again: daybook replay BOOK --as {projection}; a shadow or a standby is built again when it is next used"
            ))
        })
    }

    pub(crate) fn projection_file(&self, name: &str) -> Result<(ProjectionRecord, PathBuf)> {
        let records = self.log.projections()?;
        match records.iter().find(|record| record.name == name) {
            Some(record) => Ok((record.clone(), self.dir.projection(&record.file))),
            None => {
                let names: Vec<_> = records.iter().map(|record| record.name.as_str()).collect();
                Err(
                    Error::usage(format!("there is no projection '{}'", name.escape_debug()))
                        .hint(format!("projections of this book: {}", names.join(", "))),
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::silent;

    /// A new book, open for writing.
    fn book(path: &Path) -> Book {
        Book::init(Arc::new(Runtime::new().unwrap()), path).unwrap()
    }

    fn position(reader: &Reader) -> Result<Value> {
        let mut rows = Vec::new();
        let sql = "SELECT position FROM _daybook";
        reader.query(
            LIVE,
            sql,
            |_| Ok(()),
            |row| {
                rows.extend(row);
                Ok(())
            },
        )?;
        Ok(rows.remove(0))
    }

    #[test]
    fn a_reader_works_beside_the_process_that_writes() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("book");
        let writer = book(&path);
        let reader = Reader::open(&path, &mut silent()).unwrap();
        assert_eq!(position(&reader).unwrap(), Value::Integer(0));
        assert_eq!(reader.head().unwrap(), Seq::ZERO);
        assert!(Book::open(Arc::new(Runtime::new().unwrap()), &path, &mut silent()).is_err());
        drop(writer);
    }

    #[test]
    fn a_projection_that_is_gone_is_built_again_unless_somebody_is_writing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("book");
        let writer = book(&path);
        let live = writer.live_path();
        drop(writer);
        std::fs::remove_file(&live).unwrap();
        let lock = BookDir::open(&path).unwrap().lock().unwrap();
        let reader = Reader::open(&path, &mut silent()).unwrap();
        assert!(
            position(&reader).is_err(),
            "nobody may touch a book that is being written"
        );
        drop(lock);
        let reader = Reader::open(&path, &mut silent()).unwrap();
        assert_eq!(position(&reader).unwrap(), Value::Integer(0));
    }

    #[test]
    fn an_event_that_is_not_there_and_a_projection_that_is_not_there_are_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("book");
        drop(book(&path));
        let reader = Reader::open(&path, &mut silent()).unwrap();
        assert_eq!(
            reader.show(Seq(7)).unwrap_err().message,
            "event 7 is not in the log; its head is 0"
        );
        let error = reader
            .query("other", "SELECT 1", |_| Ok(()), |_| Ok(()))
            .unwrap_err();
        assert_eq!(
            error.hint.as_deref(),
            Some("projections of this book: live")
        );
    }
}
