//! Files and folders for their owner alone, whatever the umask says; and whether this process may write somewhere.

use std::ffi::{CString, OsStr};
use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Opens a file for writing, which nobody else can read. One that is there keeps its mode and its content.
pub fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    match options.clone().create_new(true).open(path) {
        Ok(file) => {
            // A umask may have taken the owner's own rights too.
            file.set_permissions(Permissions::from_mode(0o600))?;
            Ok(file)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            options.create(true).truncate(false).open(path)
        }
        Err(error) => Err(error),
    }
}

/// Makes a folder that is closed to others, and those above it as usual. One that is there stays as it is.
pub fn private_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(above) = path.parent() {
        std::fs::create_dir_all(above)?;
    }
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        made => made.and_then(|()| close_folder(path)),
    }
}

/// Closes a folder to others.
pub fn close_folder(path: &Path) -> io::Result<()> {
    std::fs::set_permissions(path, Permissions::from_mode(0o700))
}

/// Closes to others a folder, and those of its files whose names are wanted, as far as they are open and are this
/// process's to close. A host before this one, or whoever copied a book, may have left them so.
pub fn close_opened(folder: &Path, is_wanted: impl Fn(&OsStr) -> bool) -> io::Result<()> {
    let close = |path: &Path, mode: u32| -> io::Result<()> {
        match std::fs::symlink_metadata(path)?.permissions().mode() & 0o077 {
            0 => Ok(()),
            _ => std::fs::set_permissions(path, Permissions::from_mode(mode)),
        }
    };
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_file() && is_wanted(&entry.file_name()) {
            close(&entry.path(), 0o600)?;
        }
    }
    close(folder, 0o700)
}

/// False on a disk that is mounted for reading alone, and where this process has no right to write.
pub fn may_write(path: &Path) -> bool {
    let Ok(path) = CString::new(path.as_os_str().as_bytes()) else {
        return false;
    };
    // SAFETY: the path is a text that ends with a zero byte and outlives the call, which keeps nothing of it.
    let answer =
        unsafe { libc::faccessat(libc::AT_FDCWD, path.as_ptr(), libc::W_OK, libc::AT_EACCESS) };
    answer == 0
}
