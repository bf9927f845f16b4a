//! Times, as the host shows and reads them: RFC 3339 as the SDK reads it. `given` says what time it is.

use std::time::{Instant, SystemTime};

use daybook_sdk::{Date, Time};

use super::error::{Error, Result};
use super::id::VersionDate;

/// The wall clock now, RFC 3339 in UTC with microseconds: `2026-11-21T06:41:00.000000Z`.
pub fn now() -> String {
    let now = super::given::now();
    format!("{now:.6}")
}

/// Refuses a clock that shows a year in which no event can be: ids and times would not hold it.
pub fn check() -> Result<()> {
    match super::given::given_now() {
        Some(now) => check_shown(now.into()),
        None => check_shown(SystemTime::now()),
    }
}

fn check_shown(shown: SystemTime) -> Result<()> {
    let text = match jiff::Timestamp::try_from(shown) {
        Err(_) => "a year beyond all calendars".to_owned(),
        Ok(now) if now < jiff::Timestamp::UNIX_EPOCH => format!("{now:.0}"),
        Ok(_) => return Ok(()),
    };
    Err(Error::unavailable(format!(
        "this machine's clock shows {text}; times from 1970 to 9999 can be recorded"
    ))
    .hint("set the clock"))
}

/// The wall clock so many days from now, in the form of `now`. None where that is beyond all calendars.
pub fn in_days(days: u32) -> Option<String> {
    let later = jiff::SignedDuration::from_hours(i64::from(days) * 24);
    let time = super::given::now().checked_add(later).ok()?;
    Some(format!("{time:.6}"))
}

/// The calendar date now, in UTC.
pub fn today() -> VersionDate {
    let now = now();
    now[..10]
        .parse()
        .expect("the clock shows a date of four-digit years")
}

/// Measures how long something takes.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant, Option<jiff::Timestamp>);

impl Stopwatch {
    pub fn start() -> Self {
        Stopwatch(Instant::now(), super::given::given_now())
    }

    pub fn seconds(self) -> f64 {
        match (self.1, super::given::given_now()) {
            (Some(then), Some(now)) => now.duration_since(then).as_secs_f64(),
            _ => self.0.elapsed().as_secs_f64(),
        }
    }
}

/// Seconds for which the calling thread has used a processor.
pub fn processor_seconds() -> f64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: it writes the time into what it is given, which is ours.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// A date-time of RFC 3339, in the form of `now`: two of them compare as texts do.
pub fn in_utc(text: &str) -> Option<String> {
    Some(Time::parse(text).ok()?.with_fraction(6))
}

/// True for a date-time of RFC 3339, years 0001 to 9999.
pub fn is_rfc3339(text: &str) -> bool {
    Time::parse(text).is_ok()
}

/// True for a day as `2018-07-30`.
pub fn is_date(text: &str) -> bool {
    Date::parse(text).is_ok()
}

/// Seconds since 1970, and nanoseconds, of a time that is in a log: also of a form that was taken once and is refused now,
/// since ids were made of it.
pub fn instant(text: &str) -> Option<(i64, u32)> {
    let time = Time::parse(text).map(|time| (time.unix_seconds(), time.nanos()));
    time.ok().or_else(|| {
        let nanoseconds = text.parse::<jiff::Timestamp>().ok()?.as_nanosecond();
        let seconds = i64::try_from(nanoseconds.div_euclid(1_000_000_000)).ok()?;
        Some((seconds, nanoseconds.rem_euclid(1_000_000_000) as u32))
    })
}

/// Milliseconds since 1970 now.
pub fn unix_milliseconds_now() -> i64 {
    super::given::now().as_millisecond()
}

/// Milliseconds since 1970 of an RFC 3339 time.
pub fn unix_milliseconds(text: &str) -> Option<i64> {
    let (seconds, nanos) = instant(text)?;
    Some(seconds * 1_000 + i64::from(nanos / 1_000_000))
}

/// Such a number in the form of `now`; what is beyond all calendars is their end.
pub fn text_of_milliseconds(milliseconds: i64) -> String {
    let nanos = milliseconds.rem_euclid(1_000) as u32 * 1_000_000;
    let time = Time::from_unix(milliseconds.div_euclid(1_000), nanos);
    time.unwrap_or(Time::MAX).with_fraction(6)
}

/// Seconds since 1970, and nanoseconds, in the form of `now` with all their digits; none beyond all calendars.
pub fn text_of_instant(seconds: i64, nanoseconds: u32) -> Option<String> {
    Time::from_unix(seconds, nanoseconds).map(|time| time.with_fraction(9))
}

/// Milliseconds since 1970 of a date as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT`.
pub fn unix_milliseconds_of_http(text: &str) -> Option<i64> {
    let time = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(time.timestamp().as_millisecond())
}

/// Nanoseconds since 1970 now.
pub fn unix_nanoseconds_now() -> u64 {
    u64::try_from(super::given::now().as_nanosecond()).unwrap_or(0)
}

/// Nanoseconds since 1970 of an RFC 3339 time; what WASI's clocks show a handler. 0 where it cannot be read.
pub fn unix_nanoseconds(text: &str) -> u64 {
    let nanoseconds = instant(text)
        .map(|(seconds, nanos)| i128::from(seconds) * 1_000_000_000 + i128::from(nanos));
    nanoseconds
        .and_then(|it| u64::try_from(it).ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn clocks_that_show_other_ages_are_refused_in_words() {
        let shown = |seconds| check_shown(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        assert!(shown(0).is_ok());
        // 2026-11-21, and the last day that is a day in every zone: 9999-12-30.
        assert!(shown(1_795_219_200).is_ok());
        assert!(shown(253_402_128_000).is_ok());
        // 10000-01-02, and when a counter of milliseconds ends.
        for later in [
            253_402_387_200,
            u64::from(u32::MAX) << 10,
            (i64::MAX / 1_000) as u64,
        ] {
            let refused = shown(later).unwrap_err();
            let words = "clock shows a year beyond all calendars; times from 1970 to 9999 can be";
            assert!(refused.message.contains(words), "{later}: {refused}");
        }
        let before = check_shown(SystemTime::UNIX_EPOCH - Duration::from_secs(1)).unwrap_err();
        assert!(
            before.message.contains("clock shows 1969-12-31T23:59:59Z"),
            "{before}"
        );
    }
}
