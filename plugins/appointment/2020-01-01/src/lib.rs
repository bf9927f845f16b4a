//! The plugin `appointment`, version 2020-01-01: appointments in rooms, and the holidays on which there are none.
//!
//! Teaches three ways in which events say only what happened. An edit of a room names the fields that are otherwise, and an edit that
//! changes nothing is no event. A list that somebody else keeps is taken over whole, by a creator that compares it with what is known
//! and answers with the differences. And a move to where an appointment is already moves nothing.
//!
//! This file owns what happens. What is said (events and commands) is in [`words`], what is kept in [`tables`].

pub mod tables;
pub mod words;

use std::collections::BTreeMap;

use daybook_sdk::prelude::*;

use tables::{Appointment, Holiday, Room};
use words::{
    AddRoom, Cancel, Cancelled, EditRoom, HolidayAdded, HolidayRemoved, HolidayRenamed, Made, Make,
    Move, Moved, RemoveRoom, RoomAdded, RoomEdited, RoomRemoved, TakeHolidays,
};

/// The plugin.
pub struct Appointments;

#[plugin(
    name = "appointment",
    version = "2020-01-01",
    description = "Appointments in rooms, and the holidays on which there are none",
    changes = ["the first version"],
    tables = [Appointment, Room, Holiday]
)]
impl Appointments {
    #[materialize]
    fn made(event: &Event<Made>, cx: &Materialization) -> Done {
        let made = event.data.clone();
        Appointment {
            id: made.appointment,
            room: made.room,
            visitor: made.visitor,
            begins: made.begins,
            ends: end(made.begins, made.minutes)?,
            cancelled: false,
        }
        .insert(cx)
    }

    #[materialize]
    fn moved(event: &Event<Moved>, cx: &Materialization) -> Done {
        let moved = event.data.clone();
        Appointment::try_update(cx, &moved.appointment, |it| {
            let seconds = it.ends.unix_seconds() - it.begins.unix_seconds();
            it.ends = later(moved.begins, seconds)?;
            it.begins = moved.begins;
            it.room = moved.room;
            Ok(())
        })
    }

    #[materialize]
    fn cancelled(event: &Event<Cancelled>, cx: &Materialization) -> Done {
        Appointment::update(cx, &event.data.appointment, |it| it.cancelled = true)
    }

    #[materialize]
    fn room_added(event: &Event<RoomAdded>, cx: &Materialization) -> Done {
        let RoomAdded { room, floor, seats } = event.data.clone();
        Room {
            name: room,
            floor,
            seats,
        }
        .insert(cx)
    }

    #[materialize]
    fn room_edited(event: &Event<RoomEdited>, cx: &Materialization) -> Done {
        let RoomEdited { room, floor, seats } = &event.data;
        Room::update(cx, room, |it| {
            it.floor = floor.unwrap_or(it.floor);
            it.seats = seats.unwrap_or(it.seats);
        })
    }

    #[materialize]
    fn room_removed(event: &Event<RoomRemoved>, cx: &Materialization) -> Done {
        Room::delete(cx, &event.data.room)
    }

    #[materialize]
    fn holiday_added(event: &Event<HolidayAdded>, cx: &Materialization) -> Done {
        let HolidayAdded { date, name } = event.data.clone();
        Holiday { date, name }.insert(cx)
    }

    #[materialize]
    fn holiday_renamed(event: &Event<HolidayRenamed>, cx: &Materialization) -> Done {
        let HolidayRenamed { date, name } = event.data.clone();
        Holiday { date, name }.replace(cx)
    }

    #[materialize]
    fn holiday_removed(event: &Event<HolidayRemoved>, cx: &Materialization) -> Done {
        Holiday::delete(cx, event.data.date)
    }

    #[create]
    fn make(command: &Command<Make>, cx: &Creation) -> Decision {
        let make = command.data.clone();
        open(cx, &make.room, make.begins, end(make.begins, make.minutes)?)?;
        let appointment = make.appointment.unwrap_or_else(|| cx.make_id());
        if Appointment::exists(cx, &appointment) {
            let message = format!("there is an appointment '{appointment}' already");
            return reject("id-taken", message);
        }
        let subject = subject(&appointment);
        let made = Made {
            appointment,
            room: make.room,
            visitor: make.visitor,
            begins: make.begins,
            minutes: make.minutes,
        };
        Ok(events![made.about(subject)])
    }

