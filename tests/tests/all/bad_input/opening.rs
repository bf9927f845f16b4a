//! A book that cannot be opened: in use, of a newer format, or no book at all.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use daybook::book::Book;
use daybook::history;
use daybook::model::ErrorKind;
use daybook_tests::{TestBook, runtime};

use super::{DEPOSIT, daybook, deposit, stderr};

#[test]
fn a_book_that_is_open_is_not_opened_again() {
    let book = TestBook::with_plugins(&[DEPOSIT]);
    let error = Book::open(runtime(), &book.path(), &mut history::silent())
        .map(|book| book.head())
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(
        error.message.ends_with("is open in another process"),
        "{error}"
    );
    let output = daybook(&["activate", book.path().to_str().unwrap(), DEPOSIT]);
    assert_eq!(output.status.code(), Some(6), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("is open in another process"),
        "{}",
        stderr(&output)
    );
    // Reading needs no lock.
    let output = daybook(&[
        "query",
        book.path().to_str().unwrap(),
        "SELECT count(*) FROM deposit_account",
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

/// Writes SQLite's `user_version`, which says the format, into a closed file: four bytes at offset 60.
fn set_format(file: &Path, format: u32) {
    let mut file = File::options().write(true).open(file).unwrap();
    file.seek(SeekFrom::Start(60)).unwrap();
    file.write_all(&format.to_be_bytes()).unwrap();
}

#[test]
fn a_file_of_a_newer_format_is_refused_and_left_as_it_is() {
    let mut book = TestBook::with_plugins(&[DEPOSIT]);
    book.append_one(deposit(1, 1)).unwrap();
    let mark = book.mark();
    for (file, what, own) in [
        (book.path().join("log.db"), "log.db", 2),
        (book.live_path(), "live-", 3),
    ] {
        let error = book
            .try_reopen_after(|_| set_format(&file, own + 1))
            .expect_err(what);
        assert_eq!(error.kind, ErrorKind::Unavailable, "{error}");
        assert!(
            error.message.contains(what)
                && error.message.contains(&format!("has format {}", own + 1)),
            "{error}"
        );
        let known = format!("reads formats up to {own}");
        assert!(error.message.contains(&known), "{error}");
        assert_eq!(
            error.hint.as_deref(),
            Some("open it with the daybook that wrote it, or a newer one")
        );
        set_format(&file, own);
        book.reopen();
        assert_eq!(book.mark(), mark, "the refusal left {what} as it was");
    }
}

#[test]
fn what_is_no_book_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let check = |kind: ErrorKind, says: &str| {
        let error = Book::open(runtime(), folder.path(), &mut history::silent())
            .map(|book| book.head())
            .unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.message.contains(says), "'{says}' is not in: {error}");
    };
    check(ErrorKind::Unavailable, "is not a book: it has no log.db");
    std::fs::write(folder.path().join("log.db"), vec![b'x'; 10_000]).unwrap();
    check(ErrorKind::Corrupt, "log.db");
    std::fs::write(folder.path().join("log.db"), b"").unwrap();
    check(ErrorKind::Corrupt, "log.db is empty");
    std::fs::remove_file(folder.path().join("log.db")).unwrap();
    let other = rusqlite::Connection::open(folder.path().join("log.db")).unwrap();
    other.execute_batch("CREATE TABLE theirs (a)").unwrap();
    drop(other);
    check(ErrorKind::Unavailable, "is not the log of a book");
    let error = Book::init(runtime(), folder.path())
        .map(|book| book.head())
        .unwrap_err();
    assert!(
        error.message.contains("is not an empty directory"),
        "{error}"
    );
}
