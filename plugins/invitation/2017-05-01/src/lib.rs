//! The plugin `invitation`, version 2017-05-01: an invitation has two seats.
//!
//! It also says what becomes of acceptances that the version before found to be late: the first of them would not have
//! been. So a replay under this version seats it, and a comparison names those who would have had the second seat.

use daybook_sdk::prelude::*;

/// Somebody accepted and has the seat.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct Seated {
    /// The invitation.
    pub invitation: String,
    /// Who has the seat.
    pub guest: String,
}

/// Somebody accepted when there was no seat left.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct CameLate {
    /// The invitation.
    pub invitation: String,
    /// Who has no seat.
    pub guest: String,
}

/// Accept an invitation. That is never refused for being late: which it was, the event says.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct Accept {
    /// The invitation.
    #[schemars(length(min = 1, max = 100))]
    pub invitation: String,
    /// Who accepts.
    #[schemars(length(min = 1, max = 100))]
    pub guest: String,
}

/// What was sent.
#[derive(Clone, Debug, PartialEq, Table)]
pub struct Invitation {
    /// As its host names it.
    #[key]
    pub invitation: String,
    /// Who invites.
    pub host: String,
    /// How many seats are taken.
    pub taken: i64,
}

/// Who has a seat.
#[derive(Clone, Debug, PartialEq, Table)]
pub struct Seat {
    /// The invitation.
    #[key]
    pub invitation: String,
    /// Who has it.
    #[key]
    pub guest: String,
    /// Which seat, counted from 1.
    pub number: i64,
    /// The acceptance's position in the log: the lowest one of all has the first seat.
    pub seq: u64,
}

/// Who came too late.
#[derive(Clone, Debug, PartialEq, Table)]
pub struct Late {
    /// The invitation.
    #[key]
    pub invitation: String,
    /// Who has no seat.
    #[key]
    pub guest: String,
    /// The acceptance's position in the log.
    pub seq: u64,
}

/// Seats of an invitation.
const SEATS: i64 = 2;

/// The plugin.
pub struct Invitations;

#[plugin(
    name = "invitation",
    version = "2017-05-01",
    extends = "2016-05-01",
    description = "Invitations that many may accept, and who was first",
    changes = ["an invitation has two seats, not one"],
    tables = [Invitation, Seat, Late]
)]
impl Invitations {
    #[materialize]
    fn seated(event: &Event<Seated>, cx: &Materialization) -> Done {
        let Seated { invitation, guest } = &event.data;
        if Invitation::require(cx, invitation)?.taken >= SEATS {
            return fail("no-seat-left", format!("'{invitation}' has no seat left"));
        }
        seat(invitation, guest, event.seq(), cx)
    }

    /// Late for one seat is not late for two.
    #[materialize]
    fn came_late(event: &Event<CameLate>, cx: &Materialization) -> Done {
        let CameLate { invitation, guest } = &event.data;
        match Invitation::require(cx, invitation)?.taken < SEATS {
            true => seat(invitation, guest, event.seq(), cx),
            false => cx.previous(event),
        }
    }

    #[create]
    fn accept(command: &Command<Accept>, cx: &Creation) -> Decision {
        let events = cx.previous(command)?;
        let Accept { invitation, guest } = command.data.clone();
        if Invitation::require(cx, &invitation)?.taken >= SEATS {
            return Ok(events);
        }
        let about = format!("invitation/{invitation}");
        Ok(events![Seated { invitation, guest }.about(about)])
    }
}

/// Gives the next seat to a guest.
fn seat(invitation: &str, guest: &str, seq: u64, cx: &Materialization) -> Done {
    let number = Invitation::update(cx, invitation, |it| {
        it.taken += 1;
        it.taken
    })?;
    Seat {
        invitation: invitation.to_owned(),
        guest: guest.to_owned(),
        number,
        seq,
    }
    .insert(cx)
}
