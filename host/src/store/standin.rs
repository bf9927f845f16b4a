//! A folder that stands in for a book's own where that cannot be written: for what is made to read the book, and gone with it.

use std::path::{Path, PathBuf};

use super::private::{private_file, private_folder};
use crate::model::{Error, Result};

/// A temporary folder.
#[derive(Debug)]
pub struct StandIn(PathBuf);

impl StandIn {
    pub fn new() -> StandIn {
        let name = format!("daybook-{}", crate::model::given::id().simple());
        let folder = std::env::temp_dir().join(name);
        // Most of what is read needs no folder; who does need one is told when its file cannot be made.
        if let Err(error) = private_folder(&folder) {
            tracing::warn!(%error, folder = %folder.display(), "making a temporary folder");
        }
        StandIn(folder)
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.0.join(file)
    }

    /// Copies a book's log, with what was not carried over into it yet.
    pub fn copy_log(&self, book: &Path) -> Result<()> {
        for name in ["log.db-wal", "log.db"] {
            let (from, to) = (book.join(name), self.path(name));
            let failed = |error| Error::io(format!("copying {}", from.display()), error);
            if name == "log.db-wal" && !from.is_file() {
                continue;
            }
            let mut source = std::fs::File::open(&from).map_err(failed)?;
            let mut copy = private_file(&to).map_err(failed)?;
            std::io::copy(&mut source, &mut copy).map_err(failed)?;
        }
        Ok(())
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        if self.0.is_dir()
            && let Err(error) = std::fs::remove_dir_all(&self.0)
        {
            tracing::warn!(%error, folder = %self.0.display(), "removing a temporary folder");
        }
    }
}
