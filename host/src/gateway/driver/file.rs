//! A line of JSON for each task, at the end of a file.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::folders::{Folders, open};
use super::{Verdict, body};
use crate::model::{DueTask, Error, Result};

pub struct File {
    path: Arc<PathBuf>,
    folders: Folders,
}

impl File {
    pub fn new(path: &Path, folders: Folders) -> Result<File> {
        folders.to_write(path)?;
        Ok(File {
            path: Arc::new(path.to_owned()),
            folders,
        })
    }

    pub async fn deliver(&self, task: &DueTask) -> Verdict {
        let (path, folders) = (self.path.clone(), self.folders.clone());
        let line = body(task) + "\n";
        let written = tokio::task::spawn_blocking(move || {
            let failed = |error| Error::io(path.display(), error);
            let place = folders.to_write(&path)?;
            let mut file =
                open(OpenOptions::new().create(true).append(true), &place).map_err(failed)?;
            // In one piece, so that lines do not mix; and on the disk before it counts as done.
            file.write_all(line.as_bytes())
                .and_then(|()| file.sync_data())
                .map_err(failed)
        });
        match written.await {
            Ok(Ok(())) => Verdict::Done(None),
            Ok(Err(error)) => Verdict::retry(error),
            Err(error) => Verdict::retry(error),
        }
    }
}
