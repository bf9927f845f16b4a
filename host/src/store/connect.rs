//! How SQLite's files are opened: new ones for their owner alone, and those on a disk that cannot be written for reading.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::private::{may_write, private_file};
use super::temporary;

/// A new file, or one in memory.
pub fn create(path: &Path) -> rusqlite::Result<Connection> {
    if path != Path::new(":memory:") {
        // SQLite gives the files beside it the mode of this one.
        private_file(path).map_err(|_| cannot_open(path))?;
    }
    temporary::open(path, OpenFlags::default())
}

/// A file that is there, for writing as far as its disk allows it.
pub fn open(path: &Path) -> rusqlite::Result<Connection> {
    readable(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
}

/// A file that is there, for reading alone.
pub fn open_to_read(path: &Path) -> rusqlite::Result<Connection> {
    readable(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

fn readable(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = temporary::open(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    // The first look at a file with a write-ahead log makes an index beside it, where it can.
    let looked = connection.pragma_query_value(None, "schema_version", |row| row.get::<_, i64>(0));
    let code = looked.err().and_then(|error| error.sqlite_error_code());
    match code {
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly) if is_at_rest(path) => unchanging(path),
        // Anything else is for the caller to find, with its own words.
        _ => Ok(connection),
    }
}

/// True where nobody can be writing a file, and all of it is in the file itself.
fn is_at_rest(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let is_whole = std::fs::metadata(log).map_or(true, |known| known.len() == 0);
    is_whole && path.parent().is_some_and(|folder| !may_write(folder))
}

/// A file that SQLite is told never changes: it needs nothing beside it.
fn unchanging(path: &Path) -> rusqlite::Result<Connection> {
    let absolute = std::path::absolute(path).map_err(|_| cannot_open(path))?;
    let name = absolute.to_str().ok_or_else(|| cannot_open(path))?;
    let name = { name.replace('%', "%25") }
        .replace('?', "%3f")
        .replace('#', "%23");
    temporary::open(
        Path::new(&format!("file://{name}?immutable=1")),
        OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_URI
            | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
}

fn cannot_open(path: &Path) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(
        rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CANTOPEN),
        Some(format!("unable to open {}", path.display())),
    )
}
