//! What is kept: appointments, and the two lists that support them.

use daybook_sdk::prelude::*;

use crate::words::RoomEdited;

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

impl Room {
    /// What is wanted otherwise than it is; none where all of it is so already.
    pub fn edit(&self, floor: Option<i32>, seats: Option<u32>) -> Option<RoomEdited> {
        let edited = RoomEdited {
            room: self.name.clone(),
            floor: floor.filter(|floor| *floor != self.floor),
            seats: seats.filter(|seats| *seats != self.seats),
        };
        (edited.floor.is_some() || edited.seats.is_some()).then_some(edited)
    }
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
