//! The plugin `team`, version 2020-01-01: teams, which belong to events of the plugin `festival`. It is half of a process
//! manager over two plugins: when an event is deleted, its teams are removed; in the same transaction, or each by a command
//! of its own afterwards, as the one who deletes it wants.

use daybook_sdk::prelude::*;

/// A team takes part.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct Joined {
    /// The team's id.
    pub team: String,
    /// Its name.
    pub name: String,
    /// The event it takes part in.
    pub event: String,
    /// What follows may follow later.
    pub lazily: bool,
}

/// A team takes part in another event.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct Moved {
    /// The team's id.
    pub team: String,
    /// The event it took part in.
    pub from: String,
    /// The event it takes part in now.
    pub to: String,
    /// What follows may follow later.
    pub lazily: bool,
}

/// A team takes part no more.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct Removed {
    /// The team's id.
    pub team: String,
    /// The event it took part in.
    pub event: String,
    /// What follows may follow later.
    pub lazily: bool,
}

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

/// Take part no more.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct Remove {
    /// The team's id.
    pub team: String,
    /// What follows may follow later.
    pub lazily: bool,
}

/// An event of the festival was planned.
#[derive(Clone, Debug, PartialEq, Event)]
#[event(type = "festival.Planned")]
pub struct EventPlanned {
    /// The event's id.
    pub event: String,
}

/// An event of the festival is no more.
#[derive(Clone, Debug, PartialEq, Event)]
#[event(type = "festival.Deleted")]
pub struct EventDeleted {
    /// The event's id.
    pub event: String,
    /// What follows may follow later.
    pub lazily: bool,
}

/// Who takes part in what.
#[derive(Clone, Debug, PartialEq, Table)]
pub struct Team {
    /// The team's id.
    #[key]
    pub id: String,
    /// Its name.
    pub name: String,
    /// The event it takes part in.
    pub event: String,
}

/// Events that there are to take part in, as the festival tells of them: its tables cannot be read here, since it reads
/// this plugin's.
#[derive(Clone, Debug, PartialEq, Table)]
pub struct Upcoming {
    /// The event's id.
    #[key]
    pub id: String,
}

/// The plugin.
pub struct Teams;

/// Refuses an event that there is not.
fn planned(event: &str, cx: &Creation) -> Result<(), Refusal> {
    match Upcoming::exists(cx, event) {
        true => Ok(()),
        false => reject("unknown-event", format!("there is no event '{event}'")),
    }
}

#[plugin(
    name = "team",
    version = "2020-01-01",
    description = "Teams, which belong to events of a festival",
    changes = ["the first version"],
    tables = [Team, Upcoming],
    tasks = [RunNow, RunLater]
)]
impl Teams {
    #[materialize]
    fn joined(event: &Event<Joined>, cx: &Materialization) -> Done {
        let Joined {
            team, name, event, ..
        } = event.data.clone();
        Team {
            id: team,
            name,
            event,
        }
        .insert(cx)
    }

    #[materialize]
    fn moved(event: &Event<Moved>, cx: &Materialization) -> Done {
        let to = event.data.to.clone();
        Team::update(cx, event.data.team.clone(), |team| team.event = to)
    }

    #[materialize]
    fn removed(event: &Event<Removed>, cx: &Materialization) -> Done {
        Team::delete(cx, event.data.team.clone())
    }

    #[materialize]
    fn event_planned(event: &Event<EventPlanned>, cx: &Materialization) -> Done {
        let id = event.data.event.clone();
        Upcoming { id }.upsert(cx)
    }

    /// The reaction: its teams go with it.
    #[materialize]
    fn event_deleted(event: &Event<EventDeleted>, cx: &Materialization) -> Done {
        let EventDeleted { event, lazily } = event.data.clone();
        if Upcoming::exists(cx, &event) {
            Upcoming::delete(cx, &event)?;
        }
        let sql = "SELECT id FROM team_team WHERE event = ?1 ORDER BY id";
        for (team,) in cx.query::<(String,)>(sql, event)? {
            let remove = Remove { team, lazily };
            match lazily {
                true => cx.run_later(&remove),
                false => cx.run_now(&remove),
            }
        }
        Ok(())
    }

    #[create]
    fn join(command: &Command<Join>, cx: &Creation) -> Decision {
        let Join {
            team,
            name,
            event,
            lazily,
        } = command.data.clone();
        if Team::exists(cx, team.clone()) {
            return reject("joined-already", format!("'{team}' takes part already"));
        }
        planned(&event, cx)?;
        Ok(events![Joined {
            team,
            name,
            event,
            lazily
        }])
    }

    #[create]
    fn move_to(command: &Command<Move>, cx: &Creation) -> Decision {
        let Move { team, to, lazily } = command.data.clone();
        let Some(found) = Team::get(cx, team.clone())? else {
            return reject("unknown-team", format!("there is no team '{team}'"));
        };
        planned(&to, cx)?;
        Ok(events![Moved {
            team,
            from: found.event,
            to,
            lazily
        }])
    }

    #[create]
    fn remove(command: &Command<Remove>, cx: &Creation) -> Decision {
        let Remove { team, lazily } = command.data.clone();
        let Some(found) = Team::get(cx, team.clone())? else {
            return reject("unknown-team", format!("there is no team '{team}'"));
        };
        Ok(events![Removed {
            team,
            event: found.event,
            lazily
        }])
    }
}
