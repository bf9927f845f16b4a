//! Files of projections: copied beside whoever writes them, and removed with what SQLite keeps beside them.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::{Projection, sqlite};
use crate::model::{Error, Result, Seq};

/// Copies a projection as its last commit left it, beside whoever writes it, into a file that is not there yet. Durable
/// when it returns; gives the position of the copy.
pub fn copy_projection(from: &Path, to: &Path) -> Result<Seq> {
    let failed = |error| sqlite(&format!("copying {}", from.display()), error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(from, flags).map_err(failed)?;
    connection
        .busy_timeout(std::time::Duration::from_secs(10))
        .map_err(failed)?;
    let name = to
        .to_str()
        .ok_or_else(|| Error::usage(format!("{} is not UTF-8", to.display())))?;
    connection
        .execute("VACUUM INTO ?1", [name])
        .map_err(failed)?;
    let file = std::fs::File::open(to).map_err(|error| Error::io(to.display(), error))?;
    file.sync_all()
        .map_err(|error| Error::io(to.display(), error))?;
    Ok(Projection::glance(to)?.position)
}

/// Removes a projection's file and what SQLite keeps beside it.
pub fn remove_projection(path: &Path) -> Result<()> {
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
