//! What this version looks at, as version 2020-01-01 defines it: two commands, an event, and the table of appointments.

use daybook_sdk::prelude::*;

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
    /// The id that it is to have; absent: one is made.
    #[schemars(length(min = 1, max = 100))]
    pub appointment: Option<String>,
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
