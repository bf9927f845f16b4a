//! The plugin `members`, version 2020-01-01: names that are unique, and invitations that the first to accept gets. What
//! races in other systems is decided here by reading: a creator sees every event before its command.

use daybook_sdk::prelude::*;

/// Somebody took a name.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct Registered {
    /// The member's id.
    pub member: String,
    /// As it was asked for.
    pub name: String,
}

/// A place was offered, to whoever accepts first.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct Invited {
    /// The invitation.
    pub invitation: String,
}

/// Somebody got the place.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct Accepted {
    /// The invitation.
    pub invitation: String,
    /// Who was first.
    pub member: String,
}

/// Take a name.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct Register {
    /// The id that they are to have; absent: one is made.
    #[schemars(length(min = 1, max = 100))]
    pub member: Option<String>,
    /// Unique, whatever its case.
    #[schemars(length(min = 1, max = 100))]
    pub name: String,
}

/// Offer a place.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct Invite {
    /// The invitation, as its sender names it.
    #[schemars(length(min = 1, max = 100))]
    pub invitation: String,
}

/// Take an offered place.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct Accept {
    /// The invitation.
    pub invitation: String,
    /// Who wants it.
    #[schemars(length(min = 1, max = 100))]
    pub member: String,
}

/// Who is there.
#[derive(Clone, Debug, PartialEq, Table)]
#[table(unique(by_id = [member]))]
pub struct Member {
    /// The name in lower case: what must be unique.
    #[key]
    pub folded: String,
    /// The member's id.
    pub member: String,
    /// As it was asked for.
    pub name: String,
}

/// Places that were offered.
#[derive(Clone, Debug, PartialEq, Table)]
pub struct Invitation {
    /// As its sender names it.
    #[key]
    pub invitation: String,
    /// Who was first; nobody yet.
    pub accepted_by: Option<String>,
}

/// The plugin.
pub struct Members;

#[plugin(
    name = "members",
    version = "2020-01-01",
    description = "Names that are unique, and invitations that the first to accept gets",
    changes = ["the first version"],
    tables = [Member, Invitation]
)]
impl Members {
    #[materialize]
    fn registered(event: &Event<Registered>, cx: &Materialization) -> Done {
        let Registered { member, name } = event.data.clone();
        Member {
            folded: name.to_lowercase(),
            member,
            name,
        }
        .insert(cx)
    }

    #[materialize]
    fn invited(event: &Event<Invited>, cx: &Materialization) -> Done {
        Invitation {
            invitation: event.data.invitation.clone(),
            accepted_by: None,
        }
        .insert(cx)
    }

    #[materialize]
    fn accepted(event: &Event<Accepted>, cx: &Materialization) -> Done {
        Invitation {
            invitation: event.data.invitation.clone(),
            accepted_by: Some(event.data.member.clone()),
        }
        .replace(cx)
    }

    #[create]
    fn register(command: &Command<Register>, cx: &Creation) -> Decision {
        let Register { member, name } = command.data.clone();
        if Member::exists(cx, name.to_lowercase()) {
            return reject("name-taken", format!("'{name}' is somebody's name already"));
        }
        let member = member.unwrap_or_else(|| cx.make_id());
        let known = Member::find(cx).by(Member::BY_ID).prefix(member.as_str());
        if known.first()?.is_some() {
            return reject("id-taken", format!("'{member}' is somebody's id already"));
        }
        Ok(events![Registered { member, name }])
    }

    #[create]
    fn invite(command: &Command<Invite>, cx: &Creation) -> Decision {
        let invitation = command.data.invitation.clone();
        if Invitation::exists(cx, invitation.clone()) {
            return reject("invited-already", format!("'{invitation}' is out already"));
        }
        Ok(events![Invited { invitation }])
    }

    #[create]
    fn accept(command: &Command<Accept>, cx: &Creation) -> Decision {
        let Accept { invitation, member } = command.data.clone();
        let Some(found) = Invitation::get(cx, invitation.clone())? else {
            return reject("unknown-invitation", format!("there is no '{invitation}'"));
        };
        if let Some(first) = found.accepted_by {
            return reject("too-late", format!("{first} was first"));
        }
        Ok(events![Accepted { invitation, member }])
    }
}
