//! Names and places that one member has, and what whoever comes second is told.

use daybook_sdk::prelude::*;
use daybook_sdk::testing::Scenario;
use members_2020_01_01::{
    Accept, Accepted, Invitation, Invite, Invited, Member, Members, Register, Registered,
};

fn registered(member: &str, name: &str) -> Registered {
    Registered {
        member: member.into(),
        name: name.into(),
    }
}

fn invited() -> Invited {
    Invited {
        invitation: "ball".into(),
    }
}

fn accept(member: &str) -> Accept {
    Accept {
        invitation: "ball".into(),
        member: member.into(),
    }
}

fn register(name: &str, member: Option<&str>) -> Register {
    Register {
        member: member.map(str::to_owned),
        name: name.into(),
    }
}

#[test]
fn a_client_may_give_the_id_and_one_that_is_taken_is_refused() {
    Scenario::<Members>::new()
        .when(register("Ada", Some("m1")))
        .then_events([registered("m1", "Ada").into()])
        .when(register("Eve", Some("m1")))
        .then_rejected("id-taken");
}

#[test]
fn a_name_is_taken_whatever_its_case() {
    Scenario::<Members>::new()
        .given(registered("m1", "Ada"))
        .when(register("ADA", None))
        .then_rejected("name-taken")
        .then_rows([Member {
            folded: "ada".into(),
            member: "m1".into(),
            name: "Ada".into(),
        }]);
}

#[test]
fn two_events_that_take_one_name_cannot_both_be_kept() {
    Scenario::<Members>::new()
        .given(registered("m1", "Ada"))
        .when_event(registered("m2", "ada"))
        .then_failed("row-exists");
}

#[test]
fn the_first_to_accept_has_the_place_and_the_second_is_told_who_was_first() {
    let accepted = Accepted {
        invitation: "ball".into(),
        member: "m1".into(),
    };
    Scenario::<Members>::new()
        .given(invited())
        .when(accept("m1"))
        .then_events(events![accepted])
        .when(accept("m2"))
        .then_rejected("too-late")
        .then_rows([Invitation {
            invitation: "ball".into(),
            accepted_by: Some("m1".into()),
        }]);
}

#[test]
fn an_invitation_is_sent_once_and_nobody_accepts_what_was_not_sent() {
    Scenario::<Members>::new()
        .when(accept("m1"))
        .then_rejected("unknown-invitation")
        .when(Invite {
            invitation: "ball".into(),
        })
        .then_events(events![invited()])
        .when(Invite {
            invitation: "ball".into(),
        })
        .then_rejected("invited-already");
}
