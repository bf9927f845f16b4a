//! The calendar: dates, times, and their texts.

use daybook_sdk::{Date, Time};

fn date(text: &str) -> Date {
    Date::parse(text).unwrap()
}

fn time(text: &str) -> Time {
    Time::parse(text).unwrap()
}

#[test]
fn every_day_has_one_number_and_one_text() {
    let mut expected = date("0000-01-01");
    let mut next_number = expected.day_number();
    let mut days = 0;
    // Walk the calendar by its own rules, and compare with the arithmetic at every day.
    loop {
        assert_eq!(expected.day_number(), next_number, "{expected}");
        assert_eq!(Date::from_day_number(next_number), Some(expected));
        assert_eq!(Date::parse(&expected.to_text()), Ok(expected));
        days += 1;
        next_number += 1;
        let (year, month, day) = (expected.year(), expected.month(), expected.day());
        let following = Date::new(year, month, day + 1)
            .or_else(|| Date::new(year, month + 1, 1))
            .or_else(|| Date::new(year + 1, 1, 1));
        match following {
            Some(following) => expected = following,
            None => break,
        }
    }
    assert_eq!(
        (expected.to_text().as_str(), days),
        ("9999-12-31", 3_652_425)
    );
    assert_eq!(Date::from_day_number(next_number), None);
}

#[test]
fn known_days_have_their_numbers() {
    assert_eq!(date("1970-01-01").day_number(), 0);
    assert_eq!(date("1969-12-31").day_number(), -1);
    assert_eq!(date("2000-02-29").day_number(), 11_016);
    assert_eq!(date("1993-03-01").days_since(date("1993-02-28")), 1);
    assert_eq!(date("1996-03-01").days_since(date("1996-02-28")), 2);
    assert_eq!(date("1996-02-10").last_of_month(), date("1996-02-29"));
    assert_eq!(date("1999-12-31").plus_days(1), date("2000-01-01"));
}

#[test]
fn what_is_no_day_is_refused() {
    for text in [
        "2023-02-29",
        "1900-02-29",
        "2024-13-01",
        "2024-00-01",
        "2024-04-31",
        "2024-1-1",
        "2024-01-01 ",
        "20240101",
        "2024/01/01",
        "",
        "-024-01-01",
        "２024-01-01",
    ] {
        assert!(Date::parse(text).is_err(), "{text}");
    }
    let error = Date::parse("2023-02-29").unwrap_err();
    assert_eq!(
        error.to_string(),
        "`2023-02-29` is not a date like 2018-07-30"
    );
}

#[test]
fn times_are_read_with_any_offset_and_written_in_utc() {
    for (text, expected) in [
        ("2018-07-30T12:00:00Z", "2018-07-30T12:00:00Z"),
        ("2018-07-30t12:00:00z", "2018-07-30T12:00:00Z"),
        ("2018-07-30 12:00:00+02:00", "2018-07-30T10:00:00Z"),
        ("2018-12-31T23:30:00-01:00", "2019-01-01T00:30:00Z"),
        ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500Z"),
        ("2018-07-30T12:00:00.000001Z", "2018-07-30T12:00:00.000001Z"),
        (
            "2018-07-30T12:00:00.1234567891Z",
            "2018-07-30T12:00:00.123456789Z",
        ),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"),
    ] {
        assert_eq!(time(text).to_text(), expected);
    }
    assert_eq!(time("2018-12-31T23:30:00-01:00").date(), date("2019-01-01"));
    assert_eq!(time("1970-01-02T00:00:01Z").unix_seconds(), 86_401);
    assert_eq!(
        Time::midnight(date("1970-01-02"))
            .plus_seconds(-1)
            .to_text(),
        "1970-01-01T23:59:59Z"
    );
    assert!(time("1969-12-31T23:59:59.5Z") < time("1970-01-01T00:00:00Z"));
}

#[test]
fn what_is_no_time_is_refused() {
    for text in [
        "2018-07-30",
        "2018-07-30T12:00Z",
        "2018-07-30T12:00:00",
        "2018-07-30T24:00:00Z",
        "2018-07-30T12:60:00Z",
        "2018-07-30T12:00:61Z",
        "2018-07-30T12:00:00.Z",
        "2018-07-30T12:00:00+2:00",
        "2018-07-30T12:00:00+24:00",
        "2018-02-30T12:00:00Z",
        "0000-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-00:01",
        "2018-07-3é12:00:00Z",
    ] {
        assert!(Time::parse(text).is_err(), "{text}");
    }
}

/// The host is tried on the same table (tests/tests/all/times.rs).
#[test]
fn the_table_of_times_is_read_as_it_says() {
    let mut cases = 0;
    for line in include_str!("../../tests/fixtures/times.txt").lines() {
        if let Some(text) = line.strip_prefix("refused ") {
            assert!(Time::parse(text).is_err(), "{text}");
        } else if let Some((text, expected)) =
            { line.strip_prefix("taken ") }.and_then(|line| line.split_once(" = "))
        {
            assert_eq!(time(text).to_text(), expected, "{text}");
        } else {
            continue;
        }
        cases += 1;
    }
    assert!(cases > 50);
}
