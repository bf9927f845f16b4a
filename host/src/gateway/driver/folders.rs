//! Where on its machine a server lets tasks be written, and secrets be read: below folders that were named when it was
//! started. Who operates a book is not who uses the machine.

use std::fs::{File, OpenOptions};
use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::model::{Error, Result};

/// Bytes of a secret's file, beyond which it is none.
const SECRET_BYTES_MAX: u64 = 4 << 10;

/// Folders, as they are once every link is followed. Empty: nothing is written, or read.
#[derive(Debug, Clone, Default)]
pub struct Folders {
    /// Tasks are written below these.
    files: Vec<PathBuf>,
    /// Secrets are read below these.
    secrets: Vec<PathBuf>,
}

impl Folders {
    /// Refuses a folder that is not there.
    pub fn new(files: &[PathBuf], secrets: &[PathBuf]) -> Result<Folders> {
        let resolved = |paths: &[PathBuf]| -> Result<Vec<PathBuf>> {
            let resolved = paths.iter().map(|path| {
                let found = path.canonicalize();
                let found = found.map_err(|error| Error::io(path.display(), error))?;
                match found.is_dir() {
                    true => Ok(found),
                    false => Err(Error::usage(format!("{} is not a folder", path.display()))),
                }
            });
            resolved.collect()
        };
        Ok(Folders {
            files: resolved(files)?,
            secrets: resolved(secrets)?,
        })
    }

    /// The path that is written when this one is: links and `..` followed, as far as it is there. Refuses what is elsewhere.
    pub fn to_write(&self, path: &Path) -> Result<PathBuf> {
        below(&self.files, path, "written", "--files")
    }

    /// The text of a secret's file.
    pub fn secret(&self, path: &Path) -> Result<String> {
        let path = below(&self.secrets, path, "a secret", "--secrets")?;
        let failed = |error| Error::io(format!("reading {}", path.display()), error);
        let mut text = String::new();
        open(OpenOptions::new().read(true), &path)
            .and_then(|file| file.take(SECRET_BYTES_MAX + 1).read_to_string(&mut text))
            .map_err(failed)?;
        match text.len() as u64 > SECRET_BYTES_MAX {
            true => Err(Error::usage(format!(
                "{} has more than {SECRET_BYTES_MAX} bytes",
                path.display()
            ))),
            false => Ok(text),
        }
    }
}

/// Opens a file, and nothing that only looks like one: a pipe would keep whoever opens it.
pub fn open(options: &mut OpenOptions, path: &Path) -> std::io::Result<File> {
    let file = options
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(std::io::Error::other("it is not a file")),
    }
}

fn below(folders: &[PathBuf], path: &Path, what: &str, flag: &str) -> Result<PathBuf> {
    let found = resolved(path);
    let is_below = |folder: &PathBuf| found.as_ref().is_some_and(|it| it.starts_with(folder));
    if folders.iter().any(is_below)
        && let Some(found) = found
    {
        return Ok(found);
    }
    Err(Error::usage(format!(
        "'{}' is not below a folder where this server lets {what} be",
        path.display().to_string().escape_debug()
    ))
    .hint(format!("start the server with {flag} FOLDER")))
}

/// The path with every link followed; of what is not there yet, its nearest folder's, and the rest of the path, which must
/// lead down.
fn resolved(path: &Path) -> Option<PathBuf> {
    if let Ok(found) = path.canonicalize() {
        return Some(found);
    }
    // A link that leads nowhere would be followed by who makes the file.
    if path.is_symlink() {
        return None;
    }
    let name = path.file_name()?;
    Some(resolved(path.parent()?)?.join(name))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_and_dots_lead_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let [inside, outside] = ["in", "out"].map(|name| folder.path().join(name));
        for path in [&inside, &outside] {
            std::fs::create_dir(path).unwrap();
            std::fs::write(path.join("there"), "s").unwrap();
        }
        symlink(&outside, inside.join("link")).unwrap();
        symlink(outside.join("new"), inside.join("dangling")).unwrap();
        let known = std::slice::from_ref(&inside);
        let folders = Folders::new(known, known).unwrap();
        for good in ["there", "new", "a/b/new", "a/../new"] {
            let found = folders.to_write(&inside.join(good));
            assert_eq!(found.is_ok(), good != "a/../new", "{good}");
        }
        let elsewhere = [
            "link/there",
            "link/new",
            "dangling",
            "../out/there",
            "../new",
        ];
        for path in elsewhere {
            let error = folders.to_write(&inside.join(path)).unwrap_err();
            assert!(error.message.contains("is not below a folder"), "{error}");
            assert!(folders.secret(&inside.join(path)).is_err(), "{path}");
        }
        assert_eq!(folders.secret(&inside.join("there")).unwrap(), "s");
        assert!(Folders::default().to_write(&inside.join("there")).is_err());
        // A sibling whose name begins alike is another folder.
        let sibling = folder.path().join("inner");
        std::fs::create_dir(&sibling).unwrap();
        assert!(folders.to_write(&sibling.join("new")).is_err());
    }
}
