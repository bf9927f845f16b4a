//! The plugin `festival`, version 2021-01-01: an event that is deleted stays, marked as archived and otherwise as it was,
//! the number of its teams included.
//!
//! It is put in force before `team` of the same date, which reads the mark.

use daybook_sdk::prelude::*;

/// An event is no more: it is archived.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct Deleted {
    /// The event's id.
    pub event: String,
    /// What follows may follow later.
    pub lazily: bool,
}

/// Archive an event.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct Delete {
    /// The event's id.
    pub event: String,
    /// What follows may follow later.
    pub lazily: bool,
}

/// Count the teams of an event.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct Count {
    /// The event's id.
    pub event: String,
}

/// What there is to take part in, and what there was.
#[derive(Clone, Debug, PartialEq, Table)]
pub struct Occasion {
    /// The event's id.
    #[key]
    pub id: String,
    /// Its name.
    pub name: String,
    /// How many teams take part, or took part when it was archived.
    pub teams: i64,
    /// When it was archived; null while there is something to take part in.
    pub archived_at: Option<Time>,
}

/// The plugin.
pub struct Festival;

#[plugin(
    name = "festival",
    version = "2021-01-01",
    extends = "2020-01-01",
    description = "Events of a festival, to which teams belong",
    changes = [
        "an event that is deleted stays, marked as archived",
        "an archived event keeps its number of teams"
    ],
    tables = [Occasion]
)]
impl Festival {
    #[materialize]
    fn deleted(event: &Event<Deleted>, cx: &Materialization) -> Done {
        let at = event.time()?;
        Occasion::update(cx, &event.data.event, |it| it.archived_at = Some(at))
    }

    #[create]
    fn delete(command: &Command<Delete>, cx: &Creation) -> Decision {
        let events = cx.previous(command)?;
        match Occasion::require(cx, &command.data.event)?.archived_at {
            Some(at) => {
                let message = format!("'{}' was archived on {}", command.data.event, at.date());
                reject("archived-already", message)
            }
            None => Ok(events),
        }
    }

    /// As before; but what is archived stays as it was, like what was deleted before stayed away.
    #[create]
    fn count(command: &Command<Count>, cx: &Creation) -> Decision {
        match Occasion::get(cx, &command.data.event)?.is_some_and(|it| it.archived_at.is_some()) {
            true => Ok(events![]),
            false => cx.previous(command),
        }
    }
}
