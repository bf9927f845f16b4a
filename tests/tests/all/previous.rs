//! A creator that asks the version below: its answer passed on, changed, added to, dropped, refused and caught; one count of
//! ids and one budget for all of them.

use std::collections::BTreeSet;

use daybook::book::{Decision, Request};
use daybook::history;
use daybook::model::{ErrorKind, Rejection, limits};
use daybook::study::{Picked, Said, Turn};
use daybook_tests::{TestBook, accepted, event, version};
use serde_json::{Value as Json, json};
use uuid::Uuid;

const GUESTS: [&str; 3] = ["stack-1", "stack-2", "stack-3"];
const THIRD: &str = "stack@2020-03-01";

/// A book in which the three versions are loaded and the last one is active.
fn stacked() -> TestBook {
    TestBook::with_guests(&GUESTS)
}

/// The payloads of the events that a command is answered with.
#[track_caller]
fn run(book: &mut TestBook, data: Json) -> Vec<Json> {
    let reply = book.command("stack.Do", data, false).unwrap();
    payloads(reply.decision)
}

#[track_caller]
fn payloads(decision: Decision) -> Vec<Json> {
    match decision {
        Decision::Accepted(events) => { events.iter() }
            .map(|caused| serde_json::from_str(&caused.event.data).expect("JSON"))
            .collect(),
        Decision::Rejected(rejection) => panic!("{rejection:?}"),
    }
}

/// `n` and who made it, of each event.
fn made(events: &[Json]) -> Vec<(i64, i64)> {
    let number = |json: &Json| json.as_i64().expect("a number");
    { events.iter() }
        .map(|data| (number(&data["n"]), number(&data["by"])))
        .collect()
}

/// The error of a command that is stopped. Nothing was kept, and the next one is answered.
#[track_caller]
fn stopped(book: &mut TestBook, data: Json) -> String {
    let before = book.mark();
    let mut messages = [true, false].map(|preview| {
        let error = book.command("stack.Do", data.clone(), preview).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Plugin, "{error}");
        error.message
    });
    assert_eq!(messages[0], messages[1]);
    assert_eq!(book.mark(), before, "after: {}", messages[0]);
    assert_eq!(run(book, json!({"n": 1, "v3": "alone"})).len(), 1);
    std::mem::take(&mut messages[0])
}

#[test]
fn three_versions_answer_one_command_each_on_its_own_columns() {
    let mut book = stacked();
    assert_eq!(
        made(&run(&mut book, json!({"n": 4}))),
        [(4, 1), (4, 2), (4, 3)]
    );
    let events = run(&mut book, json!({"n": 5}));
    let columns: Vec<_> = events.iter().map(|data| &data["columns"]).collect();
    assert_eq!(
        columns,
        [3, 4, 4],
        "the first version knows no column 'extra'"
    );
    assert!(events.iter().all(|data| data["now"] == events[0]["now"]));
    assert_eq!(
        book.numbers("SELECT n FROM stack_thing"),
        [4, 4, 4, 5, 5, 5]
    );
    assert_eq!(book.numbers("SELECT DISTINCT extra FROM stack_thing"), [5]);
    book.assert_verified();
}

#[test]
fn a_pinned_caller_is_answered_by_that_version_and_those_below_it() {
    let mut book = stacked();
    for (pin, expected) in [
        ("2020-01-01", vec![(1, 1)]),
        ("2020-02-15", vec![(1, 1), (1, 2)]),
        ("2020-03-01", vec![(1, 1), (1, 2), (1, 3)]),
    ] {
        let reply = book.run(Request {
            command_type: "stack.Do".into(),
            data: json!({"n": 1}).to_string(),
            pin: Some(pin.parse().unwrap()),
            ..Request::default()
        });
        assert_eq!(made(&payloads(reply.unwrap().decision)), expected, "{pin}");
    }
}

#[test]
fn ids_are_counted_by_all_versions_and_are_the_same_in_a_preview_and_its_run() {
    let mut book = stacked();
    for told in [
        json!({"n": 1}),
        json!({"n": 1, "v3": "first", "v2": "twice"}),
        json!({"n": 1, "v3": "twice", "v2": "twice"}),
        json!({"n": 1, "v3": "first", "v2": "catch", "v1": "reject"}),
    ] {
        let id = Uuid::now_v7();
        let mut ask = |preview| {
            let reply = book.run(Request {
                command_type: "stack.Do".into(),
                data: told.to_string(),
                id: Some(id),
                preview,
                ..Request::default()
            });
            let events = payloads(reply.unwrap().decision);
            let ids = events.iter().map(|data| data["id"].to_string());
            ids.collect::<Vec<_>>()
        };
        let ids = [ask(true), ask(true), ask(false)];
        assert!(ids[0] == ids[1] && ids[1] == ids[2], "{told}: {ids:?}");
        let distinct: BTreeSet<_> = ids[0].iter().collect();
        assert_eq!(distinct.len(), ids[0].len(), "{told}: {ids:?}");
        assert!(distinct.len() > 1, "{told}");
    }
    book.assert_verified();
}

