//! Events of a festival, and what has them counted.

use daybook_sdk::prelude::*;
use daybook_sdk::testing::{Scenario, run_later, run_now};
use festival_2020_01_01::{
    Count, Counted, Delete, Deleted, Festival, Occasion, Plan, Planned, Team, TeamJoined,
    TeamMoved, TeamRemoved,
};

fn count(event: &str) -> Count {
    Count {
        event: event.into(),
    }
}

fn occasion(id: &str, teams: i64) -> Occasion {
    Occasion {
        id: id.into(),
        name: "Race".into(),
        teams,
    }
}

fn team(id: &str, event: &str) -> Team {
    Team {
        id: id.into(),
        event: event.into(),
    }
}

/// A race is planned.
fn race() -> Scenario<Festival> {
    Scenario::new().given(Planned {
        event: "race".into(),
        name: "Race".into(),
    })
}

#[test]
fn an_event_is_planned_once_and_deleted_once() {
    let plan = Plan {
        event: "race".into(),
        name: "Another".into(),
    };
    let delete = Delete {
        event: "race".into(),
        lazily: false,
    };
    let deleted = Deleted {
        event: "race".into(),
        lazily: false,
    };
    race()
        .then_rows([occasion("race", 0)])
        .when(plan)
        .then_rejected("planned-already")
        .when(delete.clone())
        .then_events(events![deleted])
        .then_rows::<Occasion>([])
        .when(delete)
        .then_rejected("unknown-event");
}

#[test]
fn a_team_that_comes_or_goes_has_its_event_counted_at_once_or_later() {
    let later = || run_later::<Festival>(&count("race")).with_key("race");
    for (lazily, asked) in [
        (false, run_now::<Festival>(&count("race"))),
        (true, later()),
    ] {
        race()
            .given(TeamJoined {
                event: "race".into(),
                lazily,
            })
            .then_tasks([asked.clone()])
            .given(TeamRemoved {
                event: "race".into(),
                lazily,
            })
            .then_tasks([asked]);
    }
}

#[test]
fn a_team_that_moves_has_both_events_counted() {
    let moved = |lazily| TeamMoved {
        from: "race".into(),
        to: "swim".into(),
        lazily,
    };
    let (race_count, swim_count) = (count("race"), count("swim"));
    race()
        .given(moved(false))
        .then_tasks([
            run_now::<Festival>(&race_count),
            run_now::<Festival>(&swim_count),
        ])
        .given(moved(true))
        .then_tasks([
            run_later::<Festival>(&race_count).with_key("race"),
            run_later::<Festival>(&swim_count).with_key("swim"),
        ]);
}

#[test]
fn a_count_is_of_the_events_own_teams_and_says_only_what_is_new() {
    race()
        .with_row(team("a", "race"))
        .with_row(team("b", "swim"))
        .with_row(team("c", "race"))
        .when(count("race"))
        .then_events(events![Counted {
            event: "race".into(),
            teams: 2
        }])
        .then_rows([occasion("race", 2)])
        .when(count("race"))
        .then_events(events![]);
}

#[test]
fn an_event_that_was_deleted_is_not_counted() {
    race()
        .with_row(team("a", "race"))
        .given(Deleted {
            event: "race".into(),
            lazily: false,
        })
        .when(count("race"))
        .then_events(events![])
        .then_rows::<Occasion>([]);
}
