//! The plugin `festival`, version 2020-01-01: events of a festival, and how many teams of the plugin `team` take part in
//! each. It is the other half of a process manager over two plugins: when a team joins, moves or leaves, the events that it
//! concerns are counted anew, by a command; in the same transaction, or afterwards.

use daybook_sdk::prelude::*;

/// An event was planned.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct Planned {
    /// The event's id.
    pub event: String,
    /// Its name.
    pub name: String,
}

/// An event is no more.
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

/// Plan an event.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct Plan {
    /// The event's id.
    #[schemars(length(min = 1, max = 50))]
    pub event: String,
    /// Its name.
    pub name: String,
}

/// Delete an event with its teams.
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

/// A team takes part.
#[derive(Clone, Debug, PartialEq, Event)]
#[event(type = "team.Joined")]
pub struct TeamJoined {
    /// The event it takes part in.
    pub event: String,
    /// What follows may follow later.
    pub lazily: bool,
}

/// A team takes part in another event.
#[derive(Clone, Debug, PartialEq, Event)]
#[event(type = "team.Moved")]
pub struct TeamMoved {
    /// The event it took part in.
    pub from: String,
    /// The event it takes part in now.
    pub to: String,
    /// What follows may follow later.
    pub lazily: bool,
}

/// A team takes part no more.
#[derive(Clone, Debug, PartialEq, Event)]
#[event(type = "team.Removed")]
pub struct TeamRemoved {
    /// The event it took part in.
    pub event: String,
    /// What follows may follow later.
    pub lazily: bool,
}

/// What there is to take part in.
#[derive(Clone, Debug, PartialEq, Table)]
pub struct Occasion {
    /// The event's id.
    #[key]
    pub id: String,
    /// Its name.
    pub name: String,
    /// How many teams take part.
    pub teams: i64,
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

/// Has an event's teams counted, now or later.
fn count(cx: &Materialization, event: &str, lazily: bool) {
    let count = Count {
        event: event.to_owned(),
    };
    match lazily {
        // Those of one event one after another, so that the last count is the latest.
        true => cx.enqueue(cx.later(&count).with_key(event)),
        false => cx.run_now(&count),
    }
}

#[plugin(
    name = "festival",
    version = "2020-01-01",
    description = "Events of a festival, to which teams belong",
    changes = ["the first version"],
    tables = [Occasion],
    reads = [Team],
    tasks = [RunNow, RunLater]
)]
impl Festival {
    #[materialize]
    fn planned(event: &Event<Planned>, cx: &Materialization) -> Done {
        let Planned { event, name } = event.data.clone();
        Occasion {
            id: event,
            name,
            teams: 0,
        }
        .insert(cx)
    }

    #[materialize]
    fn deleted(event: &Event<Deleted>, cx: &Materialization) -> Done {
        Occasion::delete(cx, event.data.event.clone())
    }

    #[materialize]
    fn counted(event: &Event<Counted>, cx: &Materialization) -> Done {
        let teams = event.data.teams;
        Occasion::update(cx, event.data.event.clone(), |it| it.teams = teams)
    }

    #[materialize]
    fn team_joined(event: &Event<TeamJoined>, cx: &Materialization) -> Done {
        count(cx, &event.data.event, event.data.lazily);
        Ok(())
    }

    #[materialize]
    fn team_moved(event: &Event<TeamMoved>, cx: &Materialization) -> Done {
        count(cx, &event.data.from, event.data.lazily);
        count(cx, &event.data.to, event.data.lazily);
        Ok(())
    }

    #[materialize]
    fn team_removed(event: &Event<TeamRemoved>, cx: &Materialization) -> Done {
        count(cx, &event.data.event, event.data.lazily);
        Ok(())
    }

    #[create]
    fn plan(command: &Command<Plan>, cx: &Creation) -> Decision {
        let Plan { event, name } = command.data.clone();
        if Occasion::exists(cx, event.clone()) {
            return reject("planned-already", format!("'{event}' is planned already"));
        }
        Ok(events![Planned { event, name }])
    }

    #[create]
    fn delete(command: &Command<Delete>, cx: &Creation) -> Decision {
        let Delete { event, lazily } = command.data.clone();
        if !Occasion::exists(cx, event.clone()) {
            return reject("unknown-event", format!("there is no event '{event}'"));
        }
        Ok(events![Deleted { event, lazily }])
    }

    /// Of an event that was deleted, whose teams are just being removed, nothing is left to be counted.
    #[create]
    fn count(command: &Command<Count>, cx: &Creation) -> Decision {
        let event = command.data.event.clone();
        let sql = "SELECT count(*) FROM team_team WHERE event = ?1";
        let counts = cx.query::<(i64,)>(sql, event.clone())?;
        let teams = counts.first().map_or(0, |(teams,)| *teams);
        match Occasion::get(cx, event.clone())? {
            Some(occasion) if occasion.teams != teams => Ok(events![Counted { event, teams }]),
            _ => Ok(events![]),
        }
    }
}
