//! What this version handles, as version 2020-01-01 defines it: two commands, their events, and the tables that they read.

use daybook_sdk::prelude::*;

/// An appointment was made.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct Made {
    /// The appointment's id.
    pub appointment: String,
    /// In which room.
    pub room: String,
    /// Who comes.
    pub visitor: String,
    /// When it begins.
    pub begins: Time,
    /// How long it takes.
    pub minutes: u16,
}

/// An appointment is at another time, or in another room.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct Moved {
    /// The appointment's id.
    pub appointment: String,
    /// In which room now.
    pub room: String,
    /// When it begins now.
    pub begins: Time,
}

/// Make an appointment.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct Make {
    /// In which room.
    pub room: String,
    /// Who comes.
    #[schemars(length(min = 1, max = 200))]
    pub visitor: String,
    /// When it begins.
    pub begins: Time,
    /// How long it takes.
    #[schemars(range(min = 5, max = 480))]
    pub minutes: u16,
}

/// Move an appointment to another time, another room, or both.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct Move {
    /// The appointment's id.
    pub appointment: String,
    /// To which room; absent: the one where it is.
    pub room: Option<String>,
    /// When it begins then; absent: when it begins now.
    pub begins: Option<Time>,
}

/// What takes place, or was to.
#[derive(Clone, Debug, PartialEq, Table)]
#[table(index(by_room = [room, cancelled, begins]))]
pub struct Appointment {
    /// Its id.
    #[key]
    pub id: String,
    /// In which room.
    pub room: String,
    /// Who comes.
    pub visitor: String,
    /// When it begins.
    pub begins: Time,
    /// When it ends: the first moment at which the room is free again.
    pub ends: Time,
    /// It does not take place.
    pub cancelled: bool,
}

/// Where appointments can be.
#[derive(Clone, Debug, PartialEq, Table)]
pub struct Room {
    /// As it is called on its door.
    #[key]
    pub name: String,
    /// On which floor; 0 is the ground floor.
    pub floor: i32,
    /// For how many.
    pub seats: u32,
}

/// Days on which there are no appointments.
#[derive(Clone, Debug, PartialEq, Table)]
pub struct Holiday {
    /// The day.
    #[key]
    pub date: Date,
    /// What it is called.
    pub name: String,
}
