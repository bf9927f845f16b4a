//! A line of JSON for each task, at the end of a file.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Verdict, body};
use crate::model::DueTask;

pub struct File {
    path: Arc<PathBuf>,
}

impl File {
    pub fn new(path: &Path) -> File {
        File {
            path: Arc::new(path.to_owned()),
        }
    }

    pub async fn deliver(&self, task: &DueTask) -> Verdict {
        let path = self.path.clone();
        let line = body(task) + "\n";
        let written = tokio::task::spawn_blocking(move || -> std::io::Result<()> {
            let mut file = OpenOptions::new().create(true).append(true).open(&*path)?;
            // In one piece, so that lines do not mix; and on the disk before it counts as done.
            file.write_all(line.as_bytes())?;
            file.sync_data()
        });
        match written.await {
            Ok(Ok(())) => Verdict::Done(None),
            Ok(Err(error)) => Verdict::retry(format_args!("{}: {error}", self.path.display())),
            Err(error) => Verdict::retry(error),
        }
    }
}
