//! The plugin `appointment`, version 2020-03-01: two appointments never overlap in a room.
//!
//! Holds that rule and nothing else. It is a rule about what may be asked for, so it is in the creators of the two commands that put an
//! appointment into a room. A creator cannot ask the version below for its answer, as a materializer can: both are written out whole,
//! and each differs in one line. What events mean is untouched, so no replay differs, and what once overlapped stays as it was agreed.

pub mod words;

use daybook_sdk::prelude::*;

use words::{Appointment, Holiday, Made, Make, Move, Moved, Room};

/// The plugin.
pub struct Appointments;

#[plugin(
    name = "appointment",
    version = "2020-03-01",
    extends = "2020-01-01",
    description = "Appointments in rooms, and the holidays on which there are none",
    changes = ["an appointment that would overlap with another in its room is refused"],
    tables = [Appointment, Holiday, Room],
    events = [Made, Moved]
)]
impl Appointments {
    #[create]
    fn make(command: &Command<Make>, cx: &Creation) -> Decision {
        let make = command.data.clone();
        let ends = end(make.begins, make.minutes)?;
        open(cx, &make.room, make.begins, ends)?;
        free(cx, &make.room, make.begins, ends, None)?;
        let appointment = cx.make_id();
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
        let ends = later(begins, seconds)?;
        open(cx, &room, begins, ends)?;
        free(cx, &room, begins, ends, Some(&it.id))?;
        let subject = subject(&it.id);
        let moved = Moved {
            appointment: it.id,
            room,
            begins,
        };
        Ok(events![moved.about(subject)])
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

/// Refuses what would begin before another in the room has ended. What ends as the next begins does not overlap, what was
/// cancelled leaves its time free, and nothing is in its own way.
fn free(
    cx: &Creation,
    room: &str,
    begins: Time,
    ends: Time,
    own: Option<&str>,
) -> Result<(), Refusal> {
    let sql = "SELECT begins, ends FROM appointment_appointment
               WHERE room = ?1 AND cancelled = 0 AND begins < ?2 AND ends > ?3 AND id <> ?4
               ORDER BY begins, id LIMIT 1";
    let taken = cx.query::<(Time, Time)>(sql, (room, ends, begins, own.unwrap_or("")))?;
    match taken.first() {
        Some((from, to)) => {
            let message =
                format!("room '{room}' is taken from {from} to {to}: choose another time or room");
            reject("overlap", message)
        }
        None => Ok(()),
    }
}
