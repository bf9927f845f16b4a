//! One foo for each pair, with all that it was.

use daybook_sdk::prelude::*;
use daybook_sdk::testing::Scenario;
use foo_2020_01_01::{Foo, FooChanged, Foos, History, SetFoo, foo_id};

fn set(left: &str, right: &str, active: bool, label: &str) -> SetFoo {
    SetFoo {
        left: left.into(),
        right: right.into(),
        active,
        label: label.into(),
    }
}

fn time(text: &str) -> Time {
    Time::parse(text).expect("a time")
}

#[test]
fn a_foos_id_is_what_anybody_derives_from_its_pair() {
    // As Python's `uuid.uuid5` gives them.
    assert_eq!(foo_id("ann", "bob"), "565d4750-a613-569a-b9d5-9b1d2a8d0668");
    assert_eq!(foo_id("bob", "ann"), "fa9c1303-1088-5943-b5fe-bf56c3f65b49");
    assert_eq!(foo_id("é", "b"), "0647729a-d68d-5200-97b7-727e74ec0971");
    assert_ne!(foo_id("ab", "c"), foo_id("a", "bc"));
    // Where the length ends is where the colon is.
    assert_ne!(foo_id("1:", "x"), foo_id("1", ":x"));
}

#[test]
fn a_foo_is_one_row_with_its_history_and_its_last_change() {
    let id = foo_id("ann", "bob");
    let changed = FooChanged {
        left: "ann".into(),
        right: "bob".into(),
        active: true,
        label: "friends".into(),
    };
    let entry = |number: u64, at: &str, active: bool, label: &str| History {
        foo: id.clone(),
        number,
        seq: number,
        at: time(at),
        active,
        label: label.into(),
    };
    Scenario::<Foos>::new()
        .at("2020-03-01T10:00:00Z")
        .when(set("ann", "bob", true, "friends"))
        .then_events(events![changed.about(format!("foo/{id}"))])
        .at("2020-03-02T11:00:00.5Z")
        .when(set("ann", "bob", false, "friends"))
        .at("2020-03-03T12:00:00Z")
        .when(set("ann", "bob", false, "they were friends"))
        .then_rows([Foo {
            id: id.clone(),
            left: "ann".into(),
            right: "bob".into(),
            active: false,
            label: "they were friends".into(),
            changes: 3,
            updated_at: time("2020-03-03T12:00:00Z"),
            updated_seq: 3,
        }])
        .then_rows([
            entry(1, "2020-03-01T10:00:00Z", true, "friends"),
            entry(2, "2020-03-02T11:00:00.5Z", false, "friends"),
            entry(3, "2020-03-03T12:00:00Z", false, "they were friends"),
        ]);
}

#[test]
fn what_changes_nothing_is_refused_and_leaves_no_entry() {
    Scenario::<Foos>::new()
        .when(set("ann", "bob", true, "friends"))
        .when(set("ann", "bob", true, "friends"))
        .then_rejected("unchanged")
        .when(set("ann", "bob", true, "foes"))
        .then_row(Foo {
            id: foo_id("ann", "bob"),
            left: "ann".into(),
            right: "bob".into(),
            active: true,
            label: "foes".into(),
            changes: 2,
            updated_at: time("2024-01-01T00:00:00Z"),
            updated_seq: 2,
        });
}

#[test]
fn each_pair_is_a_foo_of_its_own_also_the_other_way_round() {
    let story = Scenario::<Foos>::new()
        .when(set("ann", "bob", true, ""))
        .when(set("bob", "ann", false, ""))
        .when(set("ann", "cid", true, ""));
    let mut foos: Vec<_> = { story.rows::<Foo>().into_iter() }
        .map(|row| (row.left, row.right, row.changes))
        .collect();
    foos.sort();
    let pair = |left: &str, right: &str| (left.to_owned(), right.to_owned(), 1);
    assert_eq!(
        foos,
        [pair("ann", "bob"), pair("ann", "cid"), pair("bob", "ann")]
    );
}
