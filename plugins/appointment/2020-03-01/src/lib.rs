//! The plugin `appointment`, version 2020-03-01: two appointments never overlap in a room.
//!
//! Holds that rule and nothing else. It is a rule about what may be asked for, so it is in the creators of the two commands that put an
//! appointment into a room. Each lets the version below answer first: what that refuses is refused, and what it would do is looked at.
//! What events mean is untouched, so no replay differs, and what once overlapped stays as it was agreed.

pub mod words;

use daybook_sdk::prelude::*;

use words::{Appointment, Make, Move, Moved};

/// The plugin.
pub struct Appointments;

#[plugin(
    name = "appointment",
    version = "2020-03-01",
    extends = "2020-01-01",
    description = "Appointments in rooms, and the holidays on which there are none",
    changes = ["an appointment that would overlap with another in its room is refused"],
    tables = [Appointment],
    events = [Moved]
)]
impl Appointments {
    #[create]
    fn make(command: &Command<Make>, cx: &Creation) -> Decision {
        let events = cx.previous(command)?;
        let Make {
            room,
            begins,
            minutes,
            ..
        } = &command.data;
        let ends = later(*begins, i64::from(*minutes) * 60)?;
        free(cx, room, *begins, ends, None)?;
        Ok(events)
    }

    #[create]
    fn move_to(command: &Command<Move>, cx: &Creation) -> Decision {
        let events = cx.previous(command)?;
        for event in &events {
            if let Some(Moved {
                appointment,
                room,
                begins,
            }) = event.payload()?
            {
                let it = Appointment::require(cx, &appointment)?;
                let seconds = it.ends.unix_seconds() - it.begins.unix_seconds();
                free(cx, &room, begins, later(begins, seconds)?, Some(&it.id))?;
            }
        }
        Ok(events)
    }
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
