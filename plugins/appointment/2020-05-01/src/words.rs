//! What this version says beside version 2020-03-01: a list is asked for, fetched and taken. The days and their table are as version
//! 2020-01-01 defines them.

use daybook_sdk::prelude::*;

/// A year's list of holidays was asked for.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct HolidaysAsked {
    /// The year.
    pub year: u16,
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

/// Ask whoever keeps the list for a year's holidays.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct AskForHolidays {
    /// The year; absent: this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year: Option<u16>,
}

/// Take a year's list as it was fetched: what it has and what it lacks is so from now on.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct TakeYear {
    /// Which list was asked for.
    pub asked: Year,
    /// All of its holidays.
    #[schemars(length(max = 366))]
    pub holidays: Vec<Listed>,
}

/// A year, as the task has it.
#[derive(Clone, Debug, PartialEq, Eq, Payload)]
pub struct Year {
    /// The year.
    pub year: u16,
}

/// A day of a list.
#[derive(Clone, Debug, PartialEq, Eq, Payload)]
pub struct Listed {
    /// The day.
    pub date: Date,
    /// What it is called.
    #[schemars(length(min = 1, max = 200))]
    pub name: String,
}

/// Fetch a year's list of holidays.
#[derive(Clone, Debug, PartialEq, Task)]
#[task(kind = "holidays")]
pub struct List {
    /// The year.
    pub year: u16,
}

/// A day on which there are no appointments.
#[derive(Clone, Debug, PartialEq, Table)]
pub struct Holiday {
    /// The day.
    #[key]
    pub date: Date,
    /// What it is called.
    pub name: String,
}
