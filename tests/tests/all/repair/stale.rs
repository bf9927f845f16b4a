//! After a repair, what was recorded before is of another history: comparisons are with what the book's versions make of it
//! as it stands. The candidate here is the code that is in force, under another date, so nothing at all may differ.

use daybook::history::silent;
use daybook::model::{PluginVersion, Seq};
use daybook::repair::{AmendRequest, NewPayload};
use daybook::study::{LateTask, Picked, Turned, WhatIf};
use daybook::versions::{Policy, PromoteRequest, Promotion};
use daybook_tests::repair::{amend, redact, to_amend, to_redact};
use daybook_tests::{TestBook, redated};
use serde_json::json;

/// Three deposits, events 3 to 5, and the version in force loaded under another date.
fn deposits() -> (TestBook, PluginVersion) {
    let mut book = TestBook::with_plugins(&["deposit@2020-02-01"]);
    for n in 1..4 {
        deposit(&mut book, n);
    }
    let again = redated("deposit@2020-02-01", "2020-03-01");
    let again = book.load(&again).unwrap().version;
    (book, again)
}

fn deposit(book: &mut TestBook, n: u64) {
    book.command(
        "deposit.Deposit",
        json!({"account": n % 2, "amount": n}),
        false,
    )
    .unwrap();
}

type Repair = (&'static str, fn(&mut TestBook));

/// Each of them, with commands before and after.
const REPAIRS: [Repair; 4] = [
    ("amended", |book| {
        let amended = to_amend(4, &json!({"account": 1, "amount": 222}));
        amend(book, &amended).unwrap();
    }),
    ("skipped", |book| {
        let skipped = AmendRequest {
            payload: NewPayload::Nothing,
            ..to_amend(4, &json!(null))
        };
        amend(book, &skipped).unwrap();
    }),
    ("redacted", |book| {
        redact(book, &to_redact(4, None)).unwrap();
    }),
    ("amended twice", |book| {
        amend(book, &to_amend(4, &json!({"account": 0, "amount": 9}))).unwrap();
        deposit(book, 7);
        amend(book, &to_amend(3, &json!({"account": 0, "amount": 8}))).unwrap();
    }),
];

fn check_each(check: impl Fn(&str, TestBook, PluginVersion)) {
    for (name, repair) in REPAIRS {
        let (mut book, again) = deposits();
        repair(&mut book);
        deposit(&mut book, 5);
        check(name, book, again);
    }
}

fn promote(book: &mut TestBook, version: &PluginVersion) -> Promotion {
    book.promote(version, &PromoteRequest::default(), &mut silent())
        .unwrap()
}

#[test]
fn a_shadow_of_the_code_in_force_does_not_differ_and_is_promoted() {
    check_each(|name, mut book, again| {
        for policy in [Policy::Pinned, Policy::Recorded] {
            let status = book.shadow(&again, policy, "", &mut silent()).unwrap();
            let tally = status.tally.unwrap();
            assert_eq!(
                (tally.differing, tally.unexpected),
                (0, 0),
                "{name} {policy:?}"
            );
        }
        assert!(
            matches!(promote(&mut book, &again), Promotion::Done(_)),
            "{name}"
        );
        book.assert_verified();
    });
}

#[test]
fn a_shadow_that_begins_at_a_snapshot_is_compared_with_the_state_that_is_there() {
    let (mut book, again) = deposits();
    book.snapshot().unwrap();
    deposit(&mut book, 6);
    // Amended after the snapshot, which stays: the shadow may begin there, and what was recorded after it is stale.
    let last = book.head().0;
    amend(
        &mut book,
        &to_amend(last, &json!({"account": 1, "amount": 66})),
    )
    .unwrap();
    assert_eq!(book.snapshots().unwrap().len(), 1);
    deposit(&mut book, 7);
    let status = book
        .shadow(&again, Policy::Recorded, "", &mut silent())
        .unwrap();
    let tally = status.tally.unwrap();
    assert_eq!((tally.differing, tally.unexpected), (0, 0), "{tally:?}");
}

fn late(book: &mut TestBook) -> Vec<LateTask> {
    let mut found = Vec::new();
    let mut visit = |task| {
        found.push(task);
        Ok(())
    };
    book.study().late_tasks(&mut visit, &mut silent()).unwrap();
    found
}

#[test]
fn no_task_is_called_new_that_the_versions_before_ask_for_too() {
    check_each(|name, mut book, again| {
        book.activate_pinned(&again).unwrap();
        assert_eq!(late(&mut book), [], "{name}");
    });
    // What nobody asked for is still found, also where an event was amended.
    let mut book = TestBook::with_plugins(&["deposit@2020-01-01"]);
    deposit(&mut book, 1);
    amend(&mut book, &to_amend(3, &json!({"account": 1, "amount": 2}))).unwrap();
    book.load_active(daybook_tests::plugin("deposit@2020-02-01"));
    let found = late(&mut book);
    let kinds: Vec<_> = found
        .iter()
        .map(|late| (late.event, &*late.task.kind))
        .collect();
    assert_eq!(kinds, [(Seq(3), "receipt"), (Seq(3), "booking")]);
}

fn what_if(book: &mut TestBook, version: &PluginVersion) -> (WhatIf, Vec<Turned>) {
    let mut turned = Vec::new();
    let mut visit = |it: &Turned| {
        turned.push(it.clone());
        Ok(())
    };
    let candidate = Picked::Pinned(vec![version.clone()]);
    let mut study = book.study();
    let found = study
        .what_if(&Picked::Recorded, &candidate, &mut visit, &mut silent())
        .unwrap();
    (found, turned)
}

#[test]
fn no_command_is_answered_otherwise_by_the_code_that_answered_it() {
    check_each(|name, mut book, again| {
        let (found, turned) = what_if(&mut book, &again);
        assert!(turned.is_empty(), "{name}: {turned:?}");
        // One that was erased cannot be asked again.
        let asked = 4 + u64::from(name == "amended twice") - u64::from(name == "redacted");
        assert_eq!(found.commands, asked, "{name}");
    });
}
