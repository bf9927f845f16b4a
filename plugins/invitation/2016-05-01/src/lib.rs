//! The plugin `invitation`, version 2016-05-01: an invitation has one seat, many may accept it, and the first one gets it.
//!
//! Who is first is decided where the command is answered: a creator sees every event before its command, so there is no
//! race to be won behind its back, and the lowest position in the log has the seat. Who comes too late is no error. It is
//! an event of its own, which a client that waits for the outcome hears like the other one, and a row.

use daybook_sdk::prelude::*;

/// An invitation was sent, to whoever accepts it first.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct Sent {
    /// The invitation.
    pub invitation: String,
    /// Who invites.
    pub host: String,
}

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

/// Send an invitation.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct Send {
    /// The invitation, as its host names it.
    #[schemars(length(min = 1, max = 100))]
    pub invitation: String,
    /// Who invites.
    #[schemars(length(min = 1, max = 100))]
    pub host: String,
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
const SEATS: i64 = 1;

/// The plugin.
pub struct Invitations;

#[plugin(
    name = "invitation",
    version = "2016-05-01",
    description = "Invitations that many may accept, and who was first",
    changes = ["the first version: one seat for each invitation"],
    tables = [Invitation, Seat, Late]
)]
impl Invitations {
    #[materialize]
    fn sent(event: &Event<Sent>, cx: &Materialization) -> Done {
        let Sent { invitation, host } = event.data.clone();
        Invitation {
            invitation,
            host,
            taken: 0,
        }
        .insert(cx)
    }

    /// An event that comes from elsewhere is not believed: a seat that is taken is not given away again.
    #[materialize]
    fn seated(event: &Event<Seated>, cx: &Materialization) -> Done {
        let Seated { invitation, guest } = event.data.clone();
        let number = Invitation::try_update(cx, &invitation, |it| {
            if it.taken >= SEATS {
                return fail(
                    "no-seat-left",
                    format!("'{}' has no seat left", it.invitation),
                );
            }
            it.taken += 1;
            Ok(it.taken)
        })?;
        Seat {
            invitation,
            guest,
            number,
            seq: event.seq(),
        }
        .insert(cx)
    }

    #[materialize]
    fn came_late(event: &Event<CameLate>, cx: &Materialization) -> Done {
        let CameLate { invitation, guest } = event.data.clone();
        Invitation::require(cx, &invitation)?;
        if Seat::exists(cx, (&invitation, &guest)) {
            return fail(
                "has-a-seat",
                format!("{guest} has a seat of '{invitation}'"),
            );
        }
        Late {
            invitation,
            guest,
            seq: event.seq(),
        }
        .insert(cx)
    }

    #[create]
    fn send(command: &Command<Send>, cx: &Creation) -> Decision {
        let Send { invitation, host } = command.data.clone();
        if Invitation::exists(cx, &invitation) {
            let message = format!("'{invitation}' was sent already");
            return reject("sent-already", message);
        }
        let about = subject(&invitation);
        Ok(events![Sent { invitation, host }.about(about)])
    }

    #[create]
    fn accept(command: &Command<Accept>, cx: &Creation) -> Decision {
        let Accept { invitation, guest } = command.data.clone();
        let Some(found) = Invitation::get(cx, &invitation)? else {
            let message = format!("there is no invitation '{invitation}'");
            return reject("unknown-invitation", message);
        };
        let key = (&invitation, &guest);
        if Seat::exists(cx, key) || Late::exists(cx, key) {
            let message = format!("{guest} has accepted '{invitation}' already");
            return reject("accepted-already", message);
        }
        let about = subject(&invitation);
        Ok(match found.taken < SEATS {
            true => events![Seated { invitation, guest }.about(about)],
            false => events![CameLate { invitation, guest }.about(about)],
        })
    }
}

fn subject(invitation: &str) -> String {
    format!("invitation/{invitation}")
}
