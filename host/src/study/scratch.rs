//! A book for a log that is a file: made in a temporary folder, with components in force that nobody loaded, and gone when
//! it is dropped. Its events have the file's own numbers, since nothing else is in its log.

use std::path::PathBuf;
use std::sync::Arc;

use super::onlooker::Study;
use crate::book::{Book, Live, live_record};
use crate::model::{Error, Lineup, PluginVersion, Result, Schedule};
use crate::runtime::Runtime;

/// A book that nobody keeps.
pub struct ScratchBook {
    /// There until the drop, which closes it before its folder goes.
    book: Option<Book>,
    folder: PathBuf,
}

impl ScratchBook {
    pub fn new(runtime: Arc<Runtime>) -> Result<ScratchBook> {
        let name = format!("daybook-{}", crate::model::given::id().simple());
        let folder = std::env::temp_dir().join(name);
        let mut scratch = ScratchBook { book: None, folder };
        scratch.book = Some(Book::init(runtime, &scratch.folder)?);
        Ok(scratch)
    }

    pub fn book(&mut self) -> &mut Book {
        self.book.as_mut().expect("it is open until it is dropped")
    }

    /// Takes a component that may be put in force, or compared. Nothing is written of it.
    pub fn lend(&mut self, bytes: &[u8]) -> Result<PluginVersion> {
        self.book().history.lend(bytes)
    }

    /// Puts versions in force over everything that is to come.
    pub fn begin(&mut self, lineup: Lineup) -> Result<()> {
        let book = self.book();
        book.history.library.check_lent()?;
        if book.head().0 > 0 {
            return Err(Error::internal("a scratch book begins once"));
        }
        let schedule = Schedule::pinned(lineup);
        let record = live_record(schedule.clone());
        let path = book.history.dir.projection(&record.file);
        let player = book.history.player(&schedule, &path)?;
        book.live = Live {
            record,
            materializer: player.materializer,
        };
        Ok(())
    }
}

impl Drop for ScratchBook {
    fn drop(&mut self) {
        drop(self.book.take());
        if let Err(error) = std::fs::remove_dir_all(&self.folder) {
            tracing::warn!(%error, folder = %self.folder.display(), "removing a temporary book");
        }
    }
}

impl Study<'_> {
    /// Takes a component to be compared, which the book does not get.
    pub fn lend(&mut self, bytes: &[u8]) -> Result<PluginVersion> {
        self.history.lend(bytes)
    }

    /// Refuses a lent component that stands on a version which is not here.
    pub fn check_lent(&self) -> Result<()> {
        self.history.library.check_lent()
    }
}
