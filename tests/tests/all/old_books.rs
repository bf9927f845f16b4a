//! Books that earlier versions wrote: each opens, verifies, reads as it did, and goes on.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use daybook::model::{CommitSeq, Place, Seq, TaskState, Value};
use daybook::store::TaskFilter;
use daybook_tests::repair::{redact, to_redact, undo};
use daybook_tests::{TestBook, accepted, workspace};
use flate2::read::GzDecoder;
use serde_json::{Value as Json, json};

/// Unpacks a fixture in the place of a new book.
fn unpacked(name: &str) -> TestBook {
    let from = workspace::root().join("tests/fixtures/books").join(name);
    let mut book = TestBook::new();
    book.reopen_after(|path| {
        fs::remove_dir_all(path).unwrap();
        fs::create_dir(path).unwrap();
        unpack(&from, path);
    });
    book
}

fn unpack(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap().path();
        let name = entry.file_name().unwrap().to_str().unwrap();
        if entry.is_dir() {
            fs::create_dir(to.join(name)).unwrap();
            unpack(&entry, &to.join(name));
        } else if let Some(name) = name.strip_suffix(".gz") {
            let mut bytes = Vec::new();
            let mut packed = GzDecoder::new(File::open(&entry).unwrap());
            packed.read_to_end(&mut bytes).unwrap();
            fs::write(to.join(name), bytes).unwrap();
        }
    }
}

/// What the version that wrote the book said of it.
const HEAD_HASH: &str = "85f757a2a10b6dd91b0f1dcf396b2d7074ea5043b8f0a25aaf948d9908825765";
const RUNNING: &str = "444372f64e07ee6c1a3550bbba7fc2fff26d29f6fe702466297ba601e7477d6a";
const ROWS: &str = "6543c68b86e891009ba22515927783ecfe31c018306437ff988e4537f1719ce8";

#[test]
fn a_book_from_before_commits_had_positions_opens_and_verifies_unchanged() {
    let mut book = unpacked("before-commits");
    let verified = book.assert_verified();
    assert_eq!((verified.events, verified.epochs), (23, 6));
    let hashes = [verified.head_hash, verified.running, verified.rows];
    assert_eq!(hashes.map(|it| it.to_string()), [HEAD_HASH, RUNNING, ROWS]);
    assert_eq!(book.tip().commit, CommitSeq::ZERO);
    let states = |book: &TestBook, state| {
        let filter = TaskFilter {
            state: Some(state),
            ..TaskFilter::default()
        };
        book.log().tasks(&filter, 100).unwrap().len()
    };
    assert_eq!(states(&book, TaskState::Cancelled), 1);
    let done = states(&book, TaskState::Done);
    assert!(done > 0);
    assert_eq!(book.log().gateway_kinds().unwrap().len(), 1);
    assert_eq!(book.snapshots().unwrap().len(), 1);
    assert_eq!(book.lineup().to_string(), "deposit@2020-02-01");
    let late = { book.log().late_tasks().unwrap() }.len();
    assert!(late > 0);
}

#[test]
fn a_book_from_before_commits_had_positions_goes_on() {
    let mut book = unpacked("before-commits");
    let events = accepted(
        book.command("deposit.Deposit", json!({"account": 2, "amount": 5}), false)
            .unwrap(),
    );
    assert_eq!(events[0].event.seq, Seq(24));
    assert_eq!(book.tip().commit, CommitSeq(1));
    redact(&mut book, &to_redact(16, None)).unwrap();
    undo(&mut book, 24, false).unwrap();
    assert_eq!(book.tip().commit, CommitSeq(3));
    book.assert_verified();
    let place = Place {
        seq: Seq(24),
        ordinal: 0,
    };
    let tasks = book.log().tasks_of(place.seq).unwrap();
    let receipt = tasks.iter().find(|row| row.delivery.place == place);
    assert_eq!(receipt.unwrap().delivery.kind, "receipt");
    book.reopen();
    assert_eq!((book.head(), book.tip().commit), (Seq(26), CommitSeq(3)));
    let balances = book.rows("SELECT id, balance FROM deposit_account ORDER BY id");
    let balances: Vec<_> = balances
        .into_iter()
        .map(|row| (row[0].clone(), row[1].clone()))
        .collect();
    let whole = |id, balance| (Value::Integer(id), Value::Integer(balance));
    assert_eq!(balances, [whole(1, 610), whole(2, 1_450), whole(3, 1_000)]);
    book.assert_verified();
}

/// What the version that wrote the other book said of it.
const VALUES_RUNNING: &str = "c63d91016c2bbfdfa73a1f13c98d37ab0e35f39502606afd27e76f2c1e4fabca";
const VALUES_ROWS: &str = "a22c5eaab201f5ee80703244c2ed6709609c4face6638c93aa3c269940daa4d5";

#[test]
fn a_book_whose_undo_holds_values_verifies_as_it_was_and_goes_on() {
    let mut book = unpacked("undos-with-values");
    let verified = book.assert_verified();
    assert_eq!(verified.running.to_string(), VALUES_RUNNING);
    assert_eq!(verified.rows.to_string(), VALUES_ROWS);
    // What such an undo put back is there under whatever version, and its values are not moved.
    let of_account =
        "SELECT balance FROM bank_account UNION ALL SELECT interest_microcents FROM bank_account";
    assert_eq!(book.numbers(of_account), [1_200_018, 7_568_515_650]);
    let mut posted: Json =
        serde_json::from_str(&book.log().event_at(Seq(5)).unwrap().unwrap().data).unwrap();
    posted["amount"] = json!(1);
    let error = redact(&mut book, &to_redact(5, Some(&posted))).unwrap_err();
    assert!(
        error.message.contains("values that an undo took back"),
        "{error}"
    );
    let done = redact(&mut book, &to_redact(7, None)).unwrap();
    assert_eq!(done.undo, Some(Seq(8)));
    book.assert_verified();
    redact(&mut book, &to_redact(5, Some(&posted))).unwrap();
    book.reopen();
    book.assert_verified();
}

#[test]
fn an_old_books_state_is_built_again_from_its_log_alone() {
    let mut book = unpacked("before-commits");
    book.reopen_after(|path| {
        fs::remove_dir_all(path.join("projections")).unwrap();
        fs::create_dir(path.join("projections")).unwrap();
    });
    let verified = book.assert_verified();
    assert_eq!(verified.rows.to_string(), ROWS);
}