#[test]
fn what_the_version_below_answers_is_changed_added_to_dropped_or_left() {
    let mut book = stacked();
    for (told, expected) in [
        (json!({"v3": "pass"}), vec![(1, 1), (1, 2)]),
        (json!({"v3": "pass", "v2": "pass"}), vec![(1, 1)]),
        (json!({"v3": "first"}), vec![(1, 3), (1, 1), (1, 2)]),
        (json!({"v3": "drop"}), vec![(1, 2)]),
        (json!({"v3": "drop", "v2": "pass"}), vec![]),
        (json!({"v3": "change"}), vec![(101, 1), (101, 2)]),
        (json!({"v2": "change"}), vec![(101, 1), (1, 3)]),
        (json!({"v3": "alone"}), vec![(1, 3)]),
        (json!({"v2": "twice"}), vec![(1, 1), (1, 1), (1, 3)]),
        (json!({"v3": "down"}), vec![(11, 1), (11, 2), (1, 3)]),
        (
            json!({"v3": "down", "v2": "down"}),
            vec![(21, 1), (11, 2), (1, 3)],
        ),
    ] {
        let mut data = told.clone();
        data["n"] = 1.into();
        assert_eq!(made(&run(&mut book, data)), expected, "{told}");
    }
    book.assert_verified();
}

#[test]
fn a_rejection_below_comes_through_as_it_is_and_one_may_be_added() {
    let mut book = stacked();
    for (told, by) in [
        (json!({"n": 1, "v1": "reject"}), 1),
        (
            json!({"n": 1, "v1": "reject", "v2": "pass", "v3": "pass"}),
            1,
        ),
        (json!({"n": 1, "v2": "refuse"}), 2),
        (json!({"n": 1, "v3": "refuse"}), 3),
        // What the version below refuses, it refuses first.
        (json!({"n": 1, "v2": "reject", "v3": "refuse"}), 2),
    ] {
        let before = book.mark();
        let reply = book.command("stack.Do", told.clone(), false).unwrap();
        let Decision::Rejected(rejection) = reply.decision else {
            panic!("{told} was accepted");
        };
        let expected = Rejection {
            code: "told-to".into(),
            message: format!("version {by}"),
            details: Some(format!("{{\"version\":{by}}}")),
        };
        assert_eq!(rejection, expected, "{told}");
        assert_eq!(book.mark().head, before.head);
        assert_eq!(reply.version, version(THIRD));
    }
}

#[test]
fn a_rejection_and_a_failure_below_are_values_that_a_version_may_answer_in_place_of() {
    let mut book = stacked();
    for (told, code) in [
        (json!({"n": 1, "v1": "reject", "v3": "catch"}), "told-to"),
        (json!({"n": 1, "v1": "fail", "v3": "catch"}), "failed-in"),
        (json!({"n": 1, "v2": "fail", "v3": "catch"}), "failed-in"),
    ] {
        let events = run(&mut book, told.clone());
        assert_eq!(made(&events), [(1, 3)], "{told}");
        assert_eq!(events[0]["caught"], code, "{told}");
    }
    let failed = stopped(&mut book, json!({"n": 1, "v1": "fail"}));
    let expected = format!("{THIRD} on command stack.Do failed: failed-in: version 1");
    assert_eq!(failed, expected);
}

#[test]
fn where_no_version_below_answers_that_is_a_failure_with_a_code() {
    let mut book = stacked();
    let events = run(&mut book, json!({"n": 1, "v3": "catch-other"}));
    assert_eq!(events[0]["caught"], "no-creator-below");
    let failed = stopped(&mut book, json!({"n": 1, "v2": "ask-other"}));
    assert_eq!(
        failed,
        format!(
            "{THIRD} on command stack.Do failed: no-creator-below: stack@2020-02-01 extends no version that answers \
             'stack.Other'"
        )
    );
    // The first version extends none at all.
    let events = run(
        &mut book,
        json!({"n": 1, "v1": "catch", "v2": "pass", "v3": "pass"}),
    );
    assert_eq!(events[0]["caught"], "no-creator-below");
}

