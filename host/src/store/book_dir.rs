//! A book's directory: where its files are, and the lock that makes one process its writer.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use super::private::{close_folder, close_opened, may_write, private_file, private_folder};
use super::standin::StandIn;
use super::{Catalog, copy_projection, remove_projection};
use crate::model::error::Problem;
use crate::model::{Error, ErrorKind, Result};

/// Paths of a book.
#[derive(Debug, Clone)]
pub struct BookDir {
    path: PathBuf,
    /// Where a book on a disk that cannot be written has what is made to read it.
    stand_in: Option<Arc<StandIn>>,
}

impl BookDir {
    /// Makes the directory of a new book. Refuses one that holds anything.
    pub fn create(path: &Path) -> Result<BookDir> {
        if let Ok(mut entries) = std::fs::read_dir(path)
            && entries.next().is_some()
        {
            return Err(Error::unavailable(format!(
                "{} is not an empty directory",
                path.display()
            ))
            .hint("name a directory that does not exist yet"));
        }
        let book = BookDir {
            path: path.to_owned(),
            stand_in: None,
        };
        for directory in [
            book.path.clone(),
            book.path.join("projections"),
            book.path.join("snapshots"),
            book.cache(),
        ] {
            private_folder(&directory)
                .map_err(|error| Error::io(format!("creating {}", directory.display()), error))?;
        }
        // One that was there, and empty. Where it is not ours to close, its files are closed all the same.
        let _ = close_folder(path);
        Ok(book)
    }

    /// Where the log of a new book is made: it gets its name when it is whole.
    pub fn unfinished_log(&self) -> PathBuf {
        self.path.join("log.db.new")
    }

    /// The directory of a copy that is to be made, also where an earlier try was broken off.
    pub fn create_copy(path: &Path) -> Result<BookDir> {
        let unfinished = path.join("log.db.new");
        if unfinished.is_file() && !path.join("log.db").exists() {
            remove_projection(&unfinished)?;
            return Ok(BookDir {
                path: path.to_owned(),
                stand_in: None,
            });
        }
        Self::create(path)
    }

    /// A book on a disk that cannot be written is opened too: to be read, with the system's temporary folder for what
    /// that takes.
    pub fn open(path: &Path) -> Result<BookDir> {
        let mut book = BookDir {
            path: path.to_owned(),
            stand_in: None,
        };
        if !book.log().is_file() {
            return Err(Error::unavailable(format!(
                "{} is not a book: it has no log.db",
                path.display()
            ))
            .hint(format!("make one with: daybook init {}", path.display())));
        }
        if !may_write(path) || !may_write(&book.log()) {
            book.stand_in = Some(Arc::new(StandIn::new()));
            book.copy_unreadable_log()?;
            return Ok(book);
        }
        // Both can be deleted at any time.
        for directory in [book.path.join("projections"), book.cache()] {
            private_folder(&directory)
                .map_err(|error| Error::io(format!("creating {}", directory.display()), error))?;
        }
        Ok(book)
    }

    /// A log that SQLite reads only where it may write beside it, or that an earlier version wrote, is read from a copy.
    fn copy_unreadable_log(&self) -> Result<()> {
        let Some(stand_in) = &self.stand_in else {
            return Ok(());
        };
        match Catalog::open(&self.path.join("log.db")) {
            Err(error) if error.kind == ErrorKind::Io => stand_in.copy_log(&self.path),
            // Damage is told by who reads it.
            _ => Ok(()),
        }
    }

