//! What `verify` sees of a log that somebody wrote to beside the book, and what a digest that was kept elsewhere proves.

use std::fs;
use std::path::Path;

use daybook::book::Reader;
use daybook::history::silent;
use daybook::model::Digest;
use daybook_tests::repair::{amend, redact, to_amend, to_redact, undo};
use daybook_tests::{TestBook, copy_folder};
use serde_json::json;

/// Deposits with their tasks, and a rejected command.
fn deposits() -> TestBook {
    let mut book = TestBook::with_plugins(&["deposit@2020-02-01"]);
    for n in 1..5 {
        deposit(&mut book, n);
    }
    book
}

fn deposit(book: &mut TestBook, n: u64) {
    book.command(
        "deposit.Deposit",
        json!({"account": n % 2, "amount": n}),
        false,
    )
    .unwrap();
}

fn digest(book: &TestBook) -> Digest {
    Reader::beside(&book.path())
        .unwrap()
        .log_head()
        .unwrap()
        .digest
}

/// What an auditor reads, altered by statements, and the words that tell of it.
const ALTERATIONS: [(&str, &str); 15] = [
    ("UPDATE tasks SET data = replace(data, '1', '2')", "'tasks'"),
    (
        "UPDATE tasks SET not_before = '2999-01-01T00:00:00Z'",
        "'tasks'",
    ),
    ("DELETE FROM tasks WHERE kind = 'receipt'", "'tasks'"),
    ("UPDATE commands SET data = '{}'", "'commands'"),
    (
        "UPDATE commands SET outcome = 'failed', message = 'never'",
        "'commands'",
    ),
    ("DELETE FROM commands WHERE ordinal = 2", "'commands'"),
    (
        "UPDATE events SET recorded_at = '2001-01-01T00:00:00.000000Z' WHERE seq = 4",
        "'events'",
    ),
    ("UPDATE events SET command = NULL WHERE seq = 4", "'events'"),
    (
        "UPDATE events SET lineup = (SELECT min(id) FROM lineups) WHERE seq = 4",
        "'events'",
    ),
    (
        "UPDATE certifications SET materializers = 'batch', reason = 'trust me'",
        "'certifications'",
    ),
    (
        "INSERT INTO deliveries VALUES (3, 0, 'receipt', 'done', 1, 0, NULL, NULL, NULL, NULL, '2026-01-01T00:00:00Z')",
        "'deliveries'",
    ),
    (
        "CREATE TRIGGER sly AFTER INSERT ON events BEGIN DELETE FROM tasks; END",
        "a trigger 'sly', which no log has",
    ),
    (
        "CREATE TABLE mine (id INTEGER)",
        "a table 'mine', which no log has",
    ),
    (
        "UPDATE seals SET digest = zeroblob(32) WHERE position = 3",
        "the chain of commits",
    ),
    (
        "DELETE FROM seals WHERE position = 1",
        "the chain of commits",
    ),
];

#[test]
fn whatever_an_auditor_reads_is_held_against_what_the_commits_left() {
    let mut whole = deposits();
    whole.assert_verified();
    for (sql, words) in ALTERATIONS {
        let mut book = whole.copy();
        book.reopen_after(|path| alter(path, sql));
        let found = book.verify(&mut silent()).unwrap().problem;
        assert!(
            found.as_ref().is_some_and(|found| found.contains(words)),
            "{sql}: {found:?}"
        );
    }
}

fn alter(path: &Path, sql: &str) {
    let log = rusqlite::Connection::open(path.join("log.db")).unwrap();
    log.execute_batch(sql).unwrap();
}

#[test]
fn a_damaged_page_is_found_by_sqlites_own_check() {
    let mut book = deposits();
    book.reopen_after(|path| {
        alter(path, "PRAGMA wal_checkpoint(TRUNCATE)");
        let log = rusqlite::Connection::open(path.join("log.db")).unwrap();
        let root: i64 = log
            .query_row(
                "SELECT rootpage FROM sqlite_schema WHERE name = 'events__subject'",
                [],
                |row| row.get(0),
            )
            .unwrap();
        let size: i64 = log
            .pragma_query_value(None, "page_size", |row| row.get(0))
            .unwrap();
        drop(log);
        let file = path.join("log.db");
        let mut bytes = fs::read(&file).unwrap();
        let at = ((root - 1) * size) as usize;
        // It says that it has cells where there are none.
        bytes[at + 4] = 9;
        fs::write(&file, bytes).unwrap();
    });
    let found = book.verify(&mut silent()).unwrap().problem.unwrap();
    assert!(found.starts_with("log.db is damaged"), "{found}");
}

#[test]
fn whatever_a_book_does_its_digest_goes_on_from_the_one_before() {
    let mut book = deposits();
    let mut kept = vec![digest(&book)];
    let acts: [fn(&mut TestBook); 5] = [
        |book| deposit(book, 7),
        |book| {
            amend(book, &to_amend(4, &json!({"account": 1, "amount": 9}))).unwrap();
        },
        |book| {
            redact(book, &to_redact(5, None)).unwrap();
        },
        |book| {
            deposit(book, 6);
            undo(book, book.head().0, false).unwrap();
        },
        |book| {
            let again = daybook_tests::redated("deposit@2020-02-01", "2020-03-01");
            book.load(&again).unwrap();
        },
    ];
    for act in acts {
        act(&mut book);
        book.reopen();
        book.assert_verified();
        kept.push(digest(&book));
    }
    for digest in &kept {
        let verified = book.verify_against(Some(*digest), &mut silent()).unwrap();
        assert_eq!(verified.problem, None, "{digest}");
        assert_eq!(verified.digest, kept.last().copied());
    }
    let mut distinct = kept.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), kept.len(), "{kept:?}");
}

#[test]
fn a_log_that_was_cut_holds_by_itself_and_not_against_what_was_kept_elsewhere() {
    let mut book = deposits();
    let before = digest(&book);
    let copy = book.folder().join("before");
    book.reopen_after(|path| copy_folder(path, &copy));
    deposit(&mut book, 8);
    let kept = digest(&book);
    let told = book.verify_against(Some(kept), &mut silent()).unwrap();
    assert_eq!(told.problem, None);
    // Back to the copy, as if the last deposit had never been.
    book.reopen_after(|path| {
        fs::remove_dir_all(path).unwrap();
        copy_folder(&copy, path);
    });
    book.assert_verified();
    let told = book.verify_against(Some(kept), &mut silent()).unwrap();
    let problem = told.problem.unwrap();
    assert!(
        problem.contains("its end was cut off, or it is another history"),
        "{problem}"
    );
    let told = book.verify_against(Some(before), &mut silent()).unwrap();
    assert_eq!(told.problem, None);
    // Rows alone cannot be cut: what was given is remembered.
    book.reopen_after(|path| {
        alter(
            path,
            "DELETE FROM commands WHERE ordinal = (SELECT max(ordinal) FROM commands)",
        )
    });
    assert!(book.verify(&mut silent()).unwrap().problem.is_some());
}
