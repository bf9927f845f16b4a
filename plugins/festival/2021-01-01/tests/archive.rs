//! What version 2021-01-01 does otherwise than 2020-01-01: events stay, with a mark.

use daybook_sdk::Plugin as _;
use daybook_sdk::prelude::*;
use daybook_sdk::testing::{Scenario, declared_alike, run_now};
use festival_2020_01_01 as first;
use festival_2020_01_01::{Counted, Team};
use festival_2021_01_01::{Count, Delete, Deleted, Festival, Occasion};

fn occasion(id: &str, teams: i64, archived_at: Option<&str>) -> Occasion {
    Occasion {
        id: id.into(),
        name: "Race".into(),
        teams,
        archived_at: archived_at.map(|at| Time::parse(at).expect("a time")),
    }
}

fn delete() -> Delete {
    Delete {
        event: "race".into(),
        lazily: false,
    }
}

fn count() -> Count {
    Count {
        event: "race".into(),
    }
}

/// A race is planned, and has two teams that are counted.
fn race() -> Scenario<Festival> {
    let team = |id: &str| Team {
        id: id.into(),
        event: "race".into(),
    };
    Scenario::new()
        .previous::<first::Festival>()
        .given(first::Planned {
            event: "race".into(),
            name: "Race".into(),
        })
        .with_row(team("a"))
        .with_row(team("b"))
        .when(count())
}

#[test]
fn an_event_that_is_deleted_stays_with_a_mark_that_says_when() {
    race()
        .then_rows([occasion("race", 2, None)])
        .at("2021-08-01T12:00:00Z")
        .when(delete())
        .then_events(events![Deleted {
            event: "race".into(),
            lazily: false
        }])
        .then_rows([occasion("race", 2, Some("2021-08-01T12:00:00Z"))]);
}

#[test]
fn an_archived_event_is_neither_deleted_nor_planned_again() {
    let plan = first::Plan {
        event: "race".into(),
        name: "Another".into(),
    };
    race()
        .when(delete())
        .when(delete())
        .then_rejected("archived-already")
        .when(plan)
        .then_rejected("planned-already")
        .when(Delete {
            event: "swim".into(),
            lazily: false,
        })
        .then_rejected("unknown-event");
}

#[test]
fn an_archived_event_is_not_counted_any_more_and_others_are() {
    let late = Team {
        id: "c".into(),
        event: "race".into(),
    };
    race()
        .with_row(late.clone())
        .when(delete())
        .when(count())
        .then_events(events![]);
    race()
        .with_row(late)
        .when(count())
        .then_events(events![Counted {
            event: "race".into(),
            teams: 3
        }]);
}

#[test]
fn teams_that_come_have_their_event_counted_as_before() {
    race()
        .given(first::TeamJoined {
            event: "race".into(),
            lazily: false,
        })
        .then_tasks([run_now::<Festival>(&count())]);
}

#[test]
fn what_both_versions_declare_they_declare_alike() {
    assert_eq!(
        declared_alike::<Festival, first::Festival>(),
        [
            "occasion",
            "festival.Deleted",
            "festival.Delete",
            "festival.Count"
        ]
    );
    assert!(
        Festival::manifest().reads.is_empty(),
        "teams are counted by the version before"
    );
}
