//! What came in the old form is seen as if it had come in the new one, and commands write the new one only.

use daybook_sdk::prelude::*;
use daybook_sdk::testing::Scenario;
use party_2020_01_01 as first;
use party_2021_01_01::{
    Accept, Attendee, Cancel, CompanionBrought, InvitationAccepted1, InvitationCancelled1, Party,
};

/// As the log of 2020 has it, letter for letter.
const ACCEPTED: &str =
    r#"{"party":"ball","guest":"Ada","companion":"Eve","fax":"+44 20 7946 0958"}"#;
const CANCELLED: &str = r#"{"party":"ball","guest":"Ada"}"#;

fn party() -> Scenario<Party> {
    Scenario::<Party>::new().previous::<first::Party>()
}

fn attendee(name: &str, brought_by: Option<&str>) -> Attendee {
    Attendee {
        party: "ball".into(),
        guest: name.into(),
        brought_by: brought_by.map(str::to_owned),
    }
}

fn accepted() -> InvitationAccepted1 {
    InvitationAccepted1 {
        party: "ball".into(),
        guest: "Ada".into(),
    }
}

fn brought() -> CompanionBrought {
    CompanionBrought {
        party: "ball".into(),
        guest: "Ada".into(),
        companion: "Eve".into(),
    }
}

#[test]
fn one_old_event_is_seen_as_the_two_that_say_it_today() {
    let rows = [attendee("Ada", None), attendee("Eve", Some("Ada"))];
    party()
        .given_json("party.InvitationAccepted", ACCEPTED)
        .then_rows(rows.clone());
    party().given(accepted()).given(brought()).then_rows(rows);
}

#[test]
fn an_old_payload_without_what_was_dropped_later_is_read_too() {
    let alone = r#"{"party":"ball","guest":"Ada","companion":null,"fax":null}"#;
    party()
        .given_json("party.InvitationAccepted", alone)
        .then_rows([attendee("Ada", None)]);
}

#[test]
fn an_event_of_the_old_name_does_what_the_new_one_does() {
    let cancelled = InvitationCancelled1 {
        party: "ball".into(),
        guest: "Ada".into(),
    };
    let guests = || party().given_json("party.InvitationAccepted", ACCEPTED);
    guests()
        .given_json("party.Cancelled", CANCELLED)
        .then_rows::<Attendee>([]);
    guests().given(cancelled.clone()).then_rows::<Attendee>([]);
    guests()
        .when(Cancel {
            party: "ball".into(),
            guest: "Ada".into(),
        })
        .then_events([cancelled.about("party/ball")]);
}

#[test]
fn commands_write_the_new_form() {
    let accept = |guest: &str, companion: Option<&str>| Accept {
        party: "ball".into(),
        guest: guest.into(),
        companion: companion.map(str::to_owned),
    };
    party()
        .when(accept("Ada", None))
        .then_events([accepted().about("party/ball")])
        .when(accept("Ada", Some("Eve")))
        .then_rejected("comes-already");
    let both = party().when(accept("Ada", Some("Eve")));
    let both = both.then_rows([attendee("Ada", None), attendee("Eve", Some("Ada"))]);
    // Whoever comes along is a guest, and cannot come twice.
    both.when(accept("Eve", None))
        .then_rejected("comes-already");
}
