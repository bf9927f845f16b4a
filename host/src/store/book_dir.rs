//! A book's directory: where its files are, and the lock that makes one process its writer.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::json;

use crate::model::error::Problem;
use crate::model::{Error, Result};

/// Paths of a book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookDir(PathBuf);

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
        let book = BookDir(path.to_owned());
        for directory in [
            book.0.clone(),
            book.0.join("projections"),
            book.0.join("snapshots"),
            book.cache(),
        ] {
            std::fs::create_dir_all(&directory)
                .map_err(|error| Error::io(format!("creating {}", directory.display()), error))?;
        }
        Ok(book)
    }

    pub fn open(path: &Path) -> Result<BookDir> {
        let book = BookDir(path.to_owned());
        if !book.log().is_file() {
            return Err(Error::unavailable(format!(
                "{} is not a book: it has no log.db",
                path.display()
            ))
            .hint(format!("make one with: daybook init {}", path.display())));
        }
        // Both can be deleted at any time.
        for directory in [book.0.join("projections"), book.cache()] {
            std::fs::create_dir_all(&directory)
                .map_err(|error| Error::io(format!("creating {}", directory.display()), error))?;
        }
        Ok(book)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn log(&self) -> PathBuf {
        self.0.join("log.db")
    }

    pub fn projection(&self, file: &str) -> PathBuf {
        self.0.join("projections").join(file)
    }

    pub fn snapshot(&self, file: &str) -> PathBuf {
        self.0.join("snapshots").join(file)
    }

    pub fn cache(&self) -> PathBuf {
        self.0.join("cache")
    }

    /// Takes the writer's lock, or says that somebody has it. Gone with the process, however it ends.
    pub fn lock(&self) -> Result<BookLock> {
        let path = self.0.join("lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| Error::io(format!("opening {}", path.display()), error))?;
        match file.try_lock() {
            Ok(()) => {
                // Whoever wrote it had the lock, and is gone.
                remove(&self.server())?;
                Ok(BookLock(file))
            }
            Err(TryLockError::WouldBlock) => Err(Error::unavailable(format!(
                "{} is open in another process",
                self.0.display()
            ))
            .problem(Problem::InUse)
            .hint("wait until it is done, or stop it; reading needs no lock")),
            Err(TryLockError::Error(error)) => {
                Err(Error::io(format!("locking {}", path.display()), error))
            }
        }
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
        remove_files(&self.0.join("snapshots"), is_unknown)
    }

    fn server(&self) -> PathBuf {
        self.0.join("server.json")
    }

    /// Says where the process that has the lock serves the book, until what is returned is dropped.
    pub fn announce(&self, _lock: &BookLock, url: &str) -> Result<Announced> {
        let path = self.server();
        let text = json!({"url": url, "pid": std::process::id()}).to_string();
        let failed = |error| Error::io(format!("writing {}", path.display()), error);
        // Who reads it finds all of it or nothing.
        let unfinished = path.with_extension("json.new");
        std::fs::write(&unfinished, text).map_err(failed)?;
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
        remove_files(&self.0.join("projections"), is_unknown)
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

/// Held by the one process that writes a book.
#[derive(Debug)]
pub struct BookLock(#[expect(dead_code, reason = "the open file is the lock")] File);
