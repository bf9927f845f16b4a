//! Files of projections: copied beside whoever writes them, and removed with what SQLite keeps beside them.

use std::path::{Path, PathBuf};

use super::private::private_file;
use super::{Projection, connect, sqlite};
use crate::model::{Error, Result, Seq};

/// Copies a projection as its last commit left it, beside whoever writes it, into a file that is not there yet. Durable
/// when it returns; gives the position of the copy.
pub fn copy_projection(from: &Path, to: &Path) -> Result<Seq> {
    let failed = |error| sqlite(&format!("copying {}", from.display()), error);
    let connection = connect::open(from).map_err(failed)?;
    connection
        .busy_timeout(std::time::Duration::from_secs(10))
        .map_err(failed)?;
    let name = to
        .to_str()
        .ok_or_else(|| Error::usage(format!("{} is not UTF-8", to.display())))?;
    // Which takes an empty file as it takes none, and leaves it its mode.
    private_file(to).map_err(|error| Error::io(to.display(), error))?;
    connection
        .execute("VACUUM INTO ?1", [name])
        .map_err(failed)?;
    let file = std::fs::File::open(to).map_err(|error| Error::io(to.display(), error))?;
    file.sync_all()
        .map_err(|error| Error::io(to.display(), error))?;
    Ok(Projection::glance(to)?.head.position)
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

/// Projection files that are gone when this is.
pub(crate) struct Temporary(Vec<PathBuf>);

impl Temporary {
    pub fn new(paths: &[PathBuf]) -> Result<Temporary> {
        for path in paths {
            remove_projection(path)?;
        }
        Ok(Temporary(paths.to_vec()))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        for path in &self.0 {
            if let Err(error) = remove_projection(path) {
                tracing::warn!(%error, "removing a temporary projection");
            }
        }
    }
}