    #[create]
    fn move_to(command: &Command<Move>, cx: &Creation) -> Decision {
        let wanted = command.data.clone();
        let it = standing(cx, &wanted.appointment)?;
        let room = wanted.room.unwrap_or_else(|| it.room.clone());
        let begins = wanted.begins.unwrap_or(it.begins);
        if room == it.room && begins == it.begins {
            return Ok(events![]);
        }
        let seconds = it.ends.unix_seconds() - it.begins.unix_seconds();
        open(cx, &room, begins, later(begins, seconds)?)?;
        let subject = subject(&it.id);
        let moved = Moved {
            appointment: it.id,
            room,
            begins,
        };
        Ok(events![moved.about(subject)])
    }

    #[create]
    fn cancel(command: &Command<Cancel>, cx: &Creation) -> Decision {
        let appointment = standing(cx, &command.data.appointment)?.id;
        let subject = subject(&appointment);
        Ok(events![Cancelled { appointment }.about(subject)])
    }

    #[create]
    fn add_room(command: &Command<AddRoom>, cx: &Creation) -> Decision {
        let AddRoom { room, floor, seats } = command.data.clone();
        if Room::exists(cx, &room) {
            return reject("room-exists", format!("there is a room '{room}' already"));
        }
        Ok(events![RoomAdded { room, floor, seats }])
    }

    #[create]
    fn edit_room(command: &Command<EditRoom>, cx: &Creation) -> Decision {
        let EditRoom { room, floor, seats } = &command.data;
        let edited = known(cx, room)?.edit(*floor, *seats);
        Ok(edited.into_iter().map(Into::into).collect())
    }

    #[create]
    fn remove_room(command: &Command<RemoveRoom>, cx: &Creation) -> Decision {
        let room = known(cx, &command.data.room)?.name;
        let next = Appointment::find(cx)
            .by(Appointment::BY_ROOM)
            .prefix((&room, false))
            .from(cx.now())
            .first()?;
        if let Some(next) = next {
            let message = format!(
                "in room '{room}' there is an appointment at {}: move it or cancel it first",
                next.begins
            );
            return reject("room-in-use", message);
        }
        Ok(events![RoomRemoved { room }])
    }

    #[create]
    fn take_holidays(command: &Command<TakeHolidays>, cx: &Creation) -> Decision {
        let mut listed = BTreeMap::new();
        for day in &command.data.holidays {
            if let Some(name) = listed.insert(day.date, &day.name) {
                let message = format!("{} is listed as '{name}' and as '{}'", day.date, day.name);
                return reject("listed-twice", message);
            }
        }
        // What is left of the list once everything known is taken out of it is new.
        let mut events = events![];
        for known in Holiday::all(cx)? {
            let date = known.date;
            match listed.remove(&date) {
                None => events.push(HolidayRemoved { date }.into()),
                Some(name) if *name != known.name => {
                    let name = name.clone();
                    events.push(HolidayRenamed { date, name }.into());
                }
                Some(_) => {}
            }
        }
        for (date, name) in listed {
            let name = name.clone();
            events.push(HolidayAdded { date, name }.into());
        }
        Ok(events)
    }
}

fn subject(appointment: &str) -> String {
    format!("appointment/{appointment}")
}

/// The time that many seconds after another.
fn later(time: Time, seconds: i64) -> Result<Time, Failure> {
    match Time::from_unix(time.unix_seconds() + seconds, time.nanos()) {
        Some(later) => Ok(later),
        None => fail(
            "time-too-late",
            format!("{seconds} seconds after {time} is beyond the year 9999"),
        ),
    }
}

fn end(begins: Time, minutes: u16) -> Result<Time, Failure> {
    later(begins, i64::from(minutes) * 60)
}

fn known(cx: &Creation, room: &str) -> Result<Room, Refusal> {
    let found = Room::get(cx, room)?;
    found.map_or_else(
        || reject("unknown-room", format!("there is no room '{room}'")),
        Ok,
    )
}

/// An appointment that is to take place.
fn standing(cx: &Creation, appointment: &str) -> Result<Appointment, Refusal> {
    match Appointment::get(cx, appointment)? {
        None => reject(
            "unknown-appointment",
            format!("there is no appointment '{appointment}'"),
        ),
        Some(it) if it.cancelled => reject(
            "cancelled",
            format!("appointment '{appointment}' was cancelled: make another"),
        ),
        Some(it) => Ok(it),
    }
}

/// Refuses what cannot take place: in a room that is not there, or on a holiday. One that reaches into a holiday is on it.
fn open(cx: &Creation, room: &str, begins: Time, ends: Time) -> Result<(), Refusal> {
    known(cx, room)?;
    let days = Holiday::find(cx).from(begins.date()).to(ends.date());
    let touched = days.rows()?.into_iter();
    // What ends at midnight does not reach into the day that begins then.
    let holiday = { touched }.find(|day| Time::midnight(day.date) < ends);
    match holiday {
        Some(Holiday { date, name }) => reject("holiday", format!("{date} is a holiday: {name}")),
        None => Ok(()),
    }
}
