//! A book to be looked at: what replays and comparisons need of it, which keep nothing. Borrowed from an open book, or with
//! connections and an engine of its own, beside a book that goes on.

use std::path::Path;

use super::replays::Picked;
use crate::book::Book;
use crate::engine::Plan;
use crate::history::{History, HistorySeed};
use crate::model::{Calls, Lineup, Result, Schedule, Seq};
use crate::store::BookDir;

/// Whatever is done with it, the book is as it was.
pub struct Study<'a> {
    pub(crate) history: &'a mut History,
    /// What the live projection runs.
    pub(crate) live: &'a Schedule,
    head: Seq,
}

/// A book as it was at one moment, to be studied on any thread while it goes on: the log only grows, so the events up to
/// the head of that moment are what they were.
pub struct Onlooker {
    seed: HistorySeed,
    live: Schedule,
    head: Seq,
}

impl Book {
    pub fn study(&mut self) -> Study<'_> {
        Study {
            head: self.head(),
            history: &mut self.history,
            live: &self.live.record.schedule,
        }
    }

    /// Costs next to nothing; the engine is made by whoever studies.
    pub fn onlooker(&self) -> Result<Onlooker> {
        Ok(Onlooker {
            seed: self.history.seed()?,
            live: self.live.record.schedule.clone(),
            head: self.head(),
        })
    }
}

impl Onlooker {
    /// Of a book that somebody else may have open: it takes no lock.
    pub fn open(path: &Path) -> Result<Onlooker> {
        let seed = HistorySeed::of(BookDir::open(path)?)?;
        Ok(Onlooker {
            head: seed.log.head()?.0,
            live: seed.log.live()?.schedule,
            seed,
        })
    }

    pub fn study<T>(self, work: impl FnOnce(&mut Study<'_>) -> Result<T>) -> Result<T> {
        work(&mut Study {
            history: &mut self.seed.open()?,
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

    /// How replays and comparisons make calls from now on.
    pub fn set_calls(&mut self, calls: Calls) {
        self.history.library.calls = calls;
    }

    pub(crate) fn lineup(&self) -> Lineup {
        self.live.last()
    }

    pub(crate) fn plan(&mut self, schedule: &Schedule) -> Result<Plan> {
        self.history.plan(schedule)
    }

    /// A file for a projection that is thrown away; no other has its name.
    pub(crate) fn temporary(&self, what: &str) -> std::path::PathBuf {
        let file = format!("{what}-{}.building", crate::model::given::id().simple());
        self.history.dir.projection(&file)
    }

    /// The schedule that a choice means for this book.
    pub fn schedule_of(&mut self, picked: &Picked) -> Result<Schedule> {
        match picked {
            Picked::Pinned(versions) => {
                for version in versions {
                    self.history.library.find(version)?;
                }
                let lineup = self.lineup().with(versions);
                self.pinned(lineup)
            }
            Picked::Recorded => {
                let mut schedule = Schedule::default();
                for (from, epoch) in self.history.log.epochs()? {
                    schedule = schedule.then(from, epoch.last());
                }
                Ok(schedule)
            }
        }
    }
}
