//! Owns a book in a temporary folder, and what has to be equal for "nothing was kept".

use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use daybook::book::{Book, Decision, Incoming, Receipt, Reply, Request};
use daybook::history;
use daybook::model::{Digest, Error, PluginVersion, Seq, Value};
use daybook::runtime::{Runtime, compile_by, compile_if_asked};
use daybook::store::{ProjectionHead, StoredEvent, read_only_query};
use daybook::study::Verified;
use daybook::versions::Policy;
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::components;

/// The one engine of the process, as in the host. Components are compiled by the host's program, which lies beside this one
/// or, beside a test, in the folder above.
pub fn runtime() -> Arc<Runtime> {
    static RUNTIME: OnceLock<Arc<Runtime>> = OnceLock::new();
    let start = || {
        let this = std::env::current_exe().expect("a program has a file");
        let folders = this.ancestors().skip(1).take(2);
        let mut programs = folders.map(|folder| folder.join("daybook-under-test"));
        if let Some(program) = programs.find(|program| program.is_file()) {
            compile_by(program);
        }
        Arc::new(Runtime::new().expect("the engine starts"))
    };
    RUNTIME.get_or_init(start).clone()
}

/// For the `main` of a program that compiles its components by processes of its own: what such a process ends with, where
/// this is one.
pub fn compiled_if_asked() -> Option<ExitCode> {
    let compiled = compile_if_asked(std::io::stdin(), std::io::stdout());
    if compiled.is_none() {
        compile_by(std::env::current_exe().expect("a program has a file"));
    }
    compiled
}

/// `counter@2020-01-01` as a version.
pub fn version(text: &str) -> PluginVersion {
    text.parse().expect("a version")
}

/// An event whose id and time the host fills in.
pub fn event(event_type: &str, data: Json) -> Incoming {
    Incoming::parse(&json!({"type": event_type, "data": data}).to_string()).expect("an event")
}

/// An event with an id and a time of its own.
pub fn event_at(event_type: &str, id: &str, time: &str, data: Json) -> Incoming {
    let event =
        json!({"type": event_type, "id": id, "source": "/tests", "time": time, "data": data});
    Incoming::parse(&event.to_string()).expect("an event")
}

/// Everything of a book that a refused request must leave as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Of the log.
    pub head: Seq,
    /// Chain hash of the last event.
    pub head_hash: Digest,
    /// Position and running hash of the live projection.
    pub live: ProjectionHead,
    /// Digest of the live projection's rows.
    pub rows: Digest,
    /// Events, effects and tasks in the log.
    pub counts: (u64, u64, u64),
    /// What is active.
    pub lineup: String,
    /// What is loaded.
    pub versions: Vec<String>,
}

/// An open book whose folder goes with it.
pub struct TestBook {
    book: Option<Book>,
    folder: Arc<TempDir>,
}

impl Deref for TestBook {
    type Target = Book;
    fn deref(&self) -> &Book {
        self.book
            .as_ref()
            .expect("open but for the moment of reopening")
    }
}

impl DerefMut for TestBook {
    fn deref_mut(&mut self) -> &mut Book {
        self.book
            .as_mut()
            .expect("open but for the moment of reopening")
    }
}

impl TestBook {
    /// A new, empty book.
    pub fn new() -> TestBook {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let book = Book::init(runtime(), &folder.path().join("book")).expect("a new book");
        TestBook {
            book: Some(book),
            folder: Arc::new(folder),
        }
    }

    /// A new book with these guests loaded and active.
    pub fn with_guests(guests: &[&str]) -> TestBook {
        let mut book = TestBook::new();
        for guest in guests {
            book.load_active(components::guest(guest));
        }
        book
    }

    /// A new book with these plugins of the workspace loaded, and the last named of each active.
    pub fn with_plugins(versions: &[&str]) -> TestBook {
        let mut book = TestBook::new();
        for version in versions {
            book.load_active(components::plugin(version));
        }
        book
    }

