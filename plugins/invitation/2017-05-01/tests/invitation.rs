//! What version 2017-05-01 does otherwise than 2016-05-01: with what comes, and with what came.

use daybook_sdk::prelude::*;
use daybook_sdk::testing::{Scenario, declared_alike};
use invitation_2016_05_01 as first;
use invitation_2017_05_01::{Accept, CameLate, Invitation, Invitations, Late, Seat, Seated};

fn with_a_ball() -> Scenario<Invitations> {
    let sent = first::Sent {
        invitation: "ball".into(),
        host: "Ada".into(),
    };
    Scenario::<Invitations>::new()
        .previous::<first::Invitations>()
        .given(sent)
}

fn accept(guest: &str) -> Accept {
    Accept {
        invitation: "ball".into(),
        guest: guest.into(),
    }
}

fn seated(guest: &str) -> Seated {
    Seated {
        invitation: "ball".into(),
        guest: guest.into(),
    }
}

fn came_late(guest: &str) -> CameLate {
    CameLate {
        invitation: "ball".into(),
        guest: guest.into(),
    }
}

fn seat(guest: &str, number: i64, seq: u64) -> Seat {
    Seat {
        invitation: "ball".into(),
        guest: guest.into(),
        number,
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

fn ball(taken: i64) -> Invitation {
    Invitation {
        invitation: "ball".into(),
        host: "Ada".into(),
        taken,
    }
}

#[test]
fn two_have_a_seat_and_the_third_is_late() {
    with_a_ball()
        .when(accept("Zoe"))
        .when(accept("Bob"))
        .then_events([seated("Bob").about("invitation/ball")])
        .when(accept("Cyd"))
        .then_events([came_late("Cyd").about("invitation/ball")])
        .then_row(ball(2))
        .then_rows([seat("Bob", 2, 3), seat("Zoe", 1, 2)])
        .then_rows([late("Cyd", 4)])
        .when(accept("Zoe"))
        .then_rejected("accepted-already")
        .when(accept("Cyd"))
        .then_rejected("accepted-already")
        .when(Accept {
            invitation: "tea".into(),
            guest: "Cyd".into(),
        })
        .then_rejected("unknown-invitation");
}

#[test]
fn of_those_who_were_late_for_one_seat_the_first_has_the_second() {
    with_a_ball()
        .stamped("2016-05-01")
        .given(seated("Bob"))
        .given(came_late("Zoe"))
        .given(came_late("Cyd"))
        .then_row(ball(2))
        .then_rows([seat("Bob", 1, 2), seat("Zoe", 2, 3)])
        .then_rows([late("Cyd", 4)]);
}

#[test]
fn events_that_give_a_seat_away_again_fail() {
    with_a_ball()
        .given(seated("Bob"))
        .when_event(came_late("Bob"))
        .then_failed("row-exists")
        .when_event(seated("Bob"))
        .then_failed("row-exists")
        .then_row(ball(1))
        .given(seated("Cyd"))
        .when_event(seated("Dan"))
        .then_failed("no-seat-left")
        .when_event(came_late("Cyd"))
        .then_failed("has-a-seat")
        .then_row(ball(2))
        .then_rows::<Late>([]);
}

#[test]
fn what_both_versions_declare_they_declare_alike() {
    assert_eq!(
        declared_alike::<Invitations, first::Invitations>(),
        [
            "invitation",
            "seat",
            "late",
            "invitation.Seated",
            "invitation.CameLate",
            "invitation.Accept"
        ]
    );
}
