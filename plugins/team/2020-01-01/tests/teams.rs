//! Teams, where they take part, and that they go with their event.

use daybook_sdk::prelude::*;
use daybook_sdk::testing::{Scenario, run_later, run_now};
use team_2020_01_01::{
    EventDeleted, EventPlanned, Join, Joined, Move, Moved, Remove, Removed, Team, Teams,
};

fn joined(team: &str, event: &str) -> Joined {
    Joined {
        team: team.into(),
        name: team.to_uppercase(),
        event: event.into(),
        lazily: false,
    }
}

fn row(team: &str, event: &str) -> Team {
    Team {
        id: team.into(),
        name: team.to_uppercase(),
        event: event.into(),
    }
}

fn remove(team: &str, lazily: bool) -> Remove {
    Remove {
        team: team.into(),
        lazily,
    }
}

/// The race and the swim are planned.
fn festival() -> Scenario<Teams> {
    let planned = |event: &str| EventPlanned {
        event: event.into(),
    };
    { Scenario::new().given(planned("race")) }.given(planned("swim"))
}

/// Teams a and c run, b swims.
fn three() -> Scenario<Teams> {
    festival()
        .given(joined("c", "race"))
        .given(joined("b", "swim"))
        .given(joined("a", "race"))
}

#[test]
fn a_team_joins_once() {
    let join = |event: &str| Join {
        team: "a".into(),
        name: "A".into(),
        event: event.into(),
        lazily: false,
    };
    festival()
        .when(join("race"))
        .then_events(events![joined("a", "race")])
        .when(join("swim"))
        .then_rejected("joined-already")
        .then_rows([row("a", "race")]);
}

#[test]
fn nobody_joins_what_is_not_planned_nor_what_is_no_more_and_nobody_moves_there() {
    let join = |event: &str| Join {
        team: "d".into(),
        name: "D".into(),
        event: event.into(),
        lazily: false,
    };
    let go = |to: &str| Move {
        team: "b".into(),
        to: to.into(),
        lazily: false,
    };
    three()
        .when(join("climb"))
        .then_rejected("unknown-event")
        .when(go("climb"))
        .then_rejected("unknown-event")
        .given(EventDeleted {
            event: "race".into(),
            lazily: true,
        })
        .when(join("race"))
        .then_rejected("unknown-event")
        .when(go("race"))
        .then_rejected("unknown-event")
        .when(join("swim"))
        .then_events(events![Joined {
            name: "D".into(),
            ..joined("d", "swim")
        }]);
}

#[test]
fn a_team_that_moves_says_where_it_was() {
    let go = |team: &str| Move {
        team: team.into(),
        to: "swim".into(),
        lazily: true,
    };
    three()
        .when(go("a"))
        .then_events(events![Moved {
            team: "a".into(),
            from: "race".into(),
            to: "swim".into(),
            lazily: true
        }])
        .then_rows([row("a", "swim"), row("b", "swim"), row("c", "race")])
        .when(go("x"))
        .then_rejected("unknown-team");
}

#[test]
fn a_team_is_removed_once_and_says_where_it_was() {
    three()
        .when(remove("b", false))
        .then_events(events![Removed {
            team: "b".into(),
            event: "swim".into(),
            lazily: false
        }])
        .then_rows([row("a", "race"), row("c", "race")])
        .when(remove("b", false))
        .then_rejected("unknown-team");
}

#[test]
fn an_event_that_is_deleted_asks_for_the_removal_of_its_teams_at_once_or_later() {
    let deleted = |lazily| EventDeleted {
        event: "race".into(),
        lazily,
    };
    three()
        .given(deleted(false))
        .then_tasks([
            run_now::<Teams>(&remove("a", false)),
            run_now::<Teams>(&remove("c", false)),
        ])
        .given(deleted(true))
        .then_tasks([
            run_later::<Teams>(&remove("a", true)),
            run_later::<Teams>(&remove("c", true)),
        ])
        // They go by these commands, not by the event itself.
        .then_rows([row("a", "race"), row("b", "swim"), row("c", "race")]);
}

#[test]
fn an_event_without_teams_asks_for_nothing() {
    three()
        .given(EventDeleted {
            event: "climb".into(),
            lazily: false,
        })
        .then_no_tasks();
}
