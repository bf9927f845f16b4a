//! Which appointments are refused for others, and which are not.

use appointment_2020_01_01::Appointments as First;
use appointment_2020_01_01::words::{Cancelled, HolidayAdded, Made, RoomAdded};
use appointment_2020_03_01::Appointments;
use appointment_2020_03_01::words::{Appointment, Make, Move, Moved};
use daybook_sdk::Plugin;
use daybook_sdk::prelude::*;
use daybook_sdk::testing::{Scenario, declared_alike, made_id};

/// On 2 March 2020, a Monday.
fn at(time: &str) -> Time {
    Time::parse(&format!("2020-03-02T{time}:00Z")).expect("a time")
}

fn made(appointment: &str, room: &str, begins: &str, minutes: u16) -> Made {
    Made {
        appointment: appointment.into(),
        room: room.into(),
        visitor: "Ms Gray".into(),
        begins: at(begins),
        minutes,
    }
}

fn make(room: &str, begins: &str, minutes: u16) -> Make {
    Make {
        appointment: None,
        room: room.into(),
        visitor: "Ms Gray".into(),
        begins: at(begins),
        minutes,
    }
}

fn move_to(appointment: &str, room: Option<&str>, begins: Option<&str>) -> Move {
    Move {
        appointment: appointment.into(),
        room: room.map(Into::into),
        begins: begins.map(at),
    }
}

/// Two rooms; in the blue one an appointment from nine to ten.
fn with_one<V: Plugin>(scenario: Scenario<V>) -> Scenario<V> {
    let added = |room: &str| RoomAdded {
        room: room.into(),
        floor: 1,
        seats: 4,
    };
    scenario
        .given(added("blue"))
        .given(added("red"))
        .given(made("a", "blue", "09:00", 60))
}

fn scenario() -> Scenario<Appointments> {
    with_one(Scenario::new().previous::<First>())
}

#[test]
fn what_overlaps_is_refused_from_either_side_from_within_and_from_without() {
    for (begins, minutes) in [
        ("08:30", 31),
        ("08:30", 120),
        ("09:00", 60),
        ("09:20", 5),
        ("09:59", 30),
    ] {
        scenario()
            .when(make("blue", begins, minutes))
            .then_rejected("overlap");
        // The version before agrees to it.
        with_one(Scenario::<First>::new())
            .when(make("blue", begins, minutes))
            .then_events(events![
                made(&made_id(1), "blue", begins, minutes)
                    .about(format!("appointment/{}", made_id(1)))
            ]);
    }
}

#[test]
fn what_only_touches_or_is_in_another_room_is_not() {
    for (room, begins, minutes) in [
        ("blue", "08:30", 30),
        ("blue", "10:00", 30),
        ("red", "09:00", 60),
    ] {
        scenario()
            .when(make(room, begins, minutes))
            .then_events(events![
                made(&made_id(1), room, begins, minutes)
                    .about(format!("appointment/{}", made_id(1)))
            ]);
    }
}

#[test]
fn what_was_cancelled_leaves_its_time_free() {
    scenario()
        .given(Cancelled {
            appointment: "a".into(),
        })
        .when(make("blue", "09:00", 60))
        .then_events(events![
            made(&made_id(1), "blue", "09:00", 60).about(format!("appointment/{}", made_id(1)))
        ])
        .when(make("blue", "09:30", 60))
        .then_rejected("overlap");
}

#[test]
fn a_move_is_held_to_the_same_rule_but_is_not_in_its_own_way() {
    let moved = |room: &str, begins: &str| {
        Moved {
            appointment: "b".into(),
            room: room.into(),
            begins: at(begins),
        }
        .about("appointment/b")
    };
    scenario()
        .given(made("b", "blue", "11:00", 60))
        .when(move_to("b", None, Some("09:59")))
        .then_rejected("overlap")
        .when(move_to("b", None, Some("10:30")))
        .then_events(events![moved("blue", "10:30")])
        .when(move_to("b", None, Some("10:00")))
        .then_events(events![moved("blue", "10:00")])
        .when(move_to("b", None, Some("10:00")))
        .then_events(events![])
        .when(move_to("b", Some("red"), Some("09:30")))
        .then_events(events![moved("red", "09:30")])
        .when(move_to("b", Some("blue"), None))
        .then_rejected("overlap");
}

#[test]
fn what_the_version_before_refuses_is_refused_for_the_same_reason() {
    let holiday = HolidayAdded {
        date: Date::parse("2020-03-02").expect("a date"),
        name: "Town's day".into(),
    };
    scenario()
        .when(make("green", "09:00", 60))
        .then_rejected("unknown-room")
        .when(move_to("z", None, Some("09:00")))
        .then_rejected("unknown-appointment")
        .given(holiday)
        .when(make("blue", "09:00", 60))
        .then_rejected("holiday")
        .given(Cancelled {
            appointment: "a".into(),
        })
        .when(move_to("a", None, Some("12:00")))
        .then_rejected("cancelled");
}

#[test]
fn what_overlapped_already_is_materialized_as_before() {
    let rows = scenario()
        .given(made("b", "blue", "09:30", 60))
        .rows::<Appointment>();
    assert_eq!(rows.len(), 2);
    assert!(rows[1].begins < rows[0].ends, "{rows:?}");
}

#[test]
fn what_both_versions_declare_they_declare_alike() {
    assert_eq!(
        declared_alike::<Appointments, First>(),
        [
            "appointment",
            "appointment.Moved",
            "appointment.Make",
            "appointment.Move"
        ]
    );
    assert!(
        Appointments::manifest().materializes.is_empty(),
        "what events mean is left alone"
    );
}
