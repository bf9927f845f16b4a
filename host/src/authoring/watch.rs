//! The sources of a plugin as they were at a moment, to see whether their author has saved something.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::model::{Error, Result};

/// Folders that tools write, and not authors. Hidden ones are left out as well.
const WRITTEN: [&str; 5] = ["__pycache__", "build", "dist", "node_modules", "target"];

/// Files that tools write.
const LOCKS: [&str; 3] = ["Cargo.lock", "package-lock.json", "uv.lock"];

/// The file by which a book's folder is known.
const BOOK: &str = "log.db";

/// A plugin's source files with their sizes and times, in the order of their paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sources(Vec<(PathBuf, u64, i64, i64)>);

impl Sources {
    /// Looks at a plugin's folder.
    pub fn of(folder: &Path) -> Result<Sources> {
        let mut found = Vec::new();
        collect(folder, &mut found)?;
        found.sort();
        Ok(Sources(found))
    }

    /// A file that is not as it was before, or is not there any more.
    pub fn changed_since<'a>(&'a self, before: &'a Sources) -> Option<&'a Path> {
        let changed = |now: &Sources, then: &Sources| -> Option<usize> {
            let mut files = now.0.iter().enumerate();
            let other = files.find(|(at, file)| then.0.get(*at) != Some(file));
            other.map(|(at, _)| at)
        };
        let at = changed(self, before).or_else(|| changed(before, self))?;
        let file = self.0.get(at).or_else(|| before.0.get(at))?;
        Some(&file.0)
    }
}

fn collect(folder: &Path, found: &mut Vec<(PathBuf, u64, i64, i64)>) -> Result<()> {
    let failed = |error| Error::io(folder.display(), error);
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        let is_hidden = name.starts_with('.');
        // A file that is gone again was an editor's.
        let Ok(metadata) = std::fs::metadata(&path) else {
            continue;
        };
        if metadata.is_dir() {
            let is_written = is_hidden || WRITTEN.contains(&name) || name.ends_with(".egg-info");
            if !is_written && !path.join(BOOK).exists() {
                collect(&path, found)?;
            }
        } else if !is_hidden && !LOCKS.contains(&name) && !name.ends_with(".wasm") {
            found.push(seen(path, &metadata));
        }
    }
    Ok(())
}

fn seen(path: PathBuf, metadata: &Metadata) -> (PathBuf, u64, i64, i64) {
    (
        path,
        metadata.len(),
        metadata.mtime(),
        metadata.mtime_nsec(),
    )
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_an_author_saves_is_seen_and_what_tools_write_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path();
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("src/lib.rs", "one");
        let before = Sources::of(folder).unwrap();
        for name in [
            "target/debug/a.rs",
            "node_modules/a/index.js",
            ".venv/a.py",
            "__pycache__/a.pyc",
            "Cargo.lock",
            "first.wasm",
            "mybook/log.db",
            "mybook/lock",
        ] {
            write(name, "written");
        }
        assert_eq!(Sources::of(folder).unwrap(), before);
        write("src/lib.rs", "three");
        let after = Sources::of(folder).unwrap();
        assert_eq!(
            after.changed_since(&before),
            Some(&*folder.join("src/lib.rs"))
        );
        write("tests/more.rs", "");
        let more = Sources::of(folder).unwrap();
        assert_eq!(
            more.changed_since(&after),
            Some(&*folder.join("tests/more.rs"))
        );
        assert_eq!(
            after.changed_since(&more),
            Some(&*folder.join("tests/more.rs"))
        );
        assert_eq!(more.changed_since(&more), None);
    }
}
