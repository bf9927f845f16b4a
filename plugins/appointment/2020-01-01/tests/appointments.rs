//! Appointments are made, moved and called off; rooms and holidays change by what is otherwise, and by nothing else.

use appointment_2020_01_01::Appointments;
use appointment_2020_01_01::tables::{Appointment, Holiday, Room};
use appointment_2020_01_01::words::{
    AddRoom, Cancel, Cancelled, Day, EditRoom, HolidayAdded, HolidayRemoved, HolidayRenamed, Made,
    Make, Move, Moved, RemoveRoom, RoomAdded, RoomEdited, RoomRemoved, TakeHolidays,
};
use daybook_sdk::prelude::*;
use daybook_sdk::testing::{Scenario, made_id};

fn date(text: &str) -> Date {
    Date::parse(text).expect("a date")
}

/// On 2 March 2020, a Monday.
fn at(time: &str) -> Time {
    Time::parse(&format!("2020-03-02T{time}:00Z")).expect("a time")
}

fn added(room: &str) -> RoomAdded {
    RoomAdded {
        room: room.into(),
        floor: 1,
        seats: 4,
    }
}

fn made(appointment: &str, room: &str, begins: Time, minutes: u16) -> Made {
    Made {
        appointment: appointment.into(),
        room: room.into(),
        visitor: "Ms Gray".into(),
        begins,
        minutes,
    }
}

fn kept(id: &str, room: &str, begins: Time, ends: Time) -> Appointment {
    Appointment {
        id: id.into(),
        room: room.into(),
        visitor: "Ms Gray".into(),
        begins,
        ends,
        cancelled: false,
    }
}

fn make(room: &str, begins: Time, minutes: u16) -> Make {
    Make {
        appointment: None,
        room: room.into(),
        visitor: "Ms Gray".into(),
        begins,
        minutes,
    }
}

fn move_to(appointment: &str, room: Option<&str>, begins: Option<Time>) -> Move {
    Move {
        appointment: appointment.into(),
        room: room.map(Into::into),
        begins,
    }
}

fn edit(room: &str, floor: Option<i32>, seats: Option<u32>) -> EditRoom {
    EditRoom {
        room: room.into(),
        floor,
        seats,
    }
}

fn holidays(days: &[(&str, &str)]) -> TakeHolidays {
    let day = |(on, name): &(&str, &str)| Day {
        date: date(on),
        name: (*name).into(),
    };
    TakeHolidays {
        holidays: days.iter().map(day).collect(),
    }
}

/// Two rooms, and an appointment in the first.
fn with_one() -> Scenario<Appointments> {
    Scenario::new()
        .at("2020-03-01")
        .given(added("blue"))
        .given(added("red"))
        .given(made("a", "blue", at("09:00"), 30))
}

#[test]
fn an_appointment_is_made_in_a_room_that_is_there() {
    Scenario::<Appointments>::new()
        .when(make("blue", at("09:00"), 30))
        .then_rejected("unknown-room")
        .given(added("blue"))
        .when(make("blue", at("09:00"), 30))
        .then_events(events![
            made(&made_id(1), "blue", at("09:00"), 30).about(format!("appointment/{}", made_id(1)))
        ])
        .then_rows([kept(&made_id(1), "blue", at("09:00"), at("09:30"))]);
}

#[test]
fn a_move_changes_what_it_names_and_keeps_the_length() {
    let moved = |room: &str, begins| {
        Moved {
            appointment: "a".into(),
            room: room.into(),
            begins,
        }
        .about("appointment/a")
    };
    with_one()
        .when(move_to("a", None, Some(at("10:15"))))
        .then_events(events![moved("blue", at("10:15"))])
        .then_rows([kept("a", "blue", at("10:15"), at("10:45"))])
        .when(move_to("a", Some("red"), None))
        .then_events(events![moved("red", at("10:15"))])
        .then_rows([kept("a", "red", at("10:15"), at("10:45"))])
        .when(move_to("a", Some("red"), Some(at("10:15"))))
        .then_events(events![])
        .when(move_to("a", None, None))
        .then_events(events![])
        .when(move_to("a", Some("green"), None))
        .then_rejected("unknown-room")
        .when(move_to("b", None, Some(at("10:15"))))
        .then_rejected("unknown-appointment");
}

#[test]
fn what_was_cancelled_stays_and_neither_moves_nor_is_cancelled_again() {
    let cancel = || Cancel {
        appointment: "a".into(),
    };
    let cancelled = Cancelled {
        appointment: "a".into(),
    };
    with_one()
        .when(cancel())
        .then_events(events![cancelled.about("appointment/a")])
        .then_rows([Appointment {
            cancelled: true,
            ..kept("a", "blue", at("09:00"), at("09:30"))
        }])
        .when(cancel())
        .then_rejected("cancelled")
        .when(move_to("a", None, Some(at("10:15"))))
        .then_rejected("cancelled")
        .when(Cancel {
            appointment: "b".into(),
        })
        .then_rejected("unknown-appointment");
}

