//! What a server does by itself: versions that are dropped into a folder are loaded, the live state is copied now and
//! then, and history is verified. Each on a thread of its own, beside the writer, and ended with the server.

use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use notify::{RecursiveMode, Watcher};

use super::hosted::Hosted;
use crate::book::{Book, copy_live};
use crate::engine::give_way;
use crate::model::clock::Stopwatch;
use crate::model::{Error, Result, Seq};
use crate::versions::{Loader, PluginFolder};

/// How often a thread looks whether the server stops, and a file whether it still grows.
const LOOK: Duration = Duration::from_millis(200);

/// Time between two tries to finish a redaction.
const CLEAN: Duration = Duration::from_secs(1);

impl Hosted {
    /// Starts the threads.
    pub fn start_background(&self) -> Result<()> {
        let loader = self.operations().loader();
        let background = &self.server().options().background;
        if let Some(folder) = &background.plugins {
            let folder = folder.clone();
            let mut watch = Watched::new(&folder)?;
            let (hosted, loader) = (self.clone(), loader.clone());
            spawn("daybook-plugins", move || watch.follow(&hosted, &loader))?;
        }
        if let Some(every) = background.snapshot_every {
            let hosted = self.clone();
            spawn("daybook-snapshot", move || snapshots(&hosted, every))?;
        }
        if let Some(every) = background.verify_every {
            let hosted = self.clone();
            spawn("daybook-verify", move || verifications(&hosted, every))?;
        }
        Ok(())
    }

    /// Finishes a redaction once nobody reads the older state any more.
    pub fn keep_cleaning(&self) -> Result<()> {
        let hosted = self.clone();
        spawn("daybook-clean", move || {
            while !hosted.server().is_stopped() {
                std::thread::sleep(CLEAN);
                match hosted.borrow_book(|book| book.clean_again()) {
                    Ok(true) => return,
                    Ok(false) => {}
                    Err(_) if hosted.server().is_stopped() => return,
                    Err(error) => {
                        tracing::warn!(%error, "what was redacted is not out of all files")
                    }
                }
            }
        })
    }

    /// Has the book to itself between two groups; waits for that, on a thread where waiting is allowed.
    fn borrow_book<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Book) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (done, answer) = channel();
        let done = Box::new(move |result| {
            // The thread that asked may be gone with the server.
            let _ = done.send(result);
        });
        self.writer().alone(work, done)?;
        answer
            .recv()
            .map_err(|_| Error::unavailable("the book is being closed"))?
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<()> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map(drop)
        .map_err(|error| Error::io(format!("starting the thread {name}"), error))
}

/// Loads what appears in a folder, until the server stops.
struct Watched {
    folder: PluginFolder,
    changes: Receiver<()>,
    _watcher: notify::RecommendedWatcher,
}

impl Watched {
    fn new(path: &Path) -> Result<Watched> {
        let folder = PluginFolder::new(path)?;
        let failed = |error: notify::Error| {
            Error::unavailable(format!("watching {}: {error}", path.display()))
        };
        let (tell, changes) = channel();
        // What changed does not matter: the folder is looked through, and a missed event costs nothing.
        let mut watcher = notify::recommended_watcher(move |_| {
            let _ = tell.send(());
        })
        .map_err(failed)?;
        watcher
            .watch(path, RecursiveMode::NonRecursive)
            .map_err(failed)?;
        Ok(Watched {
            folder,
            changes,
            _watcher: watcher,
        })
    }

    fn follow(&mut self, hosted: &Hosted, loader: &Loader) {
        let mut unsettled = true;
        while !hosted.server().is_stopped() {
            // While nothing changes and nothing is waited for, the folder is not looked through.
            match self.changes.recv_timeout(LOOK) {
                Ok(()) => while self.changes.try_recv().is_ok() {},
                Err(RecvTimeoutError::Timeout) if unsettled => {}
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return,
            }
            unsettled = self.look(hosted, loader).unwrap_or_else(|error| {
                tracing::warn!(%error, "the folder of plugins cannot be read");
                false
            });
        }
    }

    /// Loads what has settled; true while there is something to wait for.
    fn look(&mut self, hosted: &Hosted, loader: &Loader) -> Result<bool> {
        let (settled, unsettled) = self.folder.settled()?;
        for path in settled {
            let file = path.display();
            match load(hosted, loader, &path) {
                Ok(Some(version)) => tracing::info!(%version, %file, "loaded from the folder"),
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, %file, "not loaded from the folder"),
            }
        }
        Ok(unsettled)
    }
}

/// Loads a file; none where it was loaded before.
fn load(hosted: &Hosted, loader: &Loader, path: &Path) -> Result<Option<String>> {
    let bytes = PluginFolder::read(path)?;
    let compiled = loader.prepare(loader.compile(&bytes)?)?;
    let loaded = hosted.borrow_book(move |book| book.load_compiled(compiled, &bytes))?;
    Ok((!loaded.already).then(|| loaded.version.to_string()))
}

fn snapshots(hosted: &Hosted, every: u64) {
    let newest = hosted.borrow_book(|book| {
        let known = book.snapshots()?;
        Ok(known.last().map_or(Seq::ZERO, |record| record.position))
    });
    let mut last = newest.unwrap_or_default();
    while !hosted.server().is_stopped() {
        std::thread::sleep(LOOK);
        if hosted.live().head.0 < last.0.saturating_add(every) {
            continue;
        }
        let place = hosted
            .borrow_book(|book| Ok((book.dir().clone(), book.live_path(), book.live_schedule())));
        let made = place
            .and_then(|(dir, live, schedule)| copy_live(&dir, &live, &schedule))
            .and_then(|copied| hosted.borrow_book(move |book| book.record_snapshot(&copied)));
        match made {
            Ok(record) => last = record.position,
            Err(_) if hosted.server().is_stopped() => return,
            Err(error) => {
                tracing::warn!(%error, "no snapshot was made");
                last = hosted.live().head;
            }
        }
    }
}

fn verifications(hosted: &Hosted, every: Duration) {
    give_way();
    let mut since = Stopwatch::start();
    while !hosted.server().is_stopped() {
        std::thread::sleep(LOOK);
        if since.seconds() < every.as_secs_f64() {
            continue;
        }
        let verified = hosted
            .borrow_book(|book| book.verification())
            .and_then(|verification| {
                verification.run(&mut |_| {}, || !hosted.server().is_stopped())
            });
        match verified {
            Ok(verified) => {
                hosted
                    .server()
                    .metrics()
                    .verified(verified.problem.is_none());
                if let Some(problem) = &verified.problem {
                    tracing::error!(problem, "ALARM: history does not verify");
                }
                let told =
                    hosted.borrow_book(move |book| book.tell_alarm(verified.problem.as_deref()));
                if let Err(error) = told {
                    tracing::warn!(%error, "the alarm is not in the log");
                }
            }
            Err(_) if hosted.server().is_stopped() => return,
            Err(error) => tracing::warn!(%error, "history could not be verified"),
        }
        since = Stopwatch::start();
    }
}
