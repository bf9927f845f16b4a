//! When a command is due that the clock runs: every so often, or as five fields of cron say it. All times are UTC, in
//! milliseconds since 1970; the caller says what time it is.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;
use jiff::{Span as Days, Timestamp};

use super::error::shown;
use super::span::Span;
use super::{Error, Result};

/// The shortest time between two runs: each is a commit.
const EVERY_MS_MIN: i64 = 1_000;

const MINUTE_MS: i64 = 60_000;

/// Days that are looked through for one that cron's fields name: 29 February may be eight years away.
const DAYS_MAX: i64 = 8 * 366 + 1;

/// When something is due, again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Timing {
    /// So long after the time before, and first so long after it was set.
    Every(Span),
    Cron(Cron),
}

/// Minutes that five fields name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    /// As it was written.
    text: String,
    /// Of each field, a bit for each number that it names: minute, hour, day of the month, month, day of the week.
    fields: [u64; 5],
    /// A day has to be one of the month's and one of the week's where one of these fields is `*`; else one of them will do.
    needs_both: bool,
}

/// Names and bounds of the fields.
const FIELDS: [(&str, u32, u32); 5] = [
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day of the month", 1, 31),
    ("month", 1, 12),
    ("day of the week", 0, 7),
];

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const SHORTHANDS: [(&str, &str); 5] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
];

impl Timing {
    /// Reads `1h`, `90s`, `2d`; one second at least.
    pub fn every(text: &str) -> Result<Timing> {
        let span: Span = text.parse()?;
        match span.ms() >= EVERY_MS_MIN {
            true => Ok(Timing::Every(span)),
            false => Err(Error::usage(format!(
                "every {span} is too often; 1s is the shortest time"
            ))),
        }
    }

    /// Reads `0 3 * * *`, or `@daily`.
    pub fn cron(text: &str) -> Result<Timing> {
        Ok(Timing::Cron(text.parse()?))
    }

    /// The first time after another at which it is due; none where that is beyond all calendars.
    pub fn next(&self, after: i64) -> Option<i64> {
        match self {
            Timing::Every(span) => after.checked_add(span.ms()),
            Timing::Cron(cron) => cron.seek(after.div_euclid(MINUTE_MS) + 1, true),
        }
    }

    /// The last time at which it was due, after one and not after another: those before it that were missed are not run.
    pub fn latest(&self, after: i64, now: i64) -> Option<i64> {
        let latest = match self {
            Timing::Every(span) => {
                let times = now.checked_sub(after)?.div_euclid(span.ms());
                after.checked_add(times.checked_mul(span.ms())?)?
            }
            Timing::Cron(cron) => cron.seek(now.div_euclid(MINUTE_MS), false)?,
        };
        (latest > after).then_some(latest)
    }
}

impl fmt::Display for Timing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Timing::Every(span) => span.fmt(f),
            Timing::Cron(cron) => f.write_str(&cron.text),
        }
    }
}

/// The text that `Display` writes.
impl FromStr for Timing {
    type Err = Error;
    fn from_str(text: &str) -> Result<Timing> {
        match text.contains(' ') || text.starts_with('@') {
            true => Timing::cron(text),
            false => Timing::every(text),
        }
    }
}

impl Cron {
    /// The first minute from one on, forward or back, that the fields name; in milliseconds.
    fn seek(&self, minute: i64, forward: bool) -> Option<i64> {
        let from = Timestamp::from_millisecond(minute.checked_mul(MINUTE_MS)?).ok()?;
        let from: DateTime = Offset::UTC.to_datetime(from);
        let first =
            u32::from(from.hour().unsigned_abs()) * 60 + u32::from(from.minute().unsigned_abs());
        for away in 0..DAYS_MAX {
            let days = Days::new().days(if forward { away } else { -away });
            let date = from.date().checked_add(days).ok()?;
            if !self.has_day(date) {
                continue;
            }
            let within = |at: &u32| away > 0 || if forward { *at >= first } else { *at <= first };
            let mut minutes = (0..24 * 60)
                .filter(within)
                .filter(|at| self.has_minute(*at));
            let found = if forward {
                minutes.next()
            } else {
                minutes.next_back()
            };
            if let Some(at) = found {
                let (hour, minute) = (i8::try_from(at / 60).ok()?, i8::try_from(at % 60).ok()?);
                let time = Offset::UTC.to_timestamp(date.at(hour, minute, 0, 0)).ok()?;
                return Some(time.as_millisecond());
            }
        }
        None
    }

