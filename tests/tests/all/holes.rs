//! A log in which a position is missing: whoever reads it says so, and nobody goes on from behind the hole.

use daybook::book::{Book, Reader, Wanted};
use daybook::diff::{Expectations, Unheard};
use daybook::history::silent;
use daybook::model::{Error, Seq};
use daybook::repair::RedactRequest;
use daybook::store::{BookDir, Catalog};
use daybook::study::{DiffRequest, ExportRequest, Picked};
use daybook::versions::Policy;
use daybook_tests::{Random, TestBook, plugin, version};
use serde_json::json;

const FIRST: &str = "box@2020-01-01";
const SECOND: &str = "box@2020-02-01";

/// Enough for several pieces of the log.
const COMMANDS: usize = 620;

/// A book with a journal of commands, a version in force, and another that is loaded.
fn book() -> TestBook {
    let mut book = TestBook::with_plugins(&[FIRST]);
    book.load(plugin(SECOND)).unwrap();
    for at in 0..COMMANDS {
        let name = ["box.Take", "box.Return"][at % 2];
        book.command(name, json!({"person": "ann"}), false).unwrap();
    }
    book
}

type Reads = fn(&mut Book) -> Result<(), Error>;

/// Everything that reads the log from its beginning. What it came to matters only as far as it failed.
const READERS: &[(&str, Reads)] = &[
    ("verify", |book| match book.verify(&mut silent())?.problem {
        None => Ok(()),
        Some(problem) => Err(Error::corrupt(problem)),
    }),
    ("replay", |book| {
        book.replay(&Picked::Recorded, None, "again", &mut silent())
            .map(drop)
    }),
    ("activate", |book| {
        book.activate(&version(SECOND), Policy::Pinned, &mut silent())
            .map(drop)
    }),
    ("shadow", |book| {
        book.shadow(&version(SECOND), Policy::Pinned, "", &mut silent())
            .map(drop)
    }),
    ("reconcile", |book| {
        let mut visit = |_: &_| Ok(());
        book.reconcile(None, &mut visit, &mut silent()).map(drop)
    }),
    ("redact", |book| {
        let request = RedactRequest {
            seq: book.head(),
            reason: "as asked".into(),
            replacement: None,
            actor: None,
        };
        book.redact(&request, &mut silent()).map(drop)
    }),
    ("certify", |book| book.certify(&version(FIRST)).map(drop)),
    ("diff", |book| {
        let request = DiffRequest {
            base: Picked::Recorded,
            candidate: Picked::Pinned(vec![version(SECOND)]),
            from: None,
            to: None,
        };
        let mut expectations = Expectations::none();
        let mut study = book.study();
        study
            .diff(&request, &mut expectations, &mut Unheard, &mut silent())
            .map(drop)
    }),
    ("bisect", |book| {
        let same = Picked::Pinned(vec![]);
        let found = book.study().bisect(&same, &same, "", &mut silent());
        found.map(drop)
    }),
    ("doom", |book| {
        let found = { book.study() }.find_dooms(&Picked::Recorded, true, &mut silent());
        found.map(drop)
    }),
    ("late tasks", |book| {
        book.study().late_tasks(&mut |_| Ok(()), &mut silent())
    }),
    ("what if", |book| {
        let other = Picked::Pinned(vec![version(SECOND)]);
        let mut visit = |_: &_| Ok(());
        let mut study = book.study();
        study
            .what_if(&other, &other, &mut visit, &mut silent())
            .map(drop)
    }),
    ("export", |book| {
        let request = ExportRequest::default();
        let mut study = book.study();
        study
            .export(&request, &mut Vec::new(), &mut silent())
            .map(drop)
    }),
    ("subscription", |book| subscribe(book, &Wanted::default())),
    ("subscription to a type", |book| {
        let types = vec!["box.PutBack".to_owned()];
        subscribe(
            book,
            &Wanted {
                types,
                ..Wanted::default()
            },
        )
    }),
    ("subscription to a table", |book| {
        let tables = vec!["box.held".to_owned()];
        subscribe(
            book,
            &Wanted {
                tables,
                ..Wanted::default()
            },
        )
    }),
];

/// Takes batch after batch, as a feed does.
fn subscribe(book: &Book, wanted: &Wanted) -> Result<(), Error> {
    let reader = Reader::beside(book.dir().path())?;
    let (mut after, head) = (Seq::ZERO, book.head());
    while after < head {
        after = reader
            .next_batch(after, head, wanted, |seq, _| Ok(seq.to_string()))?
            .reached;
    }
    Ok(())
}

fn remove(book: &Book, table: &str, seq: Seq) {
    let log = rusqlite::Connection::open(book.dir().log()).unwrap();
    let removed = log.execute(&format!("DELETE FROM {table} WHERE seq = {seq}"), []);
    assert_eq!(removed.unwrap(), 1);
}

#[test]
fn a_hole_in_the_log_is_found_by_everybody_who_reads_it() {
    let mut random = Random::announced("a hole in the log");
    let mut whole = book();
    for (name, read) in READERS {
        let mut copy = whole.copy();
        read(&mut copy).unwrap_or_else(|error| panic!("{name}, with nothing missing: {error}"));
    }
    // Not the last two: the journal's last command was answered on the state before its event.
    let last = whole.head().0 - 2;
    for table in ["events", "effects"] {
        for _ in 0..3 {
            let gone = Seq(1 + random.below(last));
            let told = format!("event {gone} is missing in the log, or its effects are");
            let mut book = whole.copy();
            remove(&book, table, gone);
            for (name, read) in READERS {
                let error = read(&mut book).expect_err(name);
                assert!(
                    error.message.contains(&told),
                    "{name}, {table} without {gone}: {error}"
                );
            }
            let error = book.try_reopen_after(|path| {
                let log = Catalog::open(&path.join("log.db")).unwrap();
                let live = log.live().unwrap().file;
                let dir = BookDir::open(path).unwrap();
                std::fs::remove_file(dir.projection(&live)).unwrap();
            });
            let error = error.expect_err("the live projection cannot be built again");
            assert!(
                error.message.contains(&told),
                "recovery, {table} without {gone}: {error}"
            );
        }
    }
}
