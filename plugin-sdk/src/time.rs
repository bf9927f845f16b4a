//! An instant in RFC 3339, for payloads, columns and the times of events and commands. The host reads times with this
//! parser too, so what it takes a handler can read.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::contract::types::Timestamp;
use crate::date::{Date, DateError, as_text, two_digits, write_two};
use crate::number::Duration;

const SECONDS_PER_DAY: i64 = 86_400;
const NANOS_PER_SECOND: i128 = 1_000_000_000;
/// 0001-01-01T00:00:00Z, and the last second of the year 9999.
const SECONDS_MIN: i64 = -62_135_596_800;
const SECONDS_MAX: i64 = 253_402_300_799;

/// An instant to the nanosecond, in UTC, of the years 1 to 9999. It reads any RFC 3339 text and writes
/// `2018-07-30T12:00:00Z`, with a fraction of 3, 6 or 9 digits where there is one. In a column the fraction always has nine
/// digits, so that text orders by time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time {
    /// Since 1970-01-01T00:00:00Z.
    seconds: i64,
    nanos: u32,
}

impl Timestamp {
    /// The moment, which the host has read from the text.
    ///
    /// # Errors
    /// Where the text is none that the host can read.
    pub(crate) fn moment(&self) -> Result<Time, DateError> {
        Time::from_unix(self.seconds, self.nanoseconds).ok_or_else(|| DateError {
            text: self.text.clone(),
            expected: "a time like 2018-07-30T12:00:00Z",
        })
    }

    /// What the host makes of a text; as it does with what it cannot read, seconds are the smallest number then.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn of_text(text: &str) -> Timestamp {
        let read = Time::parse(text).ok();
        Timestamp {
            text: text.to_owned(),
            seconds: read.map_or(i64::MIN, |time| time.seconds),
            nanoseconds: read.map_or(0, |time| time.nanos),
        }
    }
}

impl Time {
    /// The last instant there is.
    pub const MAX: Self = Self {
        seconds: SECONDS_MAX,
        nanos: 999_999_999,
    };

    /// Reads RFC 3339: `2018-07-30T12:00:00.5+02:00`. The `T` may be a `t` or a blank, the `Z` a `z`. Offsets go to
    /// ±23:59, and -00:00 is Z. Digits of a fraction beyond the ninth are passed over. A leap second is taken at 23:59:60 UTC on
    /// the last day of a month, and counts as the second before it.
    ///
    /// # Errors
    /// Where the text has another shape or there is no such day or time.
    pub fn parse(text: &str) -> Result<Self, DateError> {
        Self::from_bytes(text.as_bytes()).ok_or_else(|| DateError {
            text: text.to_owned(),
            expected: "a time like 2018-07-30T12:00:00Z",
        })
    }

