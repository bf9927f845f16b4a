//! Files that are not what was written: every verb says so with exit code 8, or builds again what can be built again.

use std::fs;
use std::path::{Path, PathBuf};

use daybook_tests::TestBook;

use super::{DEPOSIT, daybook, deposit, stderr};

/// Verbs that need a book's log.
fn verbs<'a>(path: &'a str, fixture: &'a str) -> Vec<Vec<&'a str>> {
    vec![
        vec!["events", path],
        vec!["show", path, "3"],
        vec!["versions", path],
        vec!["changelog", path],
        vec!["tasks", path],
        vec!["gateway", "show", path],
        vec!["query", path, "SELECT 1"],
        vec!["verify", path],
        vec!["diff", path, "--base", DEPOSIT, "--candidate", DEPOSIT],
        vec!["export", path, "--out", fixture],
        vec![
            "run",
            path,
            "deposit.Deposit",
            r#"{"account": 1, "amount": 1}"#,
        ],
        vec!["activate", path, DEPOSIT],
        vec!["snapshot", path],
        vec!["serve", path, "--listen", "127.0.0.1:0"],
    ]
}

fn book() -> (TestBook, PathBuf) {
    let mut book = TestBook::with_plugins(&[DEPOSIT]);
    for amount in 1..=200 {
        book.append_one(deposit(amount % 7, 1)).unwrap();
    }
    let path = book.path();
    drop(book.take());
    (book, path)
}

fn check_all(path: &Path, what: &str) {
    let fixture = path.with_file_name("fixture.jsonl");
    for arguments in verbs(path.to_str().unwrap(), fixture.to_str().unwrap()) {
        let output = daybook(&arguments);
        assert_eq!(
            output.status.code(),
            Some(8),
            "{what}, {arguments:?}: {}",
            stderr(&output)
        );
    }
}

#[test]
fn a_log_that_is_damaged_is_told_by_every_verb() {
    let (_book, path) = book();
    let log = path.join("log.db");
    let whole = fs::read(&log).unwrap();
    let noise = vec![b'x'; whole.len()];
    fs::write(&log, &noise).unwrap();
    check_all(&path, "noise");
    fs::write(&log, b"").unwrap();
    check_all(&path, "nothing");
    let mut without_pages = whole.clone();
    without_pages[4_096..].fill(b'x');
    fs::write(&log, &without_pages).unwrap();
    check_all(&path, "a head without pages");
    fs::write(&log, &whole[..8_192]).unwrap();
    check_all(&path, "a tail that is gone");
    fs::write(&log, &whole).unwrap();
    let output = daybook(&["verify", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn a_component_that_is_not_what_was_loaded_is_told_and_not_run() {
    let (_book, path) = book();
    let log = rusqlite::Connection::open(path.join("log.db")).unwrap();
    log.execute("UPDATE components SET bytes = zeroblob(1000)", [])
        .unwrap();
    drop(log);
    fs::remove_dir_all(path.join("cache")).unwrap();
    for verb in ["verify", "activate"] {
        let arguments = [verb, path.to_str().unwrap(), DEPOSIT];
        let arguments = &arguments[..if verb == "verify" { 2 } else { 3 }];
        let output = daybook(arguments);
        assert_eq!(output.status.code(), Some(8), "{verb}: {}", stderr(&output));
    }
}

#[test]
fn a_state_that_is_damaged_is_built_again() {
    let (_book, path) = book();
    let live = fs::read_dir(path.join("projections")).unwrap().flatten();
    for file in live {
        let mut bytes = fs::read(file.path()).unwrap();
        bytes[100..].fill(b'x');
        fs::write(file.path(), bytes).unwrap();
    }
    let sql = "SELECT count(*) AS n FROM deposit_account";
    let output = daybook(&["query", path.to_str().unwrap(), sql, "--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "{\"n\":7}\n");
}

#[test]
fn bytes_that_changed_anywhere_in_the_log_are_never_a_fault_of_the_host() {
    let (_book, path) = book();
    let log = path.join("log.db");
    let whole = fs::read(&log).unwrap();
    let mut codes = Vec::new();
    let step = whole.len() / 40;
    for at in (0..40).map(|n| 100 + n * step) {
        let mut changed = whole.clone();
        let end = (at + 64).min(changed.len());
        changed[at..end].fill(0xa5);
        fs::write(&log, &changed).unwrap();
        for verb in ["verify", "events", "versions"] {
            let output = daybook(&[verb, path.to_str().unwrap()]);
            let code = output.status.code().unwrap_or(-1);
            codes.push(code);
            assert!(
                matches!(code, 0 | 1 | 8),
                "{verb}, bytes {at} to {end}: exit code {code}: {}",
                stderr(&output)
            );
        }
    }
    assert!(codes.contains(&8), "{codes:?}");
}
