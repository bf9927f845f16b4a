//! What is said: events, past tense, and commands, imperative.

use daybook_sdk::prelude::*;

/// A day on which there are no appointments.
#[derive(Clone, Debug, PartialEq, Payload)]
pub struct Day {
    /// The day.
    pub date: Date,
    /// What it is called.
    #[schemars(length(min = 1, max = 100))]
    pub name: String,
}

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

/// An appointment does not take place.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct Cancelled {
    /// The appointment's id.
    pub appointment: String,
}

/// There is another room.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct RoomAdded {
    /// The room, as it is called on its door.
    pub room: String,
    /// On which floor; 0 is the ground floor.
    pub floor: i32,
    /// For how many.
    pub seats: u32,
}

/// Something about a room is otherwise: what is absent stays as it is.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct RoomEdited {
    /// The room.
    pub room: String,
    /// On which floor now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<i32>,
    /// For how many now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seats: Option<u32>,
}

/// A room is no more.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct RoomRemoved {
    /// The room.
    pub room: String,
}

/// A day became a holiday.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct HolidayAdded {
    /// The day.
    pub date: Date,
    /// What it is called.
    pub name: String,
}

/// A holiday is called otherwise.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct HolidayRenamed {
    /// The day.
    pub date: Date,
    /// What it is called now.
    pub name: String,
}

/// A day is no holiday any more.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct HolidayRemoved {
    /// The day.
    pub date: Date,
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

/// Call an appointment off.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct Cancel {
    /// The appointment's id.
    pub appointment: String,
}

/// Add a room.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct AddRoom {
    /// The room, as it is called on its door.
    #[schemars(length(min = 1, max = 50))]
    pub room: String,
    /// On which floor; 0 is the ground floor.
    #[schemars(range(min = -9, max = 200))]
    pub floor: i32,
    /// For how many.
    #[schemars(range(min = 1, max = 10_000))]
    pub seats: u32,
}

/// Say how a room is. A form may send all of it, whether it was changed or not.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct EditRoom {
    /// The room.
    pub room: String,
    /// On which floor; absent: as it is.
    #[schemars(range(min = -9, max = 200))]
    pub floor: Option<i32>,
    /// For how many; absent: as it is.
    #[schemars(range(min = 1, max = 10_000))]
    pub seats: Option<u32>,
}

/// Remove a room in which nothing is to take place any more.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct RemoveRoom {
    /// The room.
    pub room: String,
}

/// Take over the list of holidays as somebody else publishes it, whole. A list without any day is refused: it is a failed
/// download sooner than the end of all holidays.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct TakeHolidays {
    /// All of them, in any order.
    #[schemars(length(min = 1, max = 1_000))]
    pub holidays: Vec<Day>,
}