#[test]
fn what_stops_a_version_below_stops_the_command_and_names_the_version() {
    let mut book = stacked();
    let below = format!("{THIRD} on command stack.Do called stack@2020-02-01, which");
    let lowest = format!("{below} called stack@2020-01-01, which");
    for (told, says) in [
        (json!({"v1": "trap"}), format!("{lowest} trapped: ")),
        // A stop is no value: nobody catches it.
        (
            json!({"v1": "trap", "v3": "catch"}),
            format!("{lowest} trapped: "),
        ),
        (json!({"v2": "trap"}), format!("{below} trapped: ")),
        (
            json!({"v1": "unheard", "v2": "drop"}),
            format!(
                "{lowest} broke the contract: it asks for 'stack.Unheard', which its manifest does not declare"
            ),
        ),
        (
            json!({"v1": "misfit", "v2": "drop"}),
            format!(
                "{lowest} broke the contract: payload of 'stack.Happened' does not fit its schema at '/n'"
            ),
        ),
        (
            json!({"v2": "misfit-down"}),
            format!(
                "{below} broke the contract: it cannot ask stack@2020-01-01: payload of 'stack.Do' does not fit its \
                 schema at '/n'"
            ),
        ),
        (
            json!({"v2": "mistype"}),
            format!("{below} broke the contract: previous: "),
        ),
    ] {
        let mut data = told.clone();
        data["n"] = 1.into();
        let error = stopped(&mut book, data);
        assert!(
            error.starts_with(&says),
            "{told}: '{says}' does not begin: {error}"
        );
    }
    book.assert_verified();
}

