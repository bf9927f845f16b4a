//! The plugin `box`, version 2020-01-01: two people, a box and a ball. Each takes the ball from the box only, never from
//! the other, and puts back what they hold.
//!
//! The smallest case of what has to be true of several rows at once: that the ball is in one place. Nothing is locked. The creators
//! refuse what cannot be done, each on a state that has every event before its command; the materializers refuse the same of
//! events that come without a command.

use daybook_sdk::prelude::*;

/// How many balls there are.
pub const BALLS: u32 = 1;

/// Who there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Payload)]
#[serde(rename_all = "lowercase")]
pub enum Person {
    /// One of the two.
    Ann,
    /// The other.
    Ben,
}

/// Where a ball can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Payload, Column)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// Nobody has it.
    Box,
    /// Ann has it.
    Ann,
    /// Ben has it.
    Ben,
}

impl From<Person> for Place {
    fn from(person: Person) -> Place {
        match person {
            Person::Ann => Place::Ann,
            Person::Ben => Place::Ben,
        }
    }
}

/// Somebody took a ball from the box.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct Taken {
    /// Who has it now.
    pub person: Person,
}

/// Somebody put a ball back into the box.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct PutBack {
    /// Who had it.
    pub person: Person,
}

/// Take a ball from the box.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct Take {
    /// Who wants it.
    pub person: Person,
}

/// Put a ball back into the box.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct Return {
    /// Who has it.
    pub person: Person,
}

/// How many balls are where. A place that no ball ever came to or left has no row.
#[derive(Clone, Debug, PartialEq, Table)]
pub struct Held {
    /// The box, or a person.
    #[key]
    pub place: Place,
    /// How many are there.
    pub balls: u32,
}

impl Held {
    /// A place as it is before anything happens: all balls are in the box.
    pub fn first(place: Place) -> Held {
        let balls = match place {
            Place::Box => BALLS,
            Place::Ann | Place::Ben => 0,
        };
        Held { place, balls }
    }

    /// How many balls are in a place.
    pub fn balls(cx: &impl Reader, place: Place) -> Result<u32, Failure> {
        let held = Held::get(cx, place)?;
        Ok(held.unwrap_or_else(|| Held::first(place)).balls)
    }
}

/// Moves one ball.
fn carry(cx: &Materialization, from: Place, to: Place) -> Done {
    let Some(left) = Held::balls(cx, from)?.checked_sub(1) else {
        return fail(
            "no-ball-there",
            format!("a ball is to go from {from:?} to {to:?}, and there is none in {from:?}"),
        );
    };
    let there = Held::balls(cx, to)? + 1;
    Held {
        place: from,
        balls: left,
    }
    .upsert(cx)?;
    Held {
        place: to,
        balls: there,
    }
    .upsert(cx)
}

/// The plugin.
pub struct Ball;

#[plugin(
    name = "box",
    version = "2020-01-01",
    description = "Two people, a box and a ball",
    changes = ["the first version: one ball"],
    tables = [Held]
)]
impl Ball {
    #[materialize]
    fn taken(event: &Event<Taken>, cx: &Materialization) -> Done {
        carry(cx, Place::Box, event.data.person.into())
    }

    #[materialize]
    fn put_back(event: &Event<PutBack>, cx: &Materialization) -> Done {
        carry(cx, event.data.person.into(), Place::Box)
    }

    #[create]
    fn take(command: &Command<Take>, cx: &Creation) -> Decision {
        let person = command.data.person;
        if Held::balls(cx, person.into())? > 0 {
            return reject(
                "holds-one-already",
                format!("{person:?} holds a ball: put it back first"),
            );
        }
        if Held::balls(cx, Place::Box)? == 0 {
            return reject(
                "box-empty",
                "the box is empty: a ball is taken from the box, never from the other",
            );
        }
        Ok(events![Taken { person }])
    }

    #[create]
    fn give_back(command: &Command<Return>, cx: &Creation) -> Decision {
        let person = command.data.person;
        if Held::balls(cx, person.into())? == 0 {
            return reject(
                "holds-none",
                format!("{person:?} holds no ball: there is nothing to put back"),
            );
        }
        Ok(events![PutBack { person }])
    }
}
