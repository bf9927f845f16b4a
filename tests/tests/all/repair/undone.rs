//! An undo by rows takes back what its event did, in each replay what it did there: under every version, wherever the replay
//! begins, and whoever follows.

use daybook::diff::Expectations;
use daybook::history::silent;
use daybook::model::Seq;
use daybook::study::{Moment, Picked};
use daybook::versions::{Policy, PromoteRequest, Promotion};
use daybook_tests::repair::{redact, to_redact, undo};
use daybook_tests::{Server, TestBook, diff, plugin, version};
use serde_json::json;

const FIRST: &str = "bank@1993-01-01";
const SECOND: &str = "bank@1994-01-01";

fn deposit(book: &mut TestBook, date: &str, amount: u64) -> u64 {
    let asked = json!({"account": 1, "date": date, "amount": amount});
    book.command("bank.Deposit", asked, false).unwrap();
    book.head().0
}

/// An account with two deposits, events 5 and 6.
fn bank() -> TestBook {
    let mut book = TestBook::with_plugins(&[FIRST]);
    book.load(plugin(SECOND)).unwrap();
    let open = json!({"account": 1, "date": "1993-01-01"});
    book.command("bank.OpenAccount", open, false).unwrap();
    deposit(&mut book, "1993-01-05", 500_000);
    deposit(&mut book, "1993-01-31", 700_000);
    book
}

fn account(book: &TestBook) -> Vec<Vec<daybook::model::Value>> {
    book.rows("SELECT balance, lines, interest_to, interest_microcents FROM bank_account")
}

/// The account as it is where the third deposit never was.
fn never(lineup: &str) -> Vec<Vec<daybook::model::Value>> {
    let mut book = bank();
    if lineup == SECOND {
        book.activate_pinned(&version(SECOND)).unwrap();
    }
    account(&book)
}

#[test]
fn a_replay_under_another_version_takes_back_what_the_event_did_there() {
    let mut book = bank();
    let third = deposit(&mut book, "1993-02-28", 1);
    undo(&mut book, third, false).unwrap();
    assert_eq!(account(&book), never(FIRST));
    let (_, found) = diff(&mut book, FIRST, SECOND, &mut Expectations::default());
    let rows: Vec<_> = found
        .final_rows
        .iter()
        .map(|row| row.table.clone())
        .collect();
    assert_eq!(
        rows,
        ["bank.account"],
        "the account's interest, and nothing else"
    );
    book.shadow(&version(SECOND), Policy::Pinned, "", &mut silent())
        .unwrap();
    let forced = PromoteRequest {
        force: Some("a test".into()),
        actor: None,
    };
    let promoted = book.promote(&version(SECOND), &forced, &mut silent());
    assert!(matches!(promoted.unwrap(), Promotion::Done(_)));
    assert_eq!(account(&book), never(SECOND));
    book.assert_verified();
    book.activate_pinned(&version(FIRST)).unwrap();
    assert_eq!(account(&book), never(FIRST));
    book.assert_verified();
}

#[test]
fn whoever_begins_between_an_event_and_its_undo_takes_back_the_right_rows() {
    let mut book = bank();
    let third = deposit(&mut book, "1993-02-28", 1);
    // A shadow that is past the event when it is undone; a snapshot in between.
    book.shadow(&version(SECOND), Policy::Pinned, "", &mut silent())
        .unwrap();
    book.snapshot().unwrap();
    book.activate_pinned(&version(SECOND)).unwrap();
    book.activate_pinned(&version(FIRST)).unwrap();
    book.snapshot().unwrap();
    book.shadow(&version(SECOND), Policy::Pinned, "", &mut silent())
        .unwrap();
    undo(&mut book, third, false).unwrap();
    // The state of the log, from the snapshot, and from the first event on.
    let before = book.mark();
    book.reopen_after(|path| {
        std::fs::remove_dir_all(path.join("projections")).unwrap();
    });
    assert_eq!(book.mark(), before);
    assert_eq!(account(&book), never(FIRST));
    let since = book.verify_since(Seq(third), &mut silent()).unwrap();
    assert_eq!(since.problem, None);
    let replayed = book.replay(&Picked::Pinned(vec![]), None, "again", &mut silent());
    assert_eq!(replayed.unwrap().head, book.live_head());
    let forced = PromoteRequest {
        force: Some("a test".into()),
        actor: None,
    };
    let promoted = book.promote(&version(SECOND), &forced, &mut silent());
    assert!(matches!(promoted.unwrap(), Promotion::Done(_)));
    assert_eq!(account(&book), never(SECOND));
    book.assert_verified();
    // The state of the past before the undo, and after it.
    let reader = daybook::book::Reader::beside(&book.path()).unwrap();
    let balance = |position: u64| {
        let position = reader.position_at(&Moment::After(Seq(position))).unwrap();
        let past = reader
            .as_of(daybook_tests::runtime(), position, &mut silent())
            .unwrap();
        let mut found = Vec::new();
        let visit = |row: Vec<daybook::model::Value>| {
            found.push(row[0].clone());
            Ok(())
        };
        past.query("SELECT balance FROM bank_account", |_| Ok(()), visit)
            .unwrap();
        found
    };
    let whole = daybook::model::Value::Integer;
    assert_eq!(balance(third), [whole(1_200_001)]);
    assert_eq!(balance(before.head.0), [whole(1_200_000)]);
}

#[test]
fn an_undo_of_an_undo_is_the_event_again_in_every_replay() {
    let mut book = bank();
    let third = deposit(&mut book, "1993-02-28", 1);
    let with = account(&book);
    undo(&mut book, third, false).unwrap();
    let first_undo = book.head().0;
    let redo = undo(&mut book, first_undo, false).unwrap();
    assert_eq!(redo.tasks, []);
    assert_eq!(account(&book), with);
    let error = undo(&mut book, first_undo, false).unwrap_err();
    assert!(error.message.contains("was undone already"), "{error}");
    book.assert_verified();
    let mut other = bank();
    deposit(&mut other, "1993-02-28", 1);
    other.activate_pinned(&version(SECOND)).unwrap();
    book.activate_pinned(&version(SECOND)).unwrap();
    assert_eq!(account(&book), account(&other));
    // And undone once more, under the version that is in force now.
    undo(&mut book, third, false).unwrap();
    assert_eq!(account(&book), never(SECOND));
    book.assert_verified();
    redact(&mut book, &to_redact(third, None)).unwrap();
    assert_eq!(account(&book), never(SECOND));
    book.assert_verified();
}

#[test]
fn a_served_books_shadow_and_standby_follow_an_undo_of_what_they_have_behind_them() {
    let mut book = bank();
    let third = deposit(&mut book, "1993-02-28", 1);
    book.shadow(&version(SECOND), Policy::Pinned, "", &mut silent())
        .unwrap();
    let server = Server::of(book);
    let undone = server.post(
        &format!("/events/{third}/undo"),
        &json!({"reason": "a test"}),
    );
    assert_eq!(undone.status, 200, "{}", undone.text);
    let caught_up = || {
        let shadows = server.get("/shadows").json;
        let shadow = &shadows["shadows"][0];
        (shadow["ready"] == true && shadow["lag"] == 0, shadows)
    };
    for _ in 0..500 {
        if caught_up().0 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert!(caught_up().0, "{}", caught_up().1);
    let promoted = server.post(
        &format!("/versions/{SECOND}/promote"),
        &json!({"force": "a test"}),
    );
    assert_eq!(promoted.status, 200, "{}", promoted.text);
    let mut book = server.stop();
    assert_eq!(account(&book), never(SECOND));
    book.assert_verified();
}
