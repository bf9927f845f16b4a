//! What a server does by itself: versions that are dropped into a folder are loaded, the live state is copied now and
//! then, and history is verified. Each on a thread of its own, beside the writer, and ended with the server.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use notify::{RecursiveMode, Watcher};

use super::App;
use crate::book::{Book, copy_live};
use crate::engine::give_way;
use crate::model::clock::Stopwatch;
use crate::model::{Error, Result, Seq};
use crate::versions::{Loader, PluginFolder};

/// How often a thread looks whether the server stops, and a file whether it still grows.
const LOOK: Duration = Duration::from_millis(200);

/// Time between two tries to finish a redaction.
const CLEAN: Duration = Duration::from_secs(1);

/// What a server looks after.
#[derive(Debug, Clone, Default)]
pub struct Care {
    /// Components in this folder are loaded as they appear.
    pub plugins: Option<PathBuf>,
    /// The live state is copied whenever the log has grown by so many events.
    pub snapshot_every: Option<u64>,
    /// History is verified this often.
    pub verify_every: Option<Duration>,
}

impl App {
    /// Starts the threads.
    pub(super) fn care(&self, loader: &Loader) -> Result<()> {
        let care = &self.options().care;
        if let Some(folder) = &care.plugins {
            let folder = folder.clone();
            let mut watch = Watched::new(&folder)?;
            let (app, loader) = (self.clone(), loader.clone());
            spawn("daybook-plugins", move || watch.follow(&app, &loader))?;
        }
        if let Some(every) = care.snapshot_every {
            let app = self.clone();
            spawn("daybook-snapshot", move || snapshots(&app, every))?;
        }
        if let Some(every) = care.verify_every {
            let app = self.clone();
            spawn("daybook-verify", move || verifications(&app, every))?;
        }
        Ok(())
    }

    /// Finishes a redaction once nobody reads the older state any more.
    pub fn keep_cleaning(&self) -> Result<()> {
        let app = self.clone();
        spawn("daybook-clean", move || {
            while !app.is_stopped() {
                std::thread::sleep(CLEAN);
                match app.borrow_book(|book| book.clean_again()) {
                    Ok(true) => return,
                    Ok(false) => {}
                    Err(_) if app.is_stopped() => return,
                    Err(error) => {
                        tracing::warn!(%error, "what was redacted is not out of all files")
                    }
                }
            }
        })
    }

    fn is_stopped(&self) -> bool {
        *self.stopped().borrow()
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

    fn follow(&mut self, app: &App, loader: &Loader) {
        let mut unsettled = true;
        while !app.is_stopped() {
            // While nothing changes and nothing is waited for, the folder is not looked through.
            match self.changes.recv_timeout(LOOK) {
                Ok(()) => while self.changes.try_recv().is_ok() {},
                Err(RecvTimeoutError::Timeout) if unsettled => {}
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return,
            }
            unsettled = self.look(app, loader).unwrap_or_else(|error| {
                tracing::warn!(%error, "the folder of plugins cannot be read");
                false
            });
        }
    }

    /// Loads what has settled; true while there is something to wait for.
    fn look(&mut self, app: &App, loader: &Loader) -> Result<bool> {
        let (settled, unsettled) = self.folder.settled()?;
        for path in settled {
            let file = path.display();
            match load(app, loader, &path) {
                Ok(Some(version)) => tracing::info!(%version, %file, "loaded from the folder"),
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, %file, "not loaded from the folder"),
            }
        }
        Ok(unsettled)
    }
}

/// Loads a file; none where it was loaded before.
fn load(app: &App, loader: &Loader, path: &Path) -> Result<Option<String>> {
    let bytes = PluginFolder::read(path)?;
    let compiled = loader.compile(&bytes)?;
    let loaded = app.borrow_book(move |book| book.load_compiled(compiled, &bytes))?;
    Ok((!loaded.already).then(|| loaded.version.to_string()))
}

fn snapshots(app: &App, every: u64) {
    let newest = app.borrow_book(|book| {
        let known = book.snapshots()?;
        Ok(known.last().map_or(Seq::ZERO, |record| record.position))
    });
    let mut last = newest.unwrap_or_default();
    while !app.is_stopped() {
        std::thread::sleep(LOOK);
        if app.live().head.0 < last.0.saturating_add(every) {
            continue;
        }
        let place = app
            .borrow_book(|book| Ok((book.dir().clone(), book.live_path(), book.live_schedule())));
        let made = place
            .and_then(|(dir, live, schedule)| copy_live(&dir, &live, &schedule))
            .and_then(|copied| app.borrow_book(move |book| book.keep_snapshot(&copied)));
        match made {
            Ok(record) => last = record.position,
            Err(_) if app.is_stopped() => return,
            Err(error) => {
                tracing::warn!(%error, "no snapshot was made");
                last = app.live().head;
            }
        }
    }
}

fn verifications(app: &App, every: Duration) {
    give_way();
    let mut since = Stopwatch::start();
    while !app.is_stopped() {
        std::thread::sleep(LOOK);
        if since.seconds() < every.as_secs_f64() {
            continue;
        }
        let verified = app
            .borrow_book(|book| book.verification())
            .and_then(|verification| verification.run(&mut |_| {}, || !app.is_stopped()));
        match verified {
            Ok(verified) => {
                app.metrics().verified(verified.problem.is_none());
                if let Some(problem) = &verified.problem {
                    tracing::error!(problem, "ALARM: history does not verify");
                }
                let told =
                    app.borrow_book(move |book| book.tell_alarm(verified.problem.as_deref()));
                if let Err(error) = told {
                    tracing::warn!(%error, "the alarm is not in the log");
                }
            }
            Err(_) if app.is_stopped() => return,
            Err(error) => tracing::warn!(%error, "history could not be verified"),
        }
        since = Stopwatch::start();
    }
}
