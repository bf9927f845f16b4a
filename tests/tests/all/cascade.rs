//! A version that extends another: what it handles runs the version before it when it says so, and what it does not
//! name falls through.

use daybook::model::{Seq, Value};
use daybook::replay;
use daybook::service::{Picked, Policy};
use daybook_tests::{TestBook, accepted, event, guest, version};
use serde_json::json;

const FIRST: &str = "cascade@2020-01-01";
const SECOND: &str = "cascade@2020-02-01";

/// `n` and `text` of all rows, by id.
fn things(book: &TestBook) -> Vec<(i64, String)> {
    book.rows("SELECT n, text FROM cascade_thing ORDER BY id")
        .into_iter()
        .map(|row| match <[Value; 2]>::try_from(row) {
            Ok([Value::Integer(n), Value::Text(text)]) => (n, text),
            other => panic!("{other:?}"),
        })
        .collect()
}

fn rows(expected: &[(i64, &str)]) -> Vec<(i64, String)> {
    expected
        .iter()
        .map(|(n, text)| (*n, (*text).to_owned()))
        .collect()
}

#[test]
fn the_version_before_runs_as_often_as_it_is_asked_and_its_failure_is_undone() {
    let mut book = TestBook::with_guests(&["cascade-1", "cascade-2"]);
    for n in [1, 2, 3, 7] {
        book.append_one(event("cascade.Happened", json!({"n": n})))
            .unwrap();
    }
    book.append_one(event("cascade.Other", json!({"n": 5})))
        .unwrap();
    let expected = [
        (1, "first, then second"),
        (2, "first, then second"),
        (0, "second alone"),
        (7, "swallowed"),
        (5, "other"),
    ];
    assert_eq!(things(&book), rows(&expected));
    book.assert_verified();
}

#[test]
fn a_command_falls_through_to_the_version_that_declares_it() {
    let mut book = TestBook::with_guests(&["cascade-1", "cascade-2"]);
    let reply = book.command("cascade.Do", json!({"n": 1}), false).unwrap();
    let caused = accepted(reply).remove(0);
    assert_eq!(
        caused.event.version,
        Some(version(SECOND).date),
        "the version in force is stamped"
    );
    assert_eq!(caused.changes.len(), 1);
    assert_eq!(things(&book), rows(&[(1, "first, then second")]));
}

#[test]
fn a_failure_that_the_newest_version_does_not_catch_is_the_events() {
    let mut book = TestBook::with_guests(&["cascade-1"]);
    let before = book.mark();
    let error = book
        .append_one(event("cascade.Happened", json!({"n": 7})))
        .unwrap_err();
    assert!(
        error.message.contains("cascade@2020-01-01")
            && error.message.contains("failed: seven: n is 7"),
        "{error}"
    );
    assert_eq!(book.mark(), before);
}

#[test]
fn replays_pinned_to_each_version_give_that_versions_rows() {
    let mut book = TestBook::with_guests(&["cascade-1"]);
    for n in [1, 2, 3] {
        book.append_one(event("cascade.Happened", json!({"n": n})))
            .unwrap();
    }
    let under_first = book.mark();
    assert_eq!(
        things(&book),
        rows(&[(1, "first"), (1, "first"), (1, "first")])
    );
    book.load_active(guest("cascade-2"));
    let under_second = book.mark();
    let second = [
        (1, "first, then second"),
        (2, "first, then second"),
        (0, "second alone"),
    ];
    assert_eq!(things(&book), rows(&second));

    let mut replay = |versions: &[&str], name| {
        let versions = versions.iter().map(|text| version(text)).collect();
        book.replay(&Picked::Pinned(versions), None, name, &mut replay::silent())
            .unwrap()
    };
    let first = replay(&[FIRST], "first");
    assert_eq!(
        (first.rows, first.head.running),
        (under_first.rows, under_first.live.running)
    );
    let second = replay(&[SECOND], "second");
    assert_eq!(
        (second.rows, second.head.running),
        (under_second.rows, under_second.live.running)
    );
    assert_ne!(first.rows, second.rows);
}

#[test]
fn an_activation_that_keeps_history_changes_only_what_comes_after_it() {
    let mut book = TestBook::with_guests(&["cascade-1"]);
    book.append_one(event("cascade.Happened", json!({"n": 1})))
        .unwrap();
    book.load(guest("cascade-2")).unwrap();
    let seq = book
        .activate(&version(SECOND), Policy::Recorded, &mut replay::silent())
        .unwrap();
    book.append_one(event("cascade.Happened", json!({"n": 1})))
        .unwrap();
    assert_eq!(
        things(&book),
        rows(&[(1, "first"), (1, "first, then second")])
    );
    let live = book.mark();

    let recorded = book
        .replay(&Picked::Recorded, None, "recorded", &mut replay::silent())
        .unwrap();
    assert_eq!(
        (recorded.rows, recorded.head.running),
        (live.rows, live.live.running)
    );
    let before = book
        .replay(
            &Picked::Recorded,
            Some(Seq(seq.0 - 1)),
            "before",
            &mut replay::silent(),
        )
        .unwrap();
    assert_eq!(before.head.position, Seq(seq.0 - 1));
    assert_ne!(before.rows, live.rows);
    book.assert_verified();
    book.reopen_after(|path| std::fs::remove_dir_all(path.join("projections")).unwrap());
    assert_eq!(book.mark(), live);
    book.assert_verified();
}

#[test]
fn a_switch_back_and_forth_gives_equal_state_every_time() {
    let mut book = TestBook::with_guests(&["cascade-1", "cascade-2"]);
    for n in [1, 2, 3, 7] {
        book.append_one(event("cascade.Happened", json!({"n": n})))
            .unwrap();
    }
    let (second_rows, second_running) = (book.mark().rows, book.mark().live.running);
    let error = book.activate_pinned(&version(FIRST)).unwrap_err();
    assert!(
        error.message.contains("failed: seven: n is 7"),
        "the first version cannot take n = 7: {error}"
    );
    assert_eq!(
        (book.mark().rows, book.lineup().to_string()),
        (second_rows, SECOND.to_owned())
    );

    let mut book = TestBook::with_guests(&["cascade-1", "cascade-2"]);
    let mut seen = Vec::new();
    for n in 1..4 {
        book.append_one(event("cascade.Happened", json!({"n": n})))
            .unwrap();
    }
    for text in [FIRST, SECOND, FIRST, SECOND] {
        book.activate_pinned(&version(text)).unwrap();
        seen.push((book.mark().rows, book.live_head().running));
    }
    assert_eq!((seen[0], seen[1]), (seen[2], seen[3]));
    assert_ne!(seen[0], seen[1]);
    assert_ne!(second_running, seen[0].1);
    book.assert_verified();
}