    /// Where the book is.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("book")
    }

    /// The folder that holds the book, for what a test puts beside it.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Loads a component and activates it over all of history.
    pub fn load_active(&mut self, component: &[u8]) -> PluginVersion {
        let loaded = self
            .load(component)
            .unwrap_or_else(|error| panic!("loading: {error}"));
        self.activate_pinned(&loaded.version)
            .unwrap_or_else(|error| panic!("{}: {error}", loaded.version));
        loaded.version
    }

    /// Activates a version over all of history.
    pub fn activate_pinned(&mut self, version: &PluginVersion) -> Result<Seq, Error> {
        self.activate(version, Policy::Pinned, &mut history::silent())
    }

    /// Closes the book and opens it again.
    pub fn reopen(&mut self) {
        self.reopen_after(|_| {});
    }

    /// Closes the book, lets something happen to its folder, and opens it again.
    pub fn reopen_after(&mut self, meanwhile: impl FnOnce(&Path)) {
        self.try_reopen_after(meanwhile)
            .unwrap_or_else(|error| panic!("opening again: {error}"));
    }

    /// The same where opening may fail; the book stays closed then.
    pub fn try_reopen_after(&mut self, meanwhile: impl FnOnce(&Path)) -> Result<(), Error> {
        let path = self.path();
        drop(self.book.take());
        meanwhile(&path);
        self.book = Some(open(&path)?);
        Ok(())
    }

    /// Takes the open book away, for somebody who serves it; the folder stays.
    pub fn take(&mut self) -> Book {
        self.book.take().expect("an open book")
    }

    /// Gives it back.
    pub fn put(&mut self, book: Book) {
        self.book = Some(book);
    }

    /// Another book with the same content.
    pub fn copy(&mut self) -> TestBook {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let target = folder.path().join("book");
        self.reopen_after(|path| copy_folder(path, &target));
        let book = open(&target).expect("a copy of a book");
        TestBook {
            book: Some(book),
            folder: Arc::new(folder),
        }
    }

    /// Appends one event.
    pub fn append_one(&mut self, event: Incoming) -> Result<Receipt, Error> {
        self.append(vec![event])
            .map(|mut receipts| receipts.remove(0))
    }

    /// Runs a command, or only tries it.
    pub fn command(
        &mut self,
        command_type: &str,
        data: Json,
        preview: bool,
    ) -> Result<Reply, Error> {
        let command_type = command_type.to_owned();
        self.run(Request {
            command_type,
            data: data.to_string(),
            preview,
            ..Request::default()
        })
    }

    /// What must not change when a request is refused.
    pub fn mark(&mut self) -> Mark {
        Mark {
            head: self.head(),
            head_hash: self.head_hash(),
            live: self.live_head(),
            rows: self.live_projection().rows_digest().expect("readable rows"),
            counts: self.log().counts().expect("a readable log"),
            lineup: self.lineup().to_string(),
            versions: self
                .versions()
                .expect("a readable log")
                .iter()
                .map(|line| line.version.to_string())
                .collect(),
        }
    }

    /// Rows of a SELECT over the live projection.
    pub fn rows(&self, sql: &str) -> Vec<Vec<Value>> {
        let mut rows = Vec::new();
        let visit = |row| {
            rows.push(row);
            Ok(())
        };
        read_only_query(&self.live_path(), sql, |_| Ok(()), visit)
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
        rows
    }

    /// The whole numbers of a SELECT with one column.
    pub fn numbers(&self, sql: &str) -> Vec<i64> {
        let number = |row: Vec<Value>| match row.as_slice() {
            [Value::Integer(number)] => *number,
            other => panic!("{sql}: {other:?}"),
        };
        self.rows(sql).into_iter().map(number).collect()
    }

    /// The texts of a SELECT with one column.
    pub fn texts(&self, sql: &str) -> Vec<String> {
        let text = |row: Vec<Value>| match row.as_slice() {
            [Value::Text(text)] => text.clone(),
            other => panic!("{sql}: {other:?}"),
        };
        self.rows(sql).into_iter().map(text).collect()
    }

    /// Everything recorded about all events.
    pub fn recorded(&self) -> Vec<StoredEvent> {
        let at = |seq| self.log().recorded_at(Seq(seq)).expect("a readable log");
        (1..=self.head().0)
            .map(|seq| at(seq).expect("an event"))
            .collect()
    }

    /// Verifies, and panics with the problem where there is one.
    pub fn assert_verified(&mut self) -> Verified {
        let verified = self
            .verify(&mut history::silent())
            .unwrap_or_else(|error| panic!("verify: {error}"));
        assert_eq!(verified.problem, None, "verify found a difference");
        verified
    }
}

impl Default for TestBook {
    fn default() -> Self {
        TestBook::new()
    }
}

/// Opens a book. Where its lock is still held it waits a little: a process that another test is just starting shares this
/// one's open files until it has become the other program.
pub fn open(path: &Path) -> Result<Book, Error> {
    let mut result = Book::open(runtime(), path, &mut history::silent());
    for _ in 0..50 {
        match &result {
            Err(error) if error.message.ends_with("is open in another process") => {}
            _ => break,
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
        result = Book::open(runtime(), path, &mut history::silent());
    }
    result
}

/// The events of an accepted command.
pub fn accepted(reply: Reply) -> Vec<daybook::book::EventWithEffects> {
    match reply.decision {
        Decision::Accepted(events) => events,
        Decision::Rejected(rejection) => {
            panic!("rejected: {}: {}", rejection.code, rejection.message)
        }
    }
}

/// Copies a folder with everything in it.
pub fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a writable folder");
    for entry in std::fs::read_dir(from).expect("a readable folder") {
        let path = entry.expect("a readable folder").path();
        let target = to.join(path.file_name().expect("an entry has a name"));
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            std::fs::copy(&path, &target).expect("a file can be copied");
        }
    }
}
