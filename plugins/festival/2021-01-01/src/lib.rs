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

/// The teams of an event were counted.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct Counted {
    /// The event's id.
    pub event: String,
    /// How many take part.
    pub teams: i64,
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

/// Teams, which another plugin keeps.
#[derive(Clone, Debug, PartialEq, Table)]
#[table(plugin = "team", name = "team")]
pub struct Team {
    /// The team's id.
    #[key]
    pub id: String,
    /// The event it takes part in.
    pub event: String,
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
    tables = [Occasion],
    reads = [Team],
    events = [Counted]
)]
impl Festival {
    #[materialize]
    fn deleted(event: &Event<Deleted>, cx: &Materialization) -> Done {
        let at = event.time()?;
        Occasion::update(cx, &event.data.event, |it| it.archived_at = Some(at))
    }

    #[create]
    fn delete(command: &Command<Delete>, cx: &Creation) -> Decision {
        let Delete { event, lazily } = command.data.clone();
        let Some(occasion) = Occasion::get(cx, &event)? else {
            return reject("unknown-event", format!("there is no event '{event}'"));
        };
        if let Some(at) = occasion.archived_at {
            let message = format!("'{event}' was archived on {}", at.date());
            return reject("archived-already", message);
        }
        Ok(events![Deleted { event, lazily }])
    }

    /// As before; but what is archived stays as it was, like what was deleted before stayed away.
    #[create]
    fn count(command: &Command<Count>, cx: &Creation) -> Decision {
        let event = command.data.event.clone();
        let sql = "SELECT count(*) FROM team_team WHERE event = ?1";
        let counts = cx.query::<(i64,)>(sql, &event)?;
        let teams = counts.first().map_or(0, |(teams,)| *teams);
        let occasion = Occasion::get(cx, &event)?.filter(|it| it.archived_at.is_none());
        match occasion {
            Some(occasion) if occasion.teams != teams => Ok(events![Counted { event, teams }]),
            _ => Ok(events![]),
        }
    }
}
