//! A projection is believed where the log's chain of hashes says that it is of this very history, and not where only its
//! position fits: a log restored from a copy that went on by itself, a file from another book.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use daybook::book::{Book, Reader};
use daybook::history::silent;
use daybook::model::ErrorKind;
use daybook::study::Picked;
use daybook::versions::{Policy, PromoteRequest, Promotion};
use daybook_tests::repair::{amend, redact, to_amend, to_redact, undo};
use daybook_tests::{TestBook, guest, plugin, redated, runtime};
use serde_json::json;

const BALANCES: &str = "SELECT balance FROM deposit_account ORDER BY id";

fn deposit(book: &mut TestBook, account: u64, amount: u64) {
    let data = json!({"account": account, "amount": amount});
    book.command("deposit.Deposit", data, false).unwrap();
}

fn deposits() -> TestBook {
    let mut book = TestBook::with_plugins(&["deposit@2020-02-01"]);
    deposit(&mut book, 1, 100);
    book
}

/// The log of another book in the place of a book's own; everything else stays.
fn put_log(book: &mut TestBook, other: &mut TestBook) {
    let from = other.path();
    drop(other.take());
    book.reopen_after(|path| move_log(&from, path));
}

fn move_log(from: &Path, to: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let name = format!("log.db{suffix}");
        let _ = fs::remove_file(to.join(&name));
        if from.join(&name).is_file() {
            fs::copy(from.join(&name), to.join(&name)).unwrap();
        }
    }
}

#[test]
fn a_live_state_of_another_history_is_built_again_wherever_it_stands() {
    // As far as the log, behind it, and ahead of it.
    for (own, theirs) in [(1, 1), (1, 3), (3, 1)] {
        let mut book = deposits();
        let mut other = book.copy();
        (0..own).for_each(|_| deposit(&mut book, 1, 1));
        (0..theirs).for_each(|_| deposit(&mut other, 1, 5_000));
        put_log(&mut book, &mut other);
        assert_eq!(
            book.numbers(BALANCES),
            [100 + 5_000 * theirs],
            "{own} {theirs}"
        );
        deposit(&mut book, 1, 1);
        book.assert_verified();
        book.reopen_after(|path| fs::remove_dir_all(path.join("projections")).unwrap());
        assert_eq!(book.numbers(BALANCES), [101 + 5_000 * theirs]);
    }
}

#[test]
fn a_reader_sees_no_state_of_another_history() {
    let mut book = deposits();
    let mut other = book.copy();
    deposit(&mut book, 1, 1);
    deposit(&mut other, 1, 5_000);
    let (path, from) = (book.path(), other.path());
    drop((book.take(), other.take()));
    move_log(&from, &path);
    let reader = Reader::open(&path, &mut silent()).unwrap();
    let mut rows = Vec::new();
    let visit = |row: Vec<_>| {
        rows.extend(row);
        Ok(())
    };
    reader.query("live", BALANCES, |_| Ok(()), visit).unwrap();
    assert_eq!(rows, [daybook::model::Value::Integer(5_100)]);
}

#[test]
fn what_follows_the_log_is_begun_again_and_a_replay_is_refused_with_the_way_out() {
    let mut book = deposits();
    let again = book
        .load(&redated("deposit@2020-02-01", "2020-03-01"))
        .unwrap()
        .version;
    let later = book
        .load(&redated("deposit@2020-02-01", "2020-04-01"))
        .unwrap()
        .version;
    book.shadow(&again, Policy::Pinned, "", &mut silent())
        .unwrap();
    let promoted = book.promote(&again, &PromoteRequest::default(), &mut silent());
    assert!(matches!(promoted.unwrap(), Promotion::Done(_)));
    book.shadow(&later, Policy::Pinned, "", &mut silent())
        .unwrap();
    deposit(&mut book, 2, 7);
    book.shadow(&later, Policy::Pinned, "", &mut silent())
        .unwrap();
    book.replay(&Picked::Pinned(vec![]), None, "old", &mut silent())
        .unwrap();
    let snapshot = book.snapshot().unwrap();

    let mut other = book.copy();
    assert!(
        other
            .path()
            .join("snapshots")
            .join(&snapshot.file)
            .is_file()
    );
    // The same files beside a log that parted from their history before them.
    other.reopen_after(|path| {
        let log = rusqlite::Connection::open(path.join("log.db")).unwrap();
        let sql = "UPDATE events SET hash = randomblob(32) WHERE seq > 3";
        assert!(log.execute(sql, []).unwrap() > 0);
    });
    let tracks = other.tracks().unwrap();
    assert!(
        tracks
            .iter()
            .all(|track| !track.is_ready && track.position.0 == 0),
        "{tracks:?}"
    );
    let status = other
        .shadow(&later, Policy::Pinned, "", &mut silent())
        .unwrap();
    let tally = status.tally.unwrap();
    assert_eq!((tally.events, tally.differing), (other.head().0, 0));
    let tracks = other.tracks().unwrap();
    assert!(tracks.iter().any(|track| track.is_ready), "{tracks:?}");
    // The snapshot is no place to start from.
    let head = other.head();
    let error = other.verify_since(head, &mut silent()).unwrap_err();
    assert!(error.message.contains("no snapshot"), "{error}");
    let reader = Reader::open(&other.path(), &mut silent()).unwrap();
    let error = reader
        .query("old", BALANCES, |_| Ok(()), |_| Ok(()))
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Corrupt);
    assert!(error.message.contains("of another history"), "{error}");
    assert!(error.hint.unwrap().contains("daybook replay BOOK --as old"));
}

