//! The plugin `party`, version 2021-01-01: a companion is a guest like any other, and the events say so in a second form.
//!
//! What is in the log stays as it is. Three things became of its events:
//!
//! * a type got another name: `Cancelled` is `InvitationCancelled1` now;
//! * one event became two: who comes along is told by a `CompanionBrought` of its own;
//! * a field was dropped: nobody has a fax any more.
//!
//! So each old type is still handled here. It is turned into events of the new form, by a function that knows nothing of
//! any state ([`InvitationAccepted::upcast`]), and these are handled as if they had been logged. Nothing else of this
//! version knows the old form, and commands write the new one.

use daybook_sdk::prelude::*;

/// Somebody accepted an invitation: as it was logged before 2021. What it had of a fax is not read.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct InvitationAccepted {
    /// The party.
    pub party: String,
    /// Who comes.
    pub guest: String,
    /// Who comes along.
    pub companion: Option<String>,
}

impl InvitationAccepted {
    /// The events that say it today.
    pub fn upcast(self) -> (InvitationAccepted1, Option<CompanionBrought>) {
        let brought = self.companion.map(|companion| CompanionBrought {
            party: self.party.clone(),
            guest: self.guest.clone(),
            companion,
        });
        let accepted = InvitationAccepted1 {
            party: self.party,
            guest: self.guest,
        };
        (accepted, brought)
    }
}

/// Somebody does not come after all: as it was logged before 2021.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct Cancelled {
    /// The party.
    pub party: String,
    /// Who does not come.
    pub guest: String,
}

impl From<Cancelled> for InvitationCancelled1 {
    fn from(old: Cancelled) -> Self {
        InvitationCancelled1 {
            party: old.party,
            guest: old.guest,
        }
    }
}

/// Somebody accepted an invitation.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct InvitationAccepted1 {
    /// The party.
    pub party: String,
    /// Who comes.
    pub guest: String,
}

/// A guest brings somebody.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct CompanionBrought {
    /// The party.
    pub party: String,
    /// Who brings them.
    pub guest: String,
    /// Who comes along.
    pub companion: String,
}

/// Somebody does not come after all, nor does whom they would have brought.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct InvitationCancelled1 {
    /// The party.
    pub party: String,
    /// Who does not come.
    pub guest: String,
}

/// Accept an invitation.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct Accept {
    /// The party.
    #[schemars(length(min = 1, max = 100))]
    pub party: String,
    /// Who comes.
    #[schemars(length(min = 1, max = 100))]
    pub guest: String,
    /// Who comes along.
    pub companion: Option<String>,
}

/// Do not come after all.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct Cancel {
    /// The party.
    pub party: String,
    /// Who does not come.
    pub guest: String,
}

/// Who comes: a table of its own, since the one before has columns for companions, and keeps them. Nothing is written there any
/// more.
#[derive(Clone, Debug, PartialEq, Table)]
#[table(index(by_host = [party, brought_by]))]
pub struct Attendee {
    /// The party.
    #[key]
    pub party: String,
    /// Who comes.
    #[key]
    pub guest: String,
    /// Whose companion it is.
    pub brought_by: Option<String>,
}

/// The plugin.
pub struct Party;

#[plugin(
    name = "party",
    version = "2021-01-01",
    extends = "2020-01-01",
    description = "Who comes to a party, and whom they bring",
    changes = [
        "a companion is a guest of their own, and is told by an event of their own",
        "a cancelled invitation is called so",
        "nobody has a fax any more"
    ],
    tables = [Attendee]
)]
impl Party {
    #[materialize]
    fn accepted(event: &Event<InvitationAccepted>, cx: &Materialization) -> Done {
        let (accepted, brought) = event.data.clone().upcast();
        accept(accepted, cx)?;
        brought.map_or(Ok(()), |brought| bring(brought, cx))
    }

    #[materialize]
    fn cancelled(event: &Event<Cancelled>, cx: &Materialization) -> Done {
        cancel(&event.data.clone().into(), cx)
    }

    #[materialize]
    fn accepted_1(event: &Event<InvitationAccepted1>, cx: &Materialization) -> Done {
        accept(event.data.clone(), cx)
    }

    #[materialize]
    fn companion_brought(event: &Event<CompanionBrought>, cx: &Materialization) -> Done {
        bring(event.data.clone(), cx)
    }

    #[materialize]
    fn cancelled_1(event: &Event<InvitationCancelled1>, cx: &Materialization) -> Done {
        cancel(&event.data, cx)
    }

    #[create]
    fn accept(command: &Command<Accept>, cx: &Creation) -> Decision {
        let Accept {
            party,
            guest,
            companion,
        } = command.data.clone();
        for name in [Some(&guest), companion.as_ref()].into_iter().flatten() {
            if Attendee::exists(cx, (&party, name)) {
                return reject("comes-already", format!("{name} comes already"));
            }
        }
        let about = format!("party/{party}");
        let old = InvitationAccepted {
            party,
            guest,
            companion,
        };
        let (accepted, brought) = old.upcast();
        let mut events = events![accepted.about(about.clone())];
        if let Some(brought) = brought {
            events.push(brought.about(about));
        }
        Ok(events)
    }

    #[create]
    fn cancel(command: &Command<Cancel>, cx: &Creation) -> Decision {
        let Cancel { party, guest } = command.data.clone();
        if !Attendee::exists(cx, (&party, &guest)) {
            return reject("does-not-come", format!("{guest} does not come anyway"));
        }
        let about = format!("party/{party}");
        Ok(events![InvitationCancelled1 { party, guest }.about(about)])
    }
}

fn accept(it: InvitationAccepted1, cx: &Materialization) -> Done {
    Attendee {
        party: it.party,
        guest: it.guest,
        brought_by: None,
    }
    .insert(cx)
}

fn bring(it: CompanionBrought, cx: &Materialization) -> Done {
    Attendee {
        party: it.party,
        guest: it.companion,
        brought_by: Some(it.guest),
    }
    .insert(cx)
}

fn cancel(it: &InvitationCancelled1, cx: &Materialization) -> Done {
    Attendee::delete(cx, (&it.party, &it.guest))?;
    let brought = Attendee::find(cx).by(Attendee::BY_HOST);
    for companion in brought.prefix((&it.party, &it.guest)).rows()? {
        Attendee::delete(cx, (&companion.party, &companion.guest))?;
    }
    Ok(())
}