    fn has(&self, field: usize, number: u32) -> bool {
        self.fields[field] >> number & 1 == 1
    }

    fn has_minute(&self, of_day: u32) -> bool {
        self.has(0, of_day % 60) && self.has(1, of_day / 60)
    }

    fn has_day(&self, date: Date) -> bool {
        let weekday = u32::from(date.weekday().to_sunday_zero_offset().unsigned_abs());
        let of_month = self.has(2, u32::from(date.day().unsigned_abs()));
        let of_week = self.has(4, weekday);
        self.has(3, u32::from(date.month().unsigned_abs()))
            && match self.needs_both {
                true => of_month && of_week,
                false => of_month || of_week,
            }
    }
}

impl FromStr for Cron {
    type Err = Error;
    fn from_str(text: &str) -> Result<Cron> {
        let refuse = |what: String| {
            Err(Error::usage(format!("'{}': {what}", shown(text))).hint(
                "minute, hour, day of the month, month, day of the week, in UTC: '0 3 * * *' is 3 o'clock every day",
            ))
        };
        let long = SHORTHANDS.iter().find(|(short, _)| *short == text);
        let parts: Vec<&str> = long
            .map_or(text, |(_, long)| long)
            .split_whitespace()
            .collect();
        if parts.len() != FIELDS.len() {
            return refuse(format!("cron has 5 fields, and here are {}", parts.len()));
        }
        let mut fields = [0; 5];
        for (at, part) in parts.iter().enumerate() {
            match field(at, part) {
                Some(bits) => fields[at] = bits,
                None => {
                    let (name, least, most) = FIELDS[at];
                    let part = shown(part);
                    return refuse(format!(
                        "'{part}' is no {name}: numbers from {least} to {most}, with * , - and /"
                    ));
                }
            }
        }
        // 7 is Sunday too.
        fields[4] |= fields[4] >> 7 & 1;
        let cron = Cron {
            text: text.to_owned(),
            fields,
            needs_both: parts[2].starts_with('*') || parts[4].starts_with('*'),
        };
        match cron.seek(0, true) {
            Some(_) => Ok(cron),
            None => refuse("there is no such day".to_owned()),
        }
    }
}

/// The numbers that a field names: a list of `*`, `3`, `1-5`, each perhaps with `/step`.
fn field(at: usize, text: &str) -> Option<u64> {
    let (_, least, most) = FIELDS[at];
    let names: &[&str] = match at {
        3 => &MONTHS,
        4 => &WEEKDAYS,
        _ => &[],
    };
    let number = |text: &str| {
        let lower = text.to_ascii_lowercase();
        let named = names.iter().position(|name| *name == lower);
        let named = named.and_then(|at| Some(u32::try_from(at).ok()? + least));
        let digits = || {
            text.bytes()
                .all(|byte| byte.is_ascii_digit())
                .then(|| text.parse().ok())?
        };
        named
            .or_else(digits)
            .filter(|it| (least..=most).contains(it))
    };
    let mut bits = 0;
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step.parse::<u32>().ok().filter(|it| *it > 0)?)),
            None => (part, None),
        };
        let (first, last) = match (range, range.split_once('-')) {
            ("*", _) => (least, most),
            (_, Some((first, last))) => (number(first)?, number(last)?),
            (one, None) => (
                number(one)?,
                if step.is_some() { most } else { number(one)? },
            ),
        };
        if first > last {
            return None;
        }
        for it in (first..=last).step_by(step.unwrap_or(1) as usize) {
            bits |= 1 << it;
        }
    }
    Some(bits)
}

