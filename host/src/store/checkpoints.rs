//! Write-ahead logs are carried over into their files on a thread of its own. SQLite does it in the commit that makes
//! one too long, and the requests of that commit would wait for it: milliseconds, for thousands of pages.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use super::{connect, sqlite};
use crate::model::{Error, Result};

/// Carries over what a log and a live projection have in their write-ahead logs, whenever it is told to look.
pub struct Checkpoints {
    look: Option<SyncSender<PathBuf>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpoints {
    pub fn start(log: PathBuf) -> Result<Checkpoints> {
        // One may wait while one is worked on: what came in between is done with it.
        let (look, waiting) = sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("daybook-checkpoint".to_owned())
            .spawn(move || work(&log, &waiting))
            .map_err(|error| Error::io("starting the checkpoints' thread", error))?;
        Ok(Checkpoints {
            look: Some(look),
            thread: Some(thread),
        })
    }

    /// Does not wait. `live` is the projection's file.
    pub fn look(&self, live: PathBuf) {
        if let Some(look) = &self.look {
            // A full queue means that it looks soon.
            let _ = look.try_send(live);
        }
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.look = None;
        if let Some(thread) = self.thread.take() {
            // It has nothing to tell: what it did not do, SQLite does.
            let _ = thread.join();
        }
    }
}

fn work(log: &Path, waiting: &Receiver<PathBuf>) {
    while let Ok(live) = waiting.recv() {
        for path in [log, live.as_path()] {
            // Not fatal: a log that grows too long is carried over by who commits next.
            if let Err(error) = carry_over(path) {
                tracing::warn!(%error, "carrying over a write-ahead log");
            }
        }
    }
}

/// Carries over what one file has in its write-ahead log. It waits for nobody, neither writers nor readers. What a reader still needs is left for the next time.
pub fn carry_over(path: &Path) -> Result<()> {
    let failed = |error| sqlite(&format!("checkpoint of {}", path.display()), error);
    // Opened anew each time: it must not keep a file that the book has given up.
    let connection = connect::open(path).map_err(failed)?;
    connection
        .busy_timeout(Duration::from_secs(1))
        .map_err(failed)?;
    connection
        .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
        .map_err(failed)
}
