//! What version 2021-01-01 does otherwise than 2020-01-01: teams stay where they are, and nobody joins what is archived.

use daybook_sdk::prelude::*;
use daybook_sdk::testing::{Scenario, declared_alike};
use team_2020_01_01 as first;
use team_2020_01_01::{EventPlanned, Joined, Moved, Team};
use team_2021_01_01::{EventDeleted, Join, Move, Occasion, Teams};

fn joined(team: &str, event: &str) -> Joined {
    Joined {
        team: team.into(),
        name: "A".into(),
        event: event.into(),
        lazily: false,
    }
}

fn join(team: &str, event: &str) -> Join {
    Join {
        team: team.into(),
        name: "A".into(),
        event: event.into(),
        lazily: false,
    }
}

fn go(team: &str, to: &str) -> Move {
    Move {
        team: team.into(),
        to: to.into(),
        lazily: false,
    }
}

fn row(team: &str, event: &str) -> Team {
    Team {
        id: team.into(),
        name: "A".into(),
        event: event.into(),
    }
}

/// Team a is in the race, which is archived; the swim is not.
fn archived() -> Scenario<Teams> {
    let occasion = |id: &str, archived_at: Option<&str>| Occasion {
        id: id.into(),
        archived_at: archived_at.map(|at| Time::parse(at).expect("a time")),
    };
    let planned = |event: &str| EventPlanned {
        event: event.into(),
    };
    Scenario::new()
        .previous::<first::Teams>()
        .with_row(occasion("race", Some("2021-08-01T00:00:00Z")))
        .with_row(occasion("swim", None))
        .given(planned("race"))
        .given(planned("swim"))
        .given(joined("a", "race"))
}

#[test]
fn an_event_that_is_archived_keeps_its_teams_and_asks_for_nothing() {
    for lazily in [false, true] {
        archived()
            .given(EventDeleted {
                event: "race".into(),
                lazily,
            })
            .then_no_tasks()
            .then_rows([row("a", "race")]);
    }
}

#[test]
fn nobody_joins_an_archived_event_or_moves_there() {
    archived()
        .when(join("b", "race"))
        .then_rejected("archived-event")
        .when(join("a", "swim"))
        .then_rejected("joined-already")
        .when(join("b", "swim"))
        .then_events(events![joined("b", "swim")])
        .when(go("b", "race"))
        .then_rejected("archived-event")
        .when(join("e", "climb"))
        .then_rejected("unknown-event")
        .when(go("a", "climb"))
        .then_rejected("unknown-event")
        .when(go("x", "swim"))
        .then_rejected("unknown-team")
        .then_rows([row("a", "race"), row("b", "swim")]);
}

#[test]
fn a_team_leaves_an_archived_event_for_another_or_for_good() {
    archived()
        .when(go("a", "swim"))
        .then_events(events![Moved {
            team: "a".into(),
            from: "race".into(),
            to: "swim".into(),
            lazily: false
        }])
        .then_rows([row("a", "swim")]);
    archived()
        .when(first::Remove {
            team: "a".into(),
            lazily: false,
        })
        .then_rows::<Team>([]);
}

#[test]
fn what_both_versions_declare_they_declare_alike() {
    assert_eq!(
        declared_alike::<Teams, first::Teams>(),
        ["upcoming", "team.Join", "team.Move"]
    );
}
