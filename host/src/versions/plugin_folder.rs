//! A folder into which components are dropped: which of its files are whole and new.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::model::clock::Stopwatch;
use crate::model::{Error, Result, limits};
use crate::runtime::check_component_bytes;

/// Remembers what was seen, so that a file is handed out once for each time that it was written.
#[derive(Debug)]
pub struct PluginFolder {
    path: PathBuf,
    seen: BTreeMap<PathBuf, Seen>,
}

/// A file as it was when it was last looked at.
#[derive(Debug)]
struct Seen {
    written: Written,
    /// Since it was first seen like this.
    since: Stopwatch,
    handed_out: bool,
}

/// What changes while a file is being written: its bytes, seconds and nanoseconds of its last change.
type Written = (u64, i64, i64);

impl Seen {
    fn new(written: Written) -> Seen {
        Seen {
            written,
            since: Stopwatch::start(),
            handed_out: false,
        }
    }
}

impl PluginFolder {
    pub fn new(path: &Path) -> Result<PluginFolder> {
        if !path.is_dir() {
            return Err(Error::usage(format!(
                "{} is not a directory",
                path.display()
            )));
        }
        Ok(PluginFolder {
            path: path.to_owned(),
            seen: BTreeMap::new(),
        })
    }

    /// Files that have stayed as they are for a while, by name, so that versions which come together are loaded in the order
    /// in which their files are named; and whether there are others to wait for.
    pub fn settled(&mut self) -> Result<(Vec<PathBuf>, bool)> {
        let entries =
            std::fs::read_dir(&self.path).map_err(|error| Error::io(self.path.display(), error))?;
        let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        files.retain(|path| path.extension().is_some_and(|it| it == "wasm"));
        files.sort();
        self.seen.retain(|path, _| files.contains(path));
        let (mut settled, mut unsettled) = (Vec::new(), false);
        for path in files {
            let Some(written) = written(&path) else {
                continue;
            };
            let seen = self.seen.entry(path.clone());
            let seen = seen.or_insert_with(|| Seen::new(written));
            if seen.written != written {
                *seen = Seen::new(written);
            }
            if seen.handed_out {
                continue;
            }
            if seen.since.seconds() < limits::FILE_SETTLES_SECONDS {
                unsettled = true;
                continue;
            }
            seen.handed_out = true;
            settled.push(path);
        }
        Ok((settled, unsettled))
    }

    /// The bytes of a file, none of them where a component could not have so many.
    pub fn read(path: &Path) -> Result<Vec<u8>> {
        let failed = |error| Error::io(path.display(), error);
        let file = File::open(path).map_err(failed)?;
        check_component_bytes(file.metadata().map_err(failed)?.len())?;
        let mut bytes = Vec::new();
        // It may grow while it is read.
        let mut file = file.take(limits::COMPONENT_BYTES_MAX as u64 + 1);
        file.read_to_end(&mut bytes).map_err(failed)?;
        Ok(bytes)
    }
}

fn written(path: &Path) -> Option<Written> {
    let metadata = std::fs::metadata(path).ok().filter(|it| it.is_file())?;
    Some((metadata.len(), metadata.mtime(), metadata.mtime_nsec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_no_component_can_be_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large.wasm");
        // It has no content on the disk.
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        let error = PluginFolder::read(&path).unwrap_err();
        assert!(
            error.message.contains("the file has 1099511627776 bytes"),
            "{error}"
        );
        std::fs::write(&path, b"small").unwrap();
        assert_eq!(PluginFolder::read(&path).unwrap(), b"small");
    }
}
