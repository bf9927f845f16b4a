//! The plugin `party`, version 2020-01-01: who comes to a party, and whom they bring.
//!
//! Its events have the form in which they were first thought of. Version 2021-01-01 shows what becomes of such events when
//! the words for the same facts are better known.

use daybook_sdk::prelude::*;

/// Somebody accepted an invitation.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct InvitationAccepted {
    /// The party.
    pub party: String,
    /// Who comes.
    pub guest: String,
    /// Who comes along.
    pub companion: Option<String>,
    /// Where the way there is sent to.
    pub fax: Option<String>,
}

/// Somebody does not come after all, nor does whom they would have brought.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct Cancelled {
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
    /// Where the way there is sent to.
    pub fax: Option<String>,
}

/// Do not come after all.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct Cancel {
    /// The party.
    pub party: String,
    /// Who does not come.
    pub guest: String,
}

/// Who comes.
#[derive(Clone, Debug, PartialEq, Table)]
pub struct Guest {
    /// The party.
    #[key]
    pub party: String,
    /// Who comes.
    #[key]
    pub guest: String,
    /// Who comes along.
    pub companion: Option<String>,
    /// Where the way there is sent to.
    pub fax: Option<String>,
}

/// The plugin.
pub struct Party;

#[plugin(
    name = "party",
    version = "2020-01-01",
    description = "Who comes to a party, and whom they bring",
    changes = ["the first version"],
    tables = [Guest]
)]
impl Party {
    #[materialize]
    fn accepted(event: &Event<InvitationAccepted>, cx: &Materialization) -> Done {
        let InvitationAccepted {
            party,
            guest,
            companion,
            fax,
        } = event.data.clone();
        Guest {
            party,
            guest,
            companion,
            fax,
        }
        .insert(cx)
    }

    #[materialize]
    fn cancelled(event: &Event<Cancelled>, cx: &Materialization) -> Done {
        Guest::delete(cx, (&event.data.party, &event.data.guest))
    }

    #[create]
    fn accept(command: &Command<Accept>, cx: &Creation) -> Decision {
        let Accept {
            party,
            guest,
            companion,
            fax,
        } = command.data.clone();
        if Guest::exists(cx, (&party, &guest)) {
            return reject("comes-already", format!("{guest} comes already"));
        }
        let about = format!("party/{party}");
        let accepted = InvitationAccepted {
            party,
            guest,
            companion,
            fax,
        };
        Ok(events![accepted.about(about)])
    }

    #[create]
    fn cancel(command: &Command<Cancel>, cx: &Creation) -> Decision {
        let Cancel { party, guest } = command.data.clone();
        if !Guest::exists(cx, (&party, &guest)) {
            return reject("does-not-come", format!("{guest} does not come anyway"));
        }
        let about = format!("party/{party}");
        Ok(events![Cancelled { party, guest }.about(about)])
    }
}
