//! A book to be looked at: what replays and comparisons need of it, which keep nothing. Borrowed from an open book, or with
//! connections and an engine of its own, beside a book that goes on.

use std::path::Path;

use super::book::Book;
use super::library::{Beside, Library, Plan};
use super::past::Payloads;
use super::replays::Picked;
use super::versions::source;
use crate::model::log::EventLog;
use crate::model::{Error, Lineup, Result, Schedule, Seq};
use crate::replay;
use crate::store::{BookDir, LogDb, Role};

/// Whatever is done with it, the book is as it was.
pub struct Study<'a> {
    pub(super) dir: &'a BookDir,
    pub(super) log: &'a LogDb,
    pub(super) library: &'a mut Library,
    /// What the live projection runs.
    pub(super) live: &'a Schedule,
    head: Seq,
}

/// A book as it was at one moment, to be studied on any thread while it goes on: the log only grows, so the events up to
/// the head of that moment are what they were.
pub struct Onlooker {
    dir: BookDir,
    log: LogDb,
    beside: Beside,
    live: Schedule,
    head: Seq,
}

impl Book {
    pub fn study(&mut self) -> Study<'_> {
        Study {
            head: self.head(),
            dir: &self.dir,
            log: &self.log,
            library: &mut self.library,
            live: &self.live.record.schedule,
        }
    }

    /// Costs next to nothing; the engine is made by whoever studies.
    pub fn onlooker(&self) -> Result<Onlooker> {
        Ok(Onlooker {
            dir: self.dir.clone(),
            log: LogDb::open(&self.dir.log())?,
            beside: self.library.beside(),
            live: self.live.record.schedule.clone(),
            head: self.head(),
        })
    }
}

impl Onlooker {
    /// Of a book that somebody else may have open: it takes no lock.
    pub fn open(path: &Path) -> Result<Onlooker> {
        let dir = BookDir::open(path)?;
        let log = LogDb::open(&dir.log())?;
        let records = log.projections()?.into_iter();
        let live = { records }
            .find(|record| record.role == Role::Live)
            .ok_or_else(|| Error::corrupt("the log names no live projection"))?;
        Ok(Onlooker {
            beside: Beside::of(&dir, &log)?,
            head: log.head()?.0,
            live: live.schedule,
            dir,
            log,
        })
    }

    pub fn study<T>(self, work: impl FnOnce(&mut Study<'_>) -> Result<T>) -> Result<T> {
        let mut library = self.beside.open(&self.log)?;
        work(&mut Study {
            dir: &self.dir,
            log: &self.log,
            library: &mut library,
            live: &self.live,
            head: self.head,
        })
    }
}

impl Study<'_> {
    /// Position of the last event.
    pub fn head(&self) -> Seq {
        self.head
    }

    /// Gives every call a fresh instance, whatever a version's isolation; or no longer.
    pub fn isolate_events(&mut self, on: bool) {
        self.library.isolate_events(on);
    }

    pub(super) fn lineup(&self) -> Lineup {
        self.live.last()
    }

    pub(super) fn plan(&mut self, schedule: &Schedule) -> Result<Plan> {
        self.library.plan(self.log, schedule)
    }

    /// Reads the log on a connection of its own, with other payloads for some events.
    pub(super) fn source<'b>(&self, payloads: &'b Payloads) -> Result<replay::Source<'b>> {
        source(self.dir, payloads)
    }

    /// A file for a projection that is thrown away; no other has its name.
    pub(super) fn temporary(&self, what: &str) -> std::path::PathBuf {
        let file = format!("{what}-{}.building", uuid::Uuid::now_v7().simple());
        self.dir.projection(&file)
    }

    /// The schedule that a choice means for this book.
    pub fn schedule_of(&mut self, picked: &Picked) -> Result<Schedule> {
        match picked {
            Picked::Pinned(versions) => {
                for version in versions {
                    self.library.find(version)?;
                }
                let lineup = self.lineup().with(versions);
                self.pinned(lineup)
            }
            Picked::Recorded => {
                let mut schedule = Schedule::default();
                for (from, epoch) in self.log.epochs()? {
                    schedule = schedule.then(from, epoch.last());
                }
                Ok(schedule)
            }
        }
    }
}
