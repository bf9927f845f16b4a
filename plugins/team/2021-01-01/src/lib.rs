//! The plugin `team`, version 2021-01-01: teams stay with an event that is archived, and nobody joins it any more.
//!
//! It reads the mark of archived events, which `festival` has since the same date: that version is put in force first.
//! Teams that were removed with an event before stay removed, for each removal is an event of its own in the log; what goes
//! is the asking for it.

use daybook_sdk::prelude::*;

/// Take part in an event.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct Join {
    /// The team's id, as it names itself.
    #[schemars(length(min = 1, max = 50))]
    pub team: String,
    /// Its name.
    pub name: String,
    /// The event.
    pub event: String,
    /// What follows may follow later.
    pub lazily: bool,
}

/// Take part in another event.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct Move {
    /// The team's id.
    pub team: String,
    /// The event it goes to.
    pub to: String,
    /// What follows may follow later.
    pub lazily: bool,
}

/// An event of the festival is no more: it is archived.
#[derive(Clone, Debug, PartialEq, Event)]
#[event(type = "festival.Deleted")]
pub struct EventDeleted {
    /// The event's id.
    pub event: String,
    /// What follows may follow later.
    pub lazily: bool,
}

/// Events, which another plugin keeps.
#[derive(Clone, Debug, PartialEq, Table)]
#[table(plugin = "festival", name = "occasion")]
pub struct Occasion {
    /// The event's id.
    #[key]
    pub id: String,
    /// When it was archived.
    pub archived_at: Option<Time>,
}

/// Events that there are to take part in, as version 2020-01-01 has them.
#[derive(Clone, Debug, PartialEq, Table)]
pub struct Upcoming {
    /// The event's id.
    #[key]
    pub id: String,
}

/// The plugin.
pub struct Teams;

#[plugin(
    name = "team",
    version = "2021-01-01",
    extends = "2020-01-01",
    description = "Teams, which belong to events of a festival",
    changes = [
        "teams stay with an event that is archived",
        "nobody joins an archived event, nor moves there"
    ],
    tables = [Upcoming],
    reads = [Occasion]
)]
impl Teams {
    /// No reaction: without this handler the version before would have its teams removed.
    #[materialize]
    fn event_deleted(event: &Event<EventDeleted>, cx: &Materialization) -> Done {
        match Upcoming::exists(cx, &event.data.event) {
            true => Upcoming::delete(cx, &event.data.event),
            false => Ok(()),
        }
    }

    #[create]
    fn join(command: &Command<Join>, cx: &Creation) -> Decision {
        open(&command.data.event, cx)?;
        cx.previous(command)
    }

    #[create]
    fn move_to(command: &Command<Move>, cx: &Creation) -> Decision {
        open(&command.data.to, cx)?;
        cx.previous(command)
    }
}

/// Refuses events that are archived.
fn open(event: &str, cx: &Creation) -> Result<(), Refusal> {
    let archived_at = Occasion::get(cx, event)?.and_then(|it| it.archived_at);
    match archived_at {
        Some(at) => {
            let message = format!("'{event}' was archived on {}", at.date());
            reject("archived-event", message)
        }
        None => Ok(()),
    }
}