#[test]
fn an_edit_says_only_what_is_otherwise() {
    let edited = |floor, seats| RoomEdited {
        room: "blue".into(),
        floor,
        seats,
    };
    let row = |floor, seats| Room {
        name: "blue".into(),
        floor,
        seats,
    };
    with_one()
        .when(edit("blue", Some(1), Some(6)))
        .then_events(events![edited(None, Some(6))])
        .then_row(row(1, 6))
        .when(edit("blue", Some(0), None))
        .then_events(events![edited(Some(0), None)])
        .then_row(row(0, 6))
        .when(edit("blue", Some(0), Some(6)))
        .then_events(events![])
        .when(edit("blue", None, None))
        .then_events(events![])
        .when(edit("green", Some(0), None))
        .then_rejected("unknown-room");
}

#[test]
fn a_room_is_added_once_and_removed_when_nothing_is_to_come() {
    let add = || AddRoom {
        room: "blue".into(),
        floor: 1,
        seats: 4,
    };
    let remove = |room: &str| RemoveRoom { room: room.into() };
    let removed = |room: &str| RoomRemoved { room: room.into() };
    with_one()
        .when(add())
        .then_rejected("room-exists")
        .when(remove("blue"))
        .then_rejected("room-in-use")
        .when(remove("red"))
        .then_events(events![removed("red")])
        .then_no_row::<Room>("red")
        .when(remove("red"))
        .then_rejected("unknown-room")
        // What was is no hindrance, nor what was cancelled.
        .given(made("b", "blue", at("11:00"), 30))
        .at("2020-03-02T10:00:00Z")
        .when(remove("blue"))
        .then_rejected("room-in-use")
        .given(Cancelled {
            appointment: "b".into(),
        })
        .when(remove("blue"))
        .then_events(events![removed("blue")])
        .when(add())
        .then_events(events![added("blue")]);
}

#[test]
fn a_list_is_taken_over_by_what_differs_and_an_equal_one_changes_nothing() {
    let kept = |on: &str, name: &str| Holiday {
        date: date(on),
        name: name.into(),
    };
    Scenario::<Appointments>::new()
        .when(holidays(&[
            ("2020-05-01", "Labour Day"),
            ("2020-01-01", "New Year"),
            ("2020-04-13", "Easter Mon"),
        ]))
        .then_events(events![
            HolidayAdded {
                date: date("2020-01-01"),
                name: "New Year".into()
            },
            HolidayAdded {
                date: date("2020-04-13"),
                name: "Easter Mon".into()
            },
            HolidayAdded {
                date: date("2020-05-01"),
                name: "Labour Day".into()
            },
        ])
        .when(holidays(&[
            ("2020-01-01", "New Year"),
            ("2020-04-13", "Easter Monday"),
            ("2020-12-25", "Christmas"),
        ]))
        .then_events(events![
            HolidayRenamed {
                date: date("2020-04-13"),
                name: "Easter Monday".into()
            },
            HolidayRemoved {
                date: date("2020-05-01")
            },
            HolidayAdded {
                date: date("2020-12-25"),
                name: "Christmas".into()
            },
        ])
        .then_rows([
            kept("2020-01-01", "New Year"),
            kept("2020-04-13", "Easter Monday"),
            kept("2020-12-25", "Christmas"),
        ])
        .when(holidays(&[
            ("2020-12-25", "Christmas"),
            ("2020-01-01", "New Year"),
            ("2020-04-13", "Easter Monday"),
        ]))
        .then_events(events![])
        .when(holidays(&[
            ("2020-12-25", "Christmas"),
            ("2020-12-25", "Xmas"),
        ]))
        .then_rejected("listed-twice");
}

#[test]
fn there_are_no_appointments_on_a_holiday() {
    let night = Time::parse("2020-03-02T23:30:00Z").expect("a time");
    let tuesday = HolidayAdded {
        date: date("2020-03-03"),
        name: "Town's day".into(),
    };
    with_one()
        .given(tuesday)
        .when(make("blue", night, 31))
        .then_rejected("holiday")
        .when(make("blue", night.plus_seconds(3_600), 5))
        .then_rejected("holiday")
        .when(move_to("a", None, Some(night.plus_seconds(60))))
        .then_rejected("holiday")
        // Until midnight it is Monday, and after the next one Wednesday.
        .when(make("blue", night, 30))
        .then_events(events![
            made(&made_id(1), "blue", night, 30).about(format!("appointment/{}", made_id(1)))
        ])
        .when(make("blue", Time::midnight(date("2020-03-04")), 30))
        .then_row(kept(
            &made_id(2),
            "blue",
            Time::midnight(date("2020-03-04")),
            Time::midnight(date("2020-03-04")).plus_seconds(1_800),
        ));
}

#[test]
fn events_about_what_is_not_there_fail() {
    with_one()
        .when_event(RoomRemoved {
            room: "green".into(),
        })
        .then_failed("row-missing")
        .when_event(made("a", "red", at("12:00"), 30))
        .then_failed("row-exists")
        .when_event(made(
            "z",
            "red",
            Time::parse("9999-12-31T23:59:00Z").expect("a time"),
            5,
        ))
        .then_failed("time-too-late");
}

#[test]
fn a_client_may_give_the_id_and_one_that_is_taken_is_refused() {
    let make = |id: &str| Make {
        appointment: Some(id.into()),
        ..make("blue", at("10:00"), 30)
    };
    with_one()
        .when(make("mine"))
        .then_events(events![
            made("mine", "blue", at("10:00"), 30).about("appointment/mine")
        ])
        .when(make("mine"))
        .then_rejected("id-taken");
}