#[test]
fn an_event_in_the_form_of_an_older_version_is_brought_to_the_newest_one_on_the_way_up() {
    let mut book = stacked();
    let note = |third: &str| json!({"n": 7, "v1": "note", "v2": "pass", "v3": third});
    let reply = book.command("stack.Do", note("upgrade"), false).unwrap();
    let noted = accepted(reply).remove(0).event;
    assert_eq!(noted.event_type.as_str(), "stack.Noted");
    assert_eq!(noted.data, r#"{"count":7}"#);
    assert_eq!(noted.subject.as_deref(), Some("a note"));
    let error = stopped(&mut book, note("pass"));
    let says =
        format!("{THIRD} on command stack.Do: payload of 'stack.Noted' does not fit its schema");
    assert!(error.starts_with(&says), "{error}");
}

/// The largest power of two, times 10⁶, of rounds that one call of `ask` can do on its own: more than half of its fuel.
fn more_than_half(mut ask: impl FnMut(u64) -> bool) -> u64 {
    let mut spins = 1_000_000;
    assert!(ask(spins), "a million rounds");
    while ask(2 * spins) {
        spins *= 2;
    }
    spins
}

#[test]
fn fuel_is_one_budget_for_a_command_and_all_versions_that_answer_it() {
    let mut book = stacked();
    let spins = more_than_half(|spins| {
        let alone = json!({"n": 1, "v1": "spin", "v2": "pass", "v3": "pass", "spins": spins});
        book.command("stack.Do", alone, true).is_ok()
    });
    let ran_out = format!(
        "ran out of fuel: one call may use {} units",
        limits::FUEL_PER_CALL_MAX
    );
    for (told, says) in [
        // What the caller used before is not there any more below, and the other way round.
        (
            json!({"v1": "spin", "v2": "spin", "v3": "pass"}),
            "called stack@2020-01-01, which",
        ),
        (
            json!({"v1": "spin", "v2": "pass", "v3": "spin"}),
            "called stack@2020-01-01, which",
        ),
        (
            json!({"v1": "spin", "v2": "pass", "v3": "spin-after"}),
            "on command stack.Do",
        ),
        (
            json!({"v2": "spin", "v3": "spin-after"}),
            "on command stack.Do",
        ),
        (
            json!({"v1": "spin", "v2": "twice", "v3": "pass"}),
            "called stack@2020-01-01, which",
        ),
    ] {
        let mut data = told.clone();
        data["n"] = 1.into();
        data["spins"] = spins.into();
        let error = stopped(&mut book, data);
        assert!(error.starts_with(THIRD), "{told}: {error}");
        assert!(
            error.contains(&format!("{says} {ran_out}")),
            "{told}: {error}"
        );
    }
    // A loop below ends the command.
    let endless = json!({"n": 1, "v1": "spin", "spins": i64::MAX, "v3": "catch"});
    assert!(stopped(&mut book, endless).ends_with(&ran_out));
}

#[test]
fn calls_into_the_host_are_one_budget_too() {
    let mut book = stacked();
    let calls = limits::HOST_CALLS_PER_CALL_MAX / 3 * 2;
    let told = |words: Json| {
        let mut data = words;
        data["n"] = 1.into();
        data["calls"] = calls.into();
        data
    };
    assert_eq!(run(&mut book, told(json!({"v1": "call"}))).len(), 3);
    let too_many = format!(
        "broke the contract: it called the host more than {} times",
        limits::HOST_CALLS_PER_CALL_MAX
    );
    for words in [
        json!({"v1": "call", "v2": "call"}),
        json!({"v1": "call", "v3": "call-after"}),
        json!({"v1": "call", "v2": "twice"}),
    ] {
        let error = stopped(&mut book, told(words.clone()));
        assert!(error.contains(&too_many), "{words}: {error}");
    }
}

#[test]
fn an_event_and_all_versions_that_materialize_it_have_one_budget_as_well() {
    let mut book = TestBook::with_guests(&["stack-1"]);
    let happened = |spins: u64| event("stack.Happened", json!({"n": 1, "spins": spins}));
    let before = book.mark();
    let mut tried = book.copy();
    let spins = more_than_half(|spins| tried.append_one(happened(spins)).is_ok());
    for name in &GUESTS[1..] {
        book.load_active(daybook_tests::guest(name));
    }
    let loaded = book.mark();
    let error = book.append_one(happened(spins)).unwrap_err();
    assert!(error.message.starts_with(THIRD), "{error}");
    assert!(
        error.message.contains("called stack@2020-02-01, which"),
        "{error}"
    );
    assert!(error.message.contains("ran out of fuel"), "{error}");
    assert_eq!(book.mark(), loaded);
    assert_ne!(before.lineup, loaded.lineup);
    book.append_one(happened(spins / 8)).unwrap();
    book.assert_verified();
}

#[test]
fn what_if_asks_the_versions_below_as_well() {
    let mut book = TestBook::with_guests(&GUESTS[..1]);
    let journal = [
        json!({"n": 1}),
        json!({"n": 2, "v2": "refuse"}),
        json!({"n": 3, "v1": "reject"}),
        json!({"n": 4, "v1": "reject", "v2": "catch"}),
        json!({"n": 5, "v2": "pass"}),
        json!({"n": 6, "v2": "trap"}),
    ];
    for told in journal {
        book.command("stack.Do", told, false).unwrap();
    }
    book.load(daybook_tests::guest("stack-2")).unwrap();
    let before = book.mark();
    for base in [
        Picked::Recorded,
        Picked::Pinned(vec![version("stack@2020-01-01")]),
    ] {
        let candidate = Picked::Pinned(vec![version("stack@2020-02-01")]);
        let mut turned = Vec::new();
        let found = book
            .study()
            .what_if(
                &base,
                &candidate,
                &mut |it| {
                    let told: Json = serde_json::from_str(&it.command.data).unwrap();
                    let count = match &it.candidate {
                        Said::Accepted(events) => events.len(),
                        _ => 0,
                    };
                    turned.push((told["n"].as_i64().unwrap(), it.turn, count));
                    Ok(())
                },
                &mut history::silent(),
            )
            .unwrap();
        let expected = [
            (1, Turn::OtherEvents, 2),
            (2, Turn::Refused, 0),
            (4, Turn::Accepted, 1),
            (6, Turn::Fails, 0),
        ];
        assert_eq!(turned, expected);
        assert_eq!(found.commands, 6);
    }
    assert_eq!(book.mark(), before);
}

/// The second version under another date, on another one.
fn on_top_of(below: &str, date: &str) -> Vec<u8> {
    let mut bytes = daybook_tests::guest("stack-2").to_vec();
    let dates = [("2020-01-01", below), ("2020-02-01", date)];
    let places: Vec<(usize, &str)> = (0..bytes.len() - 10)
        .filter_map(|at| {
            let (_, to) = dates
                .iter()
                .find(|(from, _)| bytes[at..].starts_with(from.as_bytes()))?;
            Some((at, *to))
        })
        .collect();
    assert!(places.len() >= 2, "{places:?}");
    for (at, to) in places {
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
    }
    bytes
}

#[test]
fn a_cascade_may_be_as_deep_as_the_limit_and_all_versions_use_much_of_their_stacks() {
    let mut book = TestBook::with_guests(&GUESTS[..1]);
    let mut below = "2020-01-01".to_owned();
    for day in 1..limits::CASCADE_DEPTH_MAX {
        let date = format!("2020-{:02}-{:02}", 2 + day / 28, 1 + day % 28);
        book.load(&on_top_of(&below, &date)).unwrap();
        below = date;
    }
    book.activate_pinned(&version(&format!("stack@{below}")))
        .unwrap();
    let events = run(&mut book, json!({"n": 1}));
    assert_eq!(events.len(), limits::CASCADE_DEPTH_MAX);
    // Each calls from so deep in its own stack that all of them together need more than a thread has.
    let deep = |depth: u32| json!({"n": 1, "v2": "deep", "depth": depth});
    assert_eq!(made(&run(&mut book, deep(1_000))), [(1, 1)]);
    let before = book.mark();
    let error = book.command("stack.Do", deep(100_000), false).unwrap_err();
    assert!(error.message.contains("trapped: stack overflow"), "{error}");
    assert_eq!(book.mark(), before);
    assert_eq!(run(&mut book, deep(1)).len(), 1);
    book.assert_verified();
}
