//! Where the ball may go, and where not.

use box_2020_01_01::{Ball, Held, Person, Place, PutBack, Return, Take, Taken};
use daybook_sdk::prelude::*;
use daybook_sdk::testing::Scenario;

const ANN: Person = Person::Ann;
const BEN: Person = Person::Ben;

fn held(place: Place, balls: u32) -> Held {
    Held { place, balls }
}

#[test]
fn a_ball_is_taken_from_the_box_and_put_back() {
    Scenario::<Ball>::new()
        .when(Take { person: ANN })
        .then_events(events![Taken { person: ANN }])
        .then_rows([held(Place::Ann, 1), held(Place::Box, 0)])
        .when(Return { person: ANN })
        .then_events(events![PutBack { person: ANN }])
        .then_rows([held(Place::Ann, 0), held(Place::Box, 1)])
        .when(Take { person: BEN })
        .then_events(events![Taken { person: BEN }])
        .then_rows([
            held(Place::Ann, 0),
            held(Place::Ben, 1),
            held(Place::Box, 0),
        ]);
}

#[test]
fn it_is_never_taken_from_the_other_nor_twice() {
    Scenario::<Ball>::new()
        .given(Taken { person: ANN })
        .when(Take { person: BEN })
        .then_rejected("box-empty")
        .when(Take { person: ANN })
        .then_rejected("holds-one-already")
        .then_rows([held(Place::Ann, 1), held(Place::Box, 0)]);
}

#[test]
fn nobody_puts_back_what_they_do_not_hold() {
    Scenario::<Ball>::new()
        .when(Return { person: ANN })
        .then_rejected("holds-none")
        .given(Taken { person: ANN })
        .when(Return { person: BEN })
        .then_rejected("holds-none")
        .then_rows([held(Place::Ann, 1), held(Place::Box, 0)]);
}

#[test]
fn an_event_that_no_command_could_have_caused_fails_and_moves_nothing() {
    Scenario::<Ball>::new()
        .when_event(PutBack { person: BEN })
        .then_failed("no-ball-there")
        .then_rows::<Held>([])
        .given(Taken { person: ANN })
        .when_event(Taken { person: BEN })
        .then_failed("no-ball-there")
        .when_event(PutBack { person: BEN })
        .then_failed("no-ball-there")
        .then_rows([held(Place::Ann, 1), held(Place::Box, 0)]);
}
