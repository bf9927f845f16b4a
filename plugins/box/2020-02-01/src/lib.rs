//! The plugin `box`, version 2020-02-01: a second ball lies in the box from the start.
//!
//! Holds that change and nothing else. What is moved, and who may move it, is left to version 2020-01-01, which reads how many balls
//! are where: this version puts them there before it first asks.

use daybook_sdk::prelude::*;

/// How many balls there are.
pub const BALLS: u32 = 2;

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

/// Somebody took a ball from the box.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct Taken {
    /// Who has it now.
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

/// The plugin.
pub struct Balls;

#[plugin(
    name = "box",
    version = "2020-02-01",
    extends = "2020-01-01",
    description = "Two people, a box and two balls",
    changes = ["a second ball: both may hold one at the same time"],
    tables = [Held]
)]
impl Balls {
    /// The first thing that can happen: nothing is put back before something was taken.
    #[materialize]
    fn taken(event: &Event<Taken>, cx: &Materialization) -> Done {
        if !Held::exists(cx, Place::Box) {
            Held {
                place: Place::Box,
                balls: BALLS,
            }
            .insert(cx)?;
        }
        cx.previous(event)
    }
}
