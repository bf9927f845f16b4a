//! What the user's own files were compiled to, kept in the user's cache folder: a component is compiled once, however often it
//! is inspected, compared or loaded.

use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::runtime::ComponentCache;
use crate::store::{private_file, private_folder};

/// Compiled components that are kept, the newest: as many, and as many bytes.
const FILES_MAX: usize = 64;
const BYTES_MAX: u64 = 1 << 30;

/// The cache. None: there is no folder that is this user's alone, so nothing is kept.
pub fn cache() -> Option<ComponentCache> {
    let folder = folder()?;
    match open(&folder) {
        Ok(Some(cache)) => Some(cache.bounded(FILES_MAX, BYTES_MAX)),
        Ok(None) => {
            tracing::warn!(path = %folder.display(), "others may write there: compiled components are not kept");
            None
        }
        Err(error) => {
            tracing::debug!(%error, path = %folder.display(), "compiled components are not kept");
            None
        }
    }
}

/// As the XDG Base Directory Specification says.
fn folder() -> Option<PathBuf> {
    let absolute = |name: &str| {
        let path = std::env::var_os(name).map(PathBuf::from);
        path.filter(|path| path.is_absolute())
    };
    let above = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?;
    Some(above.join("daybook"))
}

fn open(folder: &Path) -> std::io::Result<Option<ComponentCache>> {
    private_folder(folder)?;
    let metadata = std::fs::metadata(folder)?;
    let own = std::fs::metadata("/proc/self").map(|it| it.uid());
    let is_closed = metadata.permissions().mode() & 0o077 == 0;
    if !is_closed || own.is_ok_and(|own| own != metadata.uid()) {
        return Ok(None);
    }
    let mut key = [0; 32];
    let path = folder.join("key");
    let mut file = match std::fs::File::open(&path) {
        Ok(file) => file,
        Err(_) => {
            let parts = [Uuid::new_v4(), Uuid::new_v4()];
            // Whoever comes second takes the first one's: until then it is not there under this name.
            let unfinished = folder.join(format!("key.{}", Uuid::new_v4()));
            let mut file = private_file(&unfinished)?;
            parts
                .iter()
                .try_for_each(|part| file.write_all(part.as_bytes()))?;
            let linked = std::fs::hard_link(&unfinished, &path);
            std::fs::remove_file(&unfinished)?;
            match linked {
                Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                    return Err(error);
                }
                _ => std::fs::File::open(&path)?,
            }
        }
    };
    file.read_exact(&mut key)?;
    Ok(Some(ComponentCache::new(folder.to_owned(), key)))
}
