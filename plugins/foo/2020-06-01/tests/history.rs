//! What version 2020-06-01 does otherwise than 2020-01-01: it forgets old changes, and nothing else.

use daybook_sdk::Plugin as _;
use daybook_sdk::prelude::*;
use daybook_sdk::testing::{Scenario, declared_alike};
use foo_2020_01_01 as first;
use foo_2020_06_01::{Foo, FooChanged, Foos, History};

fn changed(right: &str, change: u64) -> FooChanged {
    FooChanged {
        left: "ann".into(),
        right: right.into(),
        active: change.is_multiple_of(2),
        label: format!("change {change}"),
    }
}

fn numbers(story: &Scenario<Foos>, right: &str) -> Vec<u64> {
    let id = first::foo_id("ann", right);
    { story.rows::<History>().into_iter() }
        .filter(|entry| entry.foo == id)
        .map(|entry| entry.number)
        .collect()
}

fn under_both() -> Scenario<Foos> {
    Scenario::new().previous::<first::Foos>()
}

#[test]
fn five_changes_are_kept_and_the_sixth_makes_the_first_go() {
    let five = (1..=5).fold(under_both(), |story, n| story.given(changed("bob", n)));
    assert_eq!(numbers(&five, "bob"), [1, 2, 3, 4, 5]);
    let six = five.given(changed("bob", 6));
    assert_eq!(numbers(&six, "bob"), [2, 3, 4, 5, 6]);
    let seven = six.given(changed("bob", 7));
    assert_eq!(numbers(&seven, "bob"), [3, 4, 5, 6, 7]);
}

#[test]
fn the_changes_of_one_foo_do_not_count_for_another() {
    let story = (1..=6).fold(under_both(), |story, n| {
        story.given(changed("bob", n)).given(changed("cid", n))
    });
    assert_eq!(numbers(&story, "bob"), [2, 3, 4, 5, 6]);
    assert_eq!(numbers(&story, "cid"), [2, 3, 4, 5, 6]);
}

#[test]
fn what_was_kept_without_a_limit_goes_with_the_next_change() {
    // As version 2020-01-01 left it, with eight entries.
    let id = first::foo_id("ann", "bob");
    let at = Time::parse("2020-05-01T00:00:00Z").unwrap();
    let row = Foo {
        id: id.clone(),
        left: "ann".into(),
        right: "bob".into(),
        active: true,
        label: String::new(),
        changes: 8,
        updated_at: at,
        updated_seq: 8,
    };
    let entry = |number: u64| History {
        foo: id.clone(),
        number,
        seq: number,
        at,
        active: true,
        label: String::new(),
    };
    let story = (1..=8).fold(under_both().with_row(row), |story, n| {
        story.with_row(entry(n))
    });
    let story = story.given(changed("bob", 9));
    assert_eq!(numbers(&story, "bob"), [5, 6, 7, 8, 9]);
}

#[test]
fn the_foo_and_the_entries_that_stay_are_the_version_befores() {
    let old = (1..=8).fold(Scenario::<first::Foos>::new(), |story, n| {
        story.given(changed("bob", n))
    });
    let new = (1..=8).fold(under_both(), |story, n| story.given(changed("bob", n)));
    assert_eq!(old.rows::<Foo>(), new.rows::<Foo>());
    assert_eq!(old.rows::<History>()[3..], new.rows::<History>());
}

#[test]
fn commands_are_left_to_the_version_before() {
    let set = first::SetFoo {
        left: "ann".into(),
        right: "bob".into(),
        active: true,
        label: String::new(),
    };
    under_both()
        .when(set.clone())
        .then_events(events![
            first::FooChanged {
                left: "ann".into(),
                right: "bob".into(),
                active: true,
                label: String::new(),
            }
            .about(format!("foo/{}", first::foo_id("ann", "bob")))
        ])
        .when(set)
        .then_rejected("unchanged");
}

#[test]
fn what_both_versions_declare_they_declare_alike() {
    assert_eq!(
        declared_alike::<Foos, first::Foos>(),
        ["foo", "history", "foo.FooChanged"]
    );
    assert!(Foos::manifest().commands.is_empty());
}