/// Puts a due time into a payload: `{due}` becomes the time and `{due.date}` its day. Both stand in strings of JSON, since
/// elsewhere a brace and a name are no JSON.
pub fn fill_due(data: &str, due: &str) -> String {
    let day = due.get(..10).unwrap_or(due);
    data.replace("{due.date}", day).replace("{due}", due)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::clock::{text_of_milliseconds, unix_milliseconds};

    fn at(text: &str) -> i64 {
        unix_milliseconds(text).unwrap()
    }

    fn short(ms: Option<i64>) -> String {
        ms.map_or_else(
            || "never".to_owned(),
            |ms| text_of_milliseconds(ms)[..16].to_owned(),
        )
    }

    #[test]
    fn cron_names_the_minutes_that_cron_names() {
        for (text, after, next) in [
            ("0 3 * * *", "2026-02-28T03:00:00Z", "2026-03-01T03:00"),
            ("0 3 * * *", "2026-02-28T02:59:59Z", "2026-02-28T03:00"),
            ("*/15 * * * *", "2026-01-01T23:46:00Z", "2026-01-02T00:00"),
            (
                "5,10-12 9-17/4 * * *",
                "2026-01-01T09:12:00Z",
                "2026-01-01T13:05",
            ),
            ("0 0 29 2 *", "2096-02-29T00:00:00Z", "2104-02-29T00:00"),
            (
                "0 12 * * mon-fri",
                "2026-01-02T12:00:00Z",
                "2026-01-05T12:00",
            ),
            ("0 12 * JAN 7", "2026-01-31T12:00:00Z", "2027-01-03T12:00"),
            // Of two fields that say a day, one will do.
            ("0 0 13 * fri", "2026-11-06T00:00:00Z", "2026-11-13T00:00"),
            ("0 0 15 * fri", "2026-11-13T00:00:00Z", "2026-11-15T00:00"),
            ("@monthly", "2026-12-01T00:00:00Z", "2027-01-01T00:00"),
        ] {
            let timing = Timing::cron(text).unwrap();
            assert_eq!(short(timing.next(at(after))), next, "{text}");
            assert_eq!(timing.to_string().parse::<Timing>().unwrap(), timing);
        }
        for bad in [
            "",
            "* * * *",
            "* * * * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * * 8",
            "5-1 * * * *",
            "*/0 * * * *",
            "a * * * *",
            "0 0 30 2 *",
            "@never",
            "+1 * * * *",
            "1, * * * *",
        ] {
            assert!(Timing::cron(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn of_the_times_that_were_missed_the_last_one_is_run() {
        let daily = Timing::cron("0 3 * * *").unwrap();
        let (after, now) = (at("2026-01-01T03:00:00Z"), at("2026-01-09T02:00:00Z"));
        assert_eq!(short(daily.latest(after, now)), "2026-01-08T03:00");
        assert_eq!(daily.latest(after, at("2026-01-02T02:59:59Z")), None);
        let hourly = Timing::every("1h").unwrap();
        let after = at("2026-01-01T00:30:00Z");
        assert_eq!(short(hourly.next(after)), "2026-01-01T01:30");
        let now = at("2026-01-01T05:00:00Z");
        assert_eq!(short(hourly.latest(after, now)), "2026-01-01T04:30");
        assert_eq!(hourly.latest(after, after), None);
        assert_eq!(hourly.latest(after, at("2025-01-01T00:00:00Z")), None);
        assert!(Timing::every("999ms").is_err() && Timing::every("0 3 * * *").is_err());
    }

    #[test]
    fn a_due_time_stands_in_the_payload_where_it_is_named() {
        let filled = fill_due(
            r#"{"day": "{due.date}", "at": "{due}"}"#,
            "2026-01-02T03:00:00.000000Z",
        );
        assert_eq!(
            filled,
            r#"{"day": "2026-01-02", "at": "2026-01-02T03:00:00.000000Z"}"#
        );
    }
}
