//! Owns the book with which each seed begins, made once for each kind of log: two versions loaded, the first active.

use std::path::Path;
use std::sync::OnceLock;

use daybook::book::Book;
use daybook::gateway::KindConfig;
use daybook::history::silent;
use daybook::log::{CommitLog, MemoryLog, SqliteLog};
use daybook::versions::Policy;
use daybook_tests::{copy_folder, guest, runtime, version};
use tempfile::TempDir;

pub const FIRST: &str = "tally@2020-01-01";
pub const SECOND: &str = "tally@2020-02-01";

struct Template {
    folder: TempDir,
    log: MemoryLog,
}

fn made(log: Box<dyn CommitLog>, memory: MemoryLog) -> Template {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut book = Book::init_on(runtime(), &folder.path().join("book"), log).expect("a new book");
    for guest in [guest("tally-1"), guest("tally-2")] {
        book.load(guest).expect("a version that can be loaded");
    }
    book.activate(&version(FIRST), Policy::Pinned, &mut silent())
        .expect("a version that can be activated");
    let config = KindConfig::parse(r#"{"driver": {"stdout": {}}, "ordered": true, "tries": 1000}"#)
        .expect("a way to carry tasks out");
    book.set_gateway_kind("note", &config, None)
        .expect("a kind that can be carried out");
    drop(book);
    Template {
        folder,
        log: memory,
    }
}

/// A book in a file's log.
pub fn in_file(to: &Path) {
    static ONE: OnceLock<Template> = OnceLock::new();
    let one = ONE.get_or_init(|| made(Box::new(SqliteLog), MemoryLog::default()));
    copy_folder(&one.folder.path().join("book"), to);
}

/// A book whose log is elsewhere.
pub fn in_memory(to: &Path) -> MemoryLog {
    static ONE: OnceLock<Template> = OnceLock::new();
    let one = ONE.get_or_init(|| {
        let log = MemoryLog::default();
        made(Box::new(log.clone()), log)
    });
    copy_folder(&one.folder.path().join("book"), to);
    one.log.copy()
}
