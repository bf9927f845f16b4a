//! Invitations, told as stories: what was given, what is done, what must come of it.

use daybook_sdk::prelude::*;
use daybook_sdk::testing::Scenario;
use invitation_2016_05_01::{
    Accept, CameLate, Invitation, Invitations, Late, Seat, Seated, Send, Sent,
};

fn with_a_ball() -> Scenario<Invitations> {
    Scenario::<Invitations>::new().given(Sent {
        invitation: "ball".into(),
        host: "Ada".into(),
    })
}

fn accept(guest: &str) -> Accept {
    Accept {
        invitation: "ball".into(),
        guest: guest.into(),
    }
}

fn ball(taken: i64) -> Invitation {
    Invitation {
        invitation: "ball".into(),
        host: "Ada".into(),
        taken,
    }
}

fn seat(guest: &str, seq: u64) -> Seat {
    Seat {
        invitation: "ball".into(),
        guest: guest.into(),
        number: 1,
        seq,
    }
}

fn late(guest: &str, seq: u64) -> Late {
    Late {
        invitation: "ball".into(),
        guest: guest.into(),
        seq,
    }
}

#[test]
fn the_first_to_accept_has_the_seat_and_everybody_after_is_recorded_as_late() {
    let seated = Seated {
        invitation: "ball".into(),
        guest: "Bob".into(),
    };
    let came_late = CameLate {
        invitation: "ball".into(),
        guest: "Cyd".into(),
    };
    with_a_ball()
        .when(accept("Bob"))
        .then_events([seated.about("invitation/ball")])
        .when(accept("Cyd"))
        .then_events([came_late.about("invitation/ball")])
        .when(accept("Dan"))
        .then_row(ball(1))
        .then_rows([seat("Bob", 2)])
        .then_rows([late("Cyd", 3), late("Dan", 4)]);
}

#[test]
fn nobody_accepts_twice_whether_seated_or_late() {
    with_a_ball()
        .when(accept("Bob"))
        .when(accept("Cyd"))
        .when(accept("Bob"))
        .then_rejected("accepted-already")
        .when(accept("Cyd"))
        .then_rejected("accepted-already")
        .then_rows([seat("Bob", 2)])
        .then_rows([late("Cyd", 3)]);
}

#[test]
fn each_invitation_has_a_seat_of_its_own_and_is_sent_once() {
    let send = |invitation: &str| Send {
        invitation: invitation.into(),
        host: "Ada".into(),
    };
    let sent = Sent {
        invitation: "tea".into(),
        host: "Ada".into(),
    };
    let tea = |guest: &str| Accept {
        invitation: "tea".into(),
        ..accept(guest)
    };
    with_a_ball()
        .when(send("ball"))
        .then_rejected("sent-already")
        .when(tea("Bob"))
        .then_rejected("unknown-invitation")
        .when(send("tea"))
        .then_events([sent.about("invitation/tea")])
        .when(accept("Bob"))
        .when(tea("Bob"))
        .then_rows([
            seat("Bob", 3),
            Seat {
                invitation: "tea".into(),
                ..seat("Bob", 4)
            },
        ])
        .then_rows::<Late>([]);
}

#[test]
fn events_that_give_a_seat_away_again_fail() {
    let seated = |invitation: &str| Seated {
        invitation: invitation.into(),
        guest: "Cyd".into(),
    };
    let came_late = |invitation: &str| CameLate {
        invitation: invitation.into(),
        guest: "Bob".into(),
    };
    with_a_ball()
        .when(accept("Bob"))
        .when_event(seated("ball"))
        .then_failed("no-seat-left")
        .when_event(seated("tea"))
        .then_failed("row-missing")
        .when_event(came_late("ball"))
        .then_failed("has-a-seat")
        .when_event(came_late("tea"))
        .then_failed("row-missing")
        .then_row(ball(1))
        .then_rows([seat("Bob", 2)])
        .then_rows::<Late>([]);
}
