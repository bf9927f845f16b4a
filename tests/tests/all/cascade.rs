//! A version that extends another: what it handles runs the version before it when it says so, and what it does not
//! name falls through.

use daybook::history;
use daybook::model::{Seq, Value};
use daybook::study::Picked;
use daybook::versions::Policy;
use daybook_tests::{Server, TestBook, accepted, event, guest, plugin, version};
use serde_json::json;

const FIRST: &str = "cascade@2020-01-01";
const SECOND: &str = "cascade@2020-02-01";
const THIRD: &str = "cascade@2020-04-01";

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
        book.replay(
            &Picked::Pinned(versions),
            None,
            name,
            &mut history::silent(),
        )
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
        .activate(&version(SECOND), Policy::Recorded, &mut history::silent())
        .unwrap();
    book.append_one(event("cascade.Happened", json!({"n": 1})))
        .unwrap();
    assert_eq!(
        things(&book),
        rows(&[(1, "first"), (1, "first, then second")])
    );
    let live = book.mark();

    let recorded = book
        .replay(&Picked::Recorded, None, "recorded", &mut history::silent())
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
            &mut history::silent(),
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

#[test]
fn a_replay_pinned_to_the_third_version_upcasts_what_the_first_and_the_second_were_given() {
    let mut book = TestBook::with_guests(&["cascade-1"]);
    let happened = |book: &mut TestBook, data| {
        book.append_one(event("cascade.Happened", data)).unwrap();
    };
    happened(&mut book, json!({"n": 1}));
    for (guest_name, text) in [("cascade-2", SECOND), ("cascade-3", THIRD)] {
        book.load(guest(guest_name)).unwrap();
        book.activate(&version(text), Policy::Recorded, &mut history::silent())
            .unwrap();
        happened(&mut book, json!({"n": 2}));
    }
    happened(&mut book, json!({"count": 2}));
    let twice = "first, then second, then third of 2020-04-01";
    let recorded = [
        (1, "first"),
        (2, "first, then second"),
        (2, twice),
        (2, twice),
    ];
    assert_eq!(things(&book), rows(&recorded));
    book.assert_verified();

    book.activate_pinned(&version(THIRD)).unwrap();
    let pinned = [
        (1, "first, then second, then third of 2020-01-01"),
        (2, "first, then second, then third of 2020-02-01"),
        (2, twice),
        (2, twice),
    ];
    assert_eq!(things(&book), rows(&pinned));
    book.assert_verified();
}

#[test]
fn pins_on_three_versions_are_answered_at_the_same_time_each_by_its_own() {
    const COMMANDS: u64 = 25;
    let server = Server::of(TestBook::with_guests(&[
        "cascade-1",
        "cascade-2",
        "cascade-3",
    ]));
    // A date between two versions is the earlier one's; the second has no creator of its own and falls through to the first.
    let pins = [
        ("2020-01-01", "2020-01-01", "n"),
        ("2020-02-01", "2020-01-01", "n"),
        ("2020-03-31", "2020-01-01", "n"),
        ("2020-04-01", "2020-04-01", "count"),
        ("2026-01-01", "2020-04-01", "count"),
    ];
    std::thread::scope(|scope| {
        for (pin, answers, member) in pins {
            let server = &server;
            scope.spawn(move || {
                for _ in 0..COMMANDS {
                    let body = json!({ member: 1 }).to_string();
                    let headers = [("daybook-version", pin)];
                    let answer = server.ask("POST", "/commands/cascade.Do", &headers, Some(&body));
                    assert_eq!(answer.status, 201, "{}", answer.text);
                    assert_eq!(answer.header("daybook-version"), Some(answers), "{pin}");
                    let event = &answer.json["events"][0];
                    assert_eq!(event["event"]["data"], json!({ member: 1 }), "{pin}");
                    assert_eq!(
                        event["changes"][0]["after"]["text"],
                        "first, then second, then third of 2020-04-01"
                    );
                }
            });
        }
    });
    // The third version's command is not the first one's.
    let headers = [("daybook-version", "2020-01-01")];
    let refused = server.ask(
        "POST",
        "/commands/cascade.Do",
        &headers,
        Some(r#"{"count": 1}"#),
    );
    assert_eq!((refused.status, refused.problem()), (422, "schema"));
    let early = [("daybook-version", "2019-12-31")];
    let refused = server.ask("POST", "/commands/cascade.Do", &early, Some(r#"{"n": 1}"#));
    assert_eq!(refused.status, 404, "{}", refused.text);

    let mut book = server.stop();
    let uses: Vec<u64> = [FIRST, SECOND, THIRD]
        .map(|text| {
            let lines = book.versions().unwrap();
            let line = lines.into_iter().find(|it| it.version == version(text));
            line.unwrap().pins.iter().map(|pin| pin.uses).sum()
        })
        .to_vec();
    assert_eq!(uses, [3 * COMMANDS, 0, 2 * COMMANDS]);
    assert_eq!(things(&book).len() as u64, 5 * COMMANDS);
    book.assert_verified();
}

/// A plugin that reads what another keeps, and a version that extends it and reads nothing itself.
const READS: [&str; 2] = ["catalog@2020-01-01", "catalog@2020-06-01"];

#[test]
fn what_the_version_below_reads_is_there_when_a_version_is_loaded() {
    let owners = ["user@2020-01-01", "product@2020-01-01"];
    let mut book = TestBook::with_plugins(&[owners[0], owners[1], READS[0]]);
    for (event_type, data) in [
        ("user.Registered", json!({"user": "u1", "name": "Ada"})),
        (
            "product.Offered",
            json!({"product": "p1", "seller": "u1", "title": "lamp", "price_cents": 5}),
        ),
        (
            "product.Commented",
            json!({"product": "p1", "number": 1, "user": "u1", "text": "bright"}),
        ),
    ] {
        book.append_one(event(event_type, data)).unwrap();
    }
    let loaded = book.load(plugin(READS[1])).unwrap();
    let certification = loaded.certification.expect("it was not loaded before");
    assert!(certification.events > 0, "{}", certification.reason);
    book.activate_pinned(&loaded.version).unwrap();
    assert_eq!(book.numbers("SELECT comments FROM catalog_entry"), [1]);
    book.assert_verified();
}

#[test]
fn what_the_version_below_reads_may_be_missing_until_it_is_activated() {
    let mut book = TestBook::new();
    let before = book.mark();
    for version in READS {
        let loaded = book.load(plugin(version)).unwrap();
        let reason = loaded.certification.expect("it is new").reason;
        assert!(reason.contains("plugin 'user'"), "{reason}");
    }
    let error = book.activate_pinned(&version(READS[1])).unwrap_err();
    assert!(
        error.message.contains("user.user") && error.hint.is_some(),
        "{error}"
    );
    assert_eq!(book.mark().lineup, before.lineup);
}