type Act = (&'static str, fn(&mut TestBook));

/// Everything that moves a projection's position.
const ACTS: [Act; 13] = [
    ("a command", |book| deposit(book, 1, 1)),
    ("a large group", |book| {
        let event =
            |n| daybook_tests::event("deposit.Deposited", json!({"account": n, "amount": 1}));
        book.append((0..40).map(event).collect()).unwrap();
    }),
    ("a rejected command", |book| {
        let _ = book.command("deposit.Deposit", json!({"account": "x"}), false);
    }),
    ("a load", |book| {
        book.load(&redated("deposit@2020-02-01", "2020-03-01"))
            .unwrap();
    }),
    ("a shadow", |book| {
        let again = "deposit@2020-03-01".parse().unwrap();
        book.shadow(&again, Policy::Pinned, "", &mut silent())
            .unwrap();
    }),
    ("a promotion", |book| {
        let again = "deposit@2020-03-01".parse().unwrap();
        let promoted = book.promote(&again, &PromoteRequest::default(), &mut silent());
        assert!(matches!(promoted.unwrap(), Promotion::Done(_)));
    }),
    ("a way back", |book| {
        let back = book.rollback(&PromoteRequest::default(), &mut silent());
        assert!(matches!(back.unwrap(), Promotion::Done(_)));
    }),
    ("an activation", |book| {
        book.load_active(plugin("bank@1993-01-01"));
    }),
    ("a patch", |book| {
        let again = "deposit@2020-03-01".parse().unwrap();
        book.shadow(&again, Policy::Pinned, "", &mut silent())
            .unwrap();
        let (request, mut visit) = (PromoteRequest::default(), |_: &_| Ok(()));
        let patched = book.promote_by_patch(&again, &request, true, &mut visit, &mut silent());
        assert!(matches!(patched.unwrap(), Promotion::Done(_)));
    }),
    ("an amendment", |book| {
        amend(book, &to_amend(3, &json!({"account": 1, "amount": 50}))).unwrap();
    }),
    ("an undo", |book| {
        let last = book.append_one(daybook_tests::event(
            "deposit.Deposited",
            json!({"account": 9, "amount": 1}),
        ));
        undo(book, last.unwrap().seq.0, false).unwrap();
    }),
    ("a redaction", |book| {
        redact(book, &to_redact(3, None)).unwrap();
    }),
    ("another plugin", |book| {
        book.load_active(guest("mutable-global"));
    }),
];

#[test]
fn a_state_of_this_history_is_never_built_again() {
    let mut book = deposits();
    for (name, act) in ACTS {
        act(&mut book);
        let path = book.live_path();
        let before = fs::metadata(&path).unwrap().ino();
        book.reopen();
        assert_eq!(book.live_path(), path, "{name}");
        assert_eq!(fs::metadata(&path).unwrap().ino(), before, "{name}");
    }
    book.assert_verified();
}

#[test]
fn effects_that_were_recorded_on_another_state_are_put_right_by_the_command_that_the_hint_names() {
    let mut book = deposits();
    // As an earlier host left it, which took another history's state for its own: a command ran on a wrong balance.
    let live = book.live_path();
    book.reopen_after(|_| {
        let live = rusqlite::Connection::open(&live).unwrap();
        live.execute("UPDATE deposit_account SET balance = 5100", [])
            .unwrap();
    });
    deposit(&mut book, 1, 1);
    assert_eq!(book.numbers(BALANCES), [5_101]);
    let last = book.head();
    let wrong = book.recorded().pop().unwrap().effects;
    let gone = |path: &Path| fs::remove_dir_all(path.join("projections")).unwrap();
    let error = book.try_reopen_after(gone).unwrap_err();
    assert!(
        error
            .message
            .contains("has other effects than were recorded"),
        "{error}"
    );
    assert!(
        error
            .hint
            .unwrap()
            .starts_with("daybook reconcile BOOK --repair")
    );
    let path = book.path();
    book.put(Book::open_to_reconcile(runtime(), &path, &mut silent()).unwrap());
    let mut visit = |_: &_| Ok(());
    let found = book
        .reconcile(Some("another state"), &mut visit, &mut silent())
        .unwrap();
    assert_eq!((found.effects, found.rows), (1, 0));
    let right = book.log().recorded_at(last).unwrap().unwrap().effects;
    assert_ne!(right, wrong);
    book.assert_verified();
    book.reopen_after(|path| fs::remove_dir_all(path.join("projections")).unwrap());
    assert_eq!(book.numbers(BALANCES), [101]);
    book.assert_verified();
}

#[test]
fn a_wrong_row_is_told_with_the_command_that_builds_the_state_again() {
    let mut book = deposits();
    book.snapshot().unwrap();
    let live = book.live_path();
    book.reopen_after(|path| {
        let live = rusqlite::Connection::open(live).unwrap();
        live.execute("UPDATE deposit_account SET balance = 7", [])
            .unwrap();
        // A copy of what is wrong is no place to start from either.
        for entry in fs::read_dir(path.join("snapshots")).unwrap() {
            let copy = rusqlite::Connection::open(entry.unwrap().path()).unwrap();
            copy.execute("UPDATE deposit_account SET balance = 7", [])
                .unwrap();
        }
    });
    let verified = book.verify(&mut silent()).unwrap();
    assert!(
        verified
            .problem
            .unwrap()
            .contains("rows of table 'deposit_account'")
    );
    assert!(
        verified
            .hint
            .unwrap()
            .contains("daybook reconcile BOOK --repair --reason TEXT")
    );
    let mut visit = |_: &_| Ok(());
    let found = book
        .reconcile(Some("by hand"), &mut visit, &mut silent())
        .unwrap();
    assert_eq!((found.effects, found.rows), (0, 1));
    assert!(book.snapshots().unwrap().is_empty());
    assert_eq!(book.numbers(BALANCES), [100]);
    book.assert_verified();
}