    fn from_bytes(text: &[u8]) -> Option<Self> {
        let (date, rest) = text.split_at_checked(10)?;
        let date = Date::from_bytes(date).filter(|date| date.year() > 0)?;
        let [
            b'T' | b't' | b' ',
            h1,
            h2,
            b':',
            m1,
            m2,
            b':',
            s1,
            s2,
            rest @ ..,
        ] = rest
        else {
            return None;
        };
        let (hour, minute) = (two_digits(*h1, *h2)?, two_digits(*m1, *m2)?);
        let second = two_digits(*s1, *s2)?;
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let (nanos, rest) = fraction(rest)?;
        let offset_minutes = match rest {
            b"Z" | b"z" => 0,
            [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
                let (hours, minutes) = (two_digits(*h1, *h2)?, two_digits(*m1, *m2)?);
                if hours > 23 || minutes > 59 {
                    return None;
                }
                let offset = i64::from(hours) * 60 + i64::from(minutes);
                if *sign == b'-' { -offset } else { offset }
            }
            _ => return None,
        };
        let in_day = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second.min(59));
        let seconds = i64::from(date.day_number()) * SECONDS_PER_DAY + in_day - offset_minutes * 60;
        // An offset may carry a time out of the years that can be written.
        let time = Self::from_unix(seconds, nanos)?;
        let is_last = || {
            let day = time.date();
            day == day.last_of_month()
                && time.seconds.rem_euclid(SECONDS_PER_DAY) == SECONDS_PER_DAY - 1
        };
        (second < 60 || is_last()).then_some(time)
    }

    /// The instant that many seconds after (or before) 1970-01-01T00:00:00Z; none beyond the years 1 to 9999, or
    /// where `nanos` is a second or more.
    pub fn from_unix(seconds: i64, nanos: u32) -> Option<Self> {
        let is_time = (SECONDS_MIN..=SECONDS_MAX).contains(&seconds) && nanos < 1_000_000_000;
        is_time.then_some(Self { seconds, nanos })
    }

    /// Midnight at which the day begins, in UTC.
    pub fn midnight(date: Date) -> Self {
        Self {
            seconds: i64::from(date.day_number()) * SECONDS_PER_DAY,
            nanos: 0,
        }
    }

    /// The day, in UTC.
    pub fn date(self) -> Date {
        let day = self.seconds.div_euclid(SECONDS_PER_DAY);
        let day = i32::try_from(day).ok().and_then(Date::from_day_number);
        day.expect("a time is made within the years 1 to 9999")
    }

    /// Whole seconds since 1970-01-01T00:00:00Z, negative before it.
    pub const fn unix_seconds(self) -> i64 {
        self.seconds
    }

    /// The fraction of the second, in nanoseconds.
    pub const fn nanos(self) -> u32 {
        self.nanos
    }

    /// The instant that many seconds later (or earlier).
    ///
    /// # Panics
    /// Where that is beyond the years 1 to 9999.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        let time = self
            .seconds
            .checked_add(seconds)
            .and_then(|s| Self::from_unix(s, self.nanos));
        time.expect("a time beyond the years 1 to 9999")
    }

    /// The span since another instant, backwards where that is later.
    ///
    /// # Panics
    /// Where they are more than 292 years apart.
    #[track_caller]
    pub fn since(self, earlier: Self) -> Duration {
        let nanos = self.unix_nanos() - earlier.unix_nanos();
        match i64::try_from(nanos) {
            Ok(nanos) => Duration::from_nanos(nanos),
            Err(_) => {
                panic!(
                    "{self} and {earlier} are more than 292 years apart, which no span of time holds"
                )
            }
        }
    }

    /// The instant so much later, or earlier where the span goes backwards.
    ///
    /// # Panics
    /// Where that is beyond the years 1 to 9999.
    #[must_use]
    #[track_caller]
    pub fn plus(self, span: Duration) -> Self {
        let nanos = self.unix_nanos() + i128::from(span.nanos());
        let seconds = i64::try_from(nanos.div_euclid(NANOS_PER_SECOND)).ok();
        let nanos = nanos.rem_euclid(NANOS_PER_SECOND) as u32;
        let time = seconds.and_then(|seconds| Self::from_unix(seconds, nanos));
        time.unwrap_or_else(|| {
            panic!("{self} and {span} come to a time beyond the years 1 to 9999")
        })
    }

    fn unix_nanos(self) -> i128 {
        i128::from(self.seconds) * NANOS_PER_SECOND + i128::from(self.nanos)
    }

    /// `2018-07-30T12:00:00Z`, with a fraction where there is one.
    pub fn to_text(self) -> String {
        let digits = match self.nanos {
            0 => 0,
            nanos if nanos.is_multiple_of(1_000_000) => 3,
            nanos if nanos.is_multiple_of(1_000) => 6,
            _ => 9,
        };
        self.with_fraction(digits)
    }

    /// `2018-07-30T12:00:00.000000000Z`: all texts are of one length, so that they order as the times do.
    pub(crate) fn to_sortable_text(self) -> String {
        self.with_fraction(9)
    }

    /// With a fraction of so many digits, nine at most; what is finer is cut off.
    pub fn with_fraction(self, digits: usize) -> String {
        let mut text = *b"0000-00-00T00:00:00.000000000Z";
        text[..10].copy_from_slice(&self.date().to_bytes());
        let in_day = self.seconds.rem_euclid(SECONDS_PER_DAY);
        write_two(&mut text[11..13], (in_day / 3600) as u8);
        write_two(&mut text[14..16], (in_day / 60 % 60) as u8);
        write_two(&mut text[17..19], (in_day % 60) as u8);
        let mut nanos = self.nanos;
        for digit in text[20..29].iter_mut().rev() {
            *digit = b'0' + (nanos % 10) as u8;
            nanos /= 10;
        }
        let end = if digits == 0 { 19 } else { 20 + digits.min(9) };
        text[end] = b'Z';
        as_text(&text[..=end]).to_owned()
    }
}

/// Nanoseconds of a fraction such as `.25`, and what follows it. Digits beyond the ninth are dropped.
fn fraction(text: &[u8]) -> Option<(u32, &[u8])> {
    let Some(digits) = text.strip_prefix(b".") else {
        return Some((0, text));
    };
    let length = digits
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let (digits, rest) = digits.split_at(length);
    let mut nanos = 0;
    let mut unit = 100_000_000;
    for digit in digits {
        nanos += u32::from(digit - b'0') * unit;
        unit /= 10;
    }
    (length > 0).then_some((nanos, rest))
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_text())
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Time {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        Self::parse(text)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_text())
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Time;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time like 2018-07-30T12:00:00Z")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Time, E> {
                Time::parse(text).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

impl JsonSchema for Time {
    fn schema_name() -> Cow<'static, str> {
        "Time".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}
