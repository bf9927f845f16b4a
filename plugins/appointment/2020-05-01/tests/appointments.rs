//! What is asked of whoever keeps the list, and what its answer changes.

use appointment_2020_01_01::Appointments as First;
use appointment_2020_03_01::Appointments as Second;
use appointment_2020_05_01::Appointments;
use appointment_2020_05_01::words::{
    AskForHolidays, HolidayAdded, HolidayRemoved, HolidayRenamed, HolidaysAsked, List, Listed,
    TakeYear, Year,
};
use daybook_sdk::prelude::*;
use daybook_sdk::testing::{Scenario, declared_alike};

fn date(text: &str) -> Date {
    Date::parse(text).expect("a date")
}

fn added(day: &str, name: &str) -> HolidayAdded {
    HolidayAdded {
        date: date(day),
        name: name.into(),
    }
}

fn take(year: u16, days: &[(&str, &str)]) -> TakeYear {
    let listed = days.iter().map(|(day, name)| Listed {
        date: date(day),
        name: (*name).into(),
    });
    TakeYear {
        asked: Year { year },
        holidays: listed.collect(),
    }
}

fn scenario() -> Scenario<Appointments> {
    Scenario::new()
        .previous::<Second>()
        .previous::<First>()
        .given(added("2020-05-01", "Labour Day"))
        .given(added("2020-12-25", "Christmas"))
        .given(added("2021-05-01", "Labour Day"))
}

#[test]
fn the_list_of_this_year_or_of_another_is_asked_for_and_nothing_is_kept() {
    scenario()
        .at("2020-05-02T10:00:00Z")
        .when(AskForHolidays { year: None })
        .then_events(events![HolidaysAsked { year: 2020 }])
        .when(AskForHolidays { year: Some(2021) })
        .then_events(events![HolidaysAsked { year: 2021 }])
        .when_event(HolidaysAsked { year: 2021 })
        .then_tasks([List { year: 2021 }.with_key("2021")]);
}

#[test]
fn only_what_the_list_has_otherwise_becomes_events_and_other_years_are_let_be() {
    let as_known = [("2020-05-01", "Labour Day"), ("2020-12-25", "Christmas")];
    scenario()
        .when(take(2020, &as_known))
        .then_events(events![])
        .when(take(
            2020,
            &[("2020-05-01", "May Day"), ("2020-05-08", "Victory Day")],
        ))
        .then_events(events![
            HolidayRenamed {
                date: date("2020-05-01"),
                name: "May Day".into()
            },
            HolidayRemoved {
                date: date("2020-12-25")
            },
            added("2020-05-08", "Victory Day")
        ]);
}

#[test]
fn a_list_that_contradicts_itself_is_refused() {
    scenario()
        .when(take(2020, &[("2021-05-01", "Labour Day")]))
        .then_rejected("another-year")
        .when(take(2020, &[("2020-05-01", "a"), ("2020-05-01", "b")]))
        .then_rejected("listed-twice");
}

#[test]
fn what_is_defined_below_is_declared_alike() {
    let alike = declared_alike::<Appointments, First>();
    let days = ["Added", "Renamed", "Removed"].map(|it| format!("appointment.Holiday{it}"));
    for name in days.iter().map(String::as_str).chain(["holiday"]) {
        assert!(alike.iter().any(|it| *it == name), "{name}: {alike:?}");
    }
}
