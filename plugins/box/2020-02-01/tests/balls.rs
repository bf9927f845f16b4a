//! What a second ball changes, and what it does not.

use box_2020_01_01::{Ball, Person as Who, PutBack, Return, Take};
use box_2020_02_01::{Balls, Held, Person, Place, Taken};
use daybook_sdk::prelude::*;
use daybook_sdk::testing::{Scenario, declared_alike};

fn with_two() -> Scenario<Balls> {
    Scenario::new().previous::<Ball>()
}

fn held(place: Place, balls: u32) -> Held {
    Held { place, balls }
}

#[test]
fn both_hold_a_ball_and_the_box_is_empty_only_then() {
    with_two()
        .when(Take { person: Who::Ann })
        .then_rows([held(Place::Ann, 1), held(Place::Box, 1)])
        .when(Take { person: Who::Ben })
        .then_events(events![Taken {
            person: Person::Ben
        }])
        .then_rows([
            held(Place::Ann, 1),
            held(Place::Ben, 1),
            held(Place::Box, 0),
        ])
        .when(Return { person: Who::Ann })
        .then_rows([
            held(Place::Ann, 0),
            held(Place::Ben, 1),
            held(Place::Box, 1),
        ]);
}

#[test]
fn one_person_still_holds_one_ball_at_most_and_puts_back_only_that() {
    with_two()
        .given(Taken {
            person: Person::Ann,
        })
        .when(Take { person: Who::Ann })
        .then_rejected("holds-one-already")
        .when(Return { person: Who::Ben })
        .then_rejected("holds-none")
        .then_rows([held(Place::Ann, 1), held(Place::Box, 1)]);
}

#[test]
fn the_second_ball_is_put_there_once() {
    with_two()
        .given(Taken {
            person: Person::Ann,
        })
        .given(PutBack { person: Who::Ann })
        .given(Taken {
            person: Person::Ann,
        })
        .given(Taken {
            person: Person::Ben,
        })
        .when_event(Taken {
            person: Person::Ben,
        })
        .then_failed("no-ball-there")
        .then_rows([
            held(Place::Ann, 1),
            held(Place::Ben, 1),
            held(Place::Box, 0),
        ]);
}

#[test]
fn what_fails_at_first_leaves_no_ball_behind() {
    with_two()
        .when_event(PutBack { person: Who::Ben })
        .then_failed("no-ball-there")
        .then_rows::<Held>([]);
}

#[test]
fn what_both_versions_declare_they_declare_alike() {
    assert_eq!(declared_alike::<Balls, Ball>(), ["held", "box.Taken"]);
}