    /// True where the book can only be read.
    pub fn is_read_only(&self) -> bool {
        self.stand_in.is_some()
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn log(&self) -> PathBuf {
        let copy = self.stand_in.as_ref().map(|it| it.path("log.db"));
        let copy = copy.filter(|path| path.is_file());
        copy.unwrap_or_else(|| self.path.join("log.db"))
    }

    /// The file of a projection, or the place for a new one.
    pub fn projection(&self, file: &str) -> PathBuf {
        let own = self.path.join("projections").join(file);
        match &self.stand_in {
            Some(stand_in) if !own.is_file() || stand_in.path(file).is_file() => {
                stand_in.path(file)
            }
            _ => own,
        }
    }

    /// The file of a projection that is to be brought up to date: where its disk cannot be written, a copy of it.
    pub fn projection_to_write(&self, file: &str) -> PathBuf {
        let Some(stand_in) = &self.stand_in else {
            return self.projection(file);
        };
        let (own, copy) = (
            self.path.join("projections").join(file),
            stand_in.path(file),
        );
        if own.is_file()
            && !copy.is_file()
            && let Err(error) = copy_projection(&own, &copy)
        {
            tracing::debug!(%error, "a projection cannot be copied; building it again");
            // The error that matters is the copy's.
            let _ = remove_projection(&copy);
        }
        copy
    }

    pub fn snapshot(&self, file: &str) -> PathBuf {
        self.path.join("snapshots").join(file)
    }

    pub fn cache(&self) -> PathBuf {
        self.path.join("cache")
    }

    /// Where earlier states are kept for whoever asks next.
    pub fn past_states(&self) -> PathBuf {
        match &self.stand_in {
            Some(stand_in) => stand_in.path(""),
            None => self.cache(),
        }
    }

    /// Takes the writer's lock, or says that somebody has it. Gone with the process, however it ends.
    pub fn lock(&self) -> Result<BookLock> {
        let path = self.path.join("lock");
        if self.is_read_only() {
            // Nothing can be written here; somebody else may have the book by another way.
            return match OpenOptions::new().read(true).open(&path) {
                Ok(file) => self.locked(file.try_lock_shared()).map(|()| BookLock(None)),
                Err(_) => Ok(BookLock(None)),
            };
        }
        let file = private_file(&path)
            .map_err(|error| Error::io(format!("opening {}", path.display()), error))?;
        self.locked(file.try_lock())?;
        // Whoever wrote it had the lock, and is gone.
        remove(&self.server())?;
        self.close_to_others();
        Ok(BookLock(Some(file)))
    }

    /// A book that was left open to others is closed by its next writer. Tokens are not: who read them has them, so their
    /// file is refused.
    fn close_to_others(&self) {
        for name in ["", "projections", "snapshots", "cache"] {
            let folder = self.path.join(name);
            let is_wanted = |file: &OsStr| {
                !name.is_empty() || file == "lock" || file.to_string_lossy().starts_with("log.db")
            };
            if let Err(error) = close_opened(&folder, is_wanted)
                && error.kind() != std::io::ErrorKind::NotFound
            {
                tracing::warn!(folder = %folder.display(), %error, "others may read what is in it");
            }
        }
    }

    fn locked(&self, locked: Result<(), TryLockError>) -> Result<()> {
        locked.map_err(|error| match error {
            TryLockError::WouldBlock => Error::unavailable(format!(
                "{} is open in another process",
                self.path.display()
            ))
            .problem(Problem::InUse)
            .hint("wait until it is done, or stop it; reading needs no lock"),
            TryLockError::Error(error) => {
                Error::io(format!("locking {}", self.path.display()), error)
            }
        })
    }

    /// Removes all snapshots, and the past states in the cache: copies of projections, which can be made again.
    pub fn remove_snapshots(&self) -> Result<()> {
        self.sweep_snapshots(&[])?;
        let is_past = |name: &str| name.starts_with(PAST_STATE);
        remove_files(&self.cache(), is_past)
    }

    /// Removes snapshots that no record names.
    pub fn sweep_snapshots(&self, known: &[String]) -> Result<()> {
        let is_unknown = |name: &str| !known.iter().any(|file| file == stem(name));
        remove_files(&self.path.join("snapshots"), is_unknown)
    }

    fn server(&self) -> PathBuf {
        self.path.join("server.json")
    }

    /// Says where the process that has the lock serves the book, until what is returned is dropped.
    pub fn announce(&self, _lock: &BookLock, url: &str) -> Result<Announced> {
        let path = self.server();
        let text = json!({"url": url, "pid": std::process::id()}).to_string();
        let failed = |error| Error::io(format!("writing {}", path.display()), error);
        // Who reads it finds all of it or nothing.
        let unfinished = path.with_extension("json.new");
        remove(&unfinished)?;
        let mut file = private_file(&unfinished).map_err(failed)?;
        file.write_all(text.as_bytes()).map_err(failed)?;
        std::fs::rename(&unfinished, &path).map_err(failed)?;
        Ok(Announced(path))
    }

    /// Where the process that has the book open serves it, if it does. It says something only while that process has the
    /// lock: whoever takes the lock removes it.
    pub fn served_at(&self) -> Result<Option<ServedAt>> {
        let path = self.server();
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io(format!("reading {}", path.display()), error)),
        };
        let found = serde_json::from_str(&text);
        found.map(Some).map_err(|error| {
            Error::corrupt(format!("{} cannot be read: {error}", path.display()))
                .hint("name the server with --url")
        })
    }

    /// Removes what an interrupted build left: files below `projections/` that no record names.
    pub fn sweep(&self, known: &[String]) -> Result<()> {
        let is_unknown = |name: &str| !known.iter().any(|file| file == stem(name));
        remove_files(&self.path.join("projections"), is_unknown)
    }
}

/// How the names of past states in the cache begin.
pub const PAST_STATE: &str = "as-of-";

/// The database that a file of SQLite's belongs to.
fn stem(name: &str) -> &str {
    ["-wal", "-shm", "-journal"]
        .iter()
        .find_map(|suffix| name.strip_suffix(suffix))
        .unwrap_or(name)
}

/// Removes the files of a directory, if it is there, whose names are wanted.
fn remove_files(directory: &Path, is_wanted: impl Fn(&str) -> bool) -> Result<()> {
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Error::io(directory.display(), error)),
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if !is_wanted(&entry.file_name().to_string_lossy()) {
            continue;
        }
        let removed = match path.is_dir() {
            true => std::fs::remove_dir_all(&path),
            false => std::fs::remove_file(&path),
        };
        removed.map_err(|error| Error::io(format!("removing {}", path.display()), error))?;
    }
    Ok(())
}

/// Where a book is served.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ServedAt {
    pub url: String,
    pub pid: u32,
}

/// The file that says where a book is served; gone with this.
#[derive(Debug)]
pub struct Announced(PathBuf);

impl Drop for Announced {
    fn drop(&mut self) {
        // What stays is removed by the next who takes the lock.
        if let Err(error) = remove(&self.0) {
            tracing::warn!(%error, "the book goes on saying that it is served");
        }
    }
}

fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io(format!("removing {}", path.display()), error))
        }
        _ => Ok(()),
    }
}

/// Held by the one process that writes a book. Of a book that can only be read there is nothing to hold.
#[derive(Debug)]
pub struct BookLock(#[expect(dead_code, reason = "the open file is the lock")] Option<File>);
