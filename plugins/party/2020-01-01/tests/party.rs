//! What the first version keeps of who comes.

use daybook_sdk::prelude::*;
use daybook_sdk::testing::Scenario;
use party_2020_01_01::{Accept, Cancel, Cancelled, Guest, InvitationAccepted, Party};

fn accepted() -> InvitationAccepted {
    InvitationAccepted {
        party: "ball".into(),
        guest: "Ada".into(),
        companion: Some("Eve".into()),
        fax: None,
    }
}

#[test]
fn a_guest_and_a_companion_are_one_event_and_one_row() {
    Scenario::<Party>::new()
        .when(Accept {
            party: "ball".into(),
            guest: "Ada".into(),
            companion: Some("Eve".into()),
            fax: None,
        })
        .then_events([accepted().about("party/ball")])
        .then_rows([Guest {
            party: "ball".into(),
            guest: "Ada".into(),
            companion: Some("Eve".into()),
            fax: None,
        }]);
}

#[test]
fn who_cancels_takes_the_companion_along() {
    let cancel = Cancel {
        party: "ball".into(),
        guest: "Ada".into(),
    };
    let cancelled = Cancelled {
        party: "ball".into(),
        guest: "Ada".into(),
    };
    Scenario::<Party>::new()
        .when(cancel.clone())
        .then_rejected("does-not-come");
    Scenario::<Party>::new()
        .given(accepted())
        .when(cancel)
        .then_events([cancelled.about("party/ball")])
        .then_rows::<Guest>([]);
}
