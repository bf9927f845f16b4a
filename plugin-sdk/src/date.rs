//! A civil date of the Gregorian calendar, for payloads, columns and day counts.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::failure::{Failure, Refusal};

/// A calendar date from 0000-01-01 to 9999-12-31, written `2018-07-30`. Dates order by time, and so does their text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// A text that is not a date or a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateError {
    pub(crate) text: String,
    pub(crate) expected: &'static str,
}

impl Date {
    /// The date with these parts; none where the calendar has no such day.
    pub const fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        if year > 9999 || month == 0 || month > 12 || day == 0 || day > days_in_month(year, month) {
            return None;
        }
        Some(Self { year, month, day })
    }

    /// Reads `2018-07-30`, and nothing else.
    ///
    /// # Errors
    /// Where the text has another shape or the calendar has no such day.
    pub fn parse(text: &str) -> Result<Self, DateError> {
        Self::from_bytes(text.as_bytes()).ok_or_else(|| DateError {
            text: text.to_owned(),
            expected: "a date like 2018-07-30",
        })
    }

    pub(crate) fn from_bytes(text: &[u8]) -> Option<Self> {
        let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text else {
            return None;
        };
        let year = u16::from(two_digits(y1, y2)?) * 100 + u16::from(two_digits(y3, y4)?);
        Self::new(year, two_digits(m1, m2)?, two_digits(d1, d2)?)
    }

    /// The date that many days after (or before) 1970-01-01; none beyond the years 0 to 9999.
    pub fn from_day_number(days: i32) -> Option<Self> {
        // Counted in eras of 400 years that begin on 1 March, so that the leap day comes last.
        let shifted = i64::from(days) + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 {
            shifted_month + 3
        } else {
            shifted_month - 9
        };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Self::new(
            u16::try_from(year).ok()?,
            u8::try_from(month).ok()?,
            u8::try_from(day).ok()?,
        )
    }

    /// Days since 1970-01-01, negative before it.
    pub const fn day_number(self) -> i32 {
        let shifted_year = self.year as i32 - (self.month <= 2) as i32;
        let era = shifted_year.div_euclid(400);
        let year_of_era = shifted_year.rem_euclid(400);
        let shifted_month = (self.month as i32 + 9) % 12;
        let day_of_year = (153 * shifted_month + 2) / 5 + self.day as i32 - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * 146_097 + day_of_era - 719_468
    }

    /// Actual days from `earlier` to this date, negative where it is later.
    pub const fn days_since(self, earlier: Self) -> i32 {
        self.day_number() - earlier.day_number()
    }

    /// The date that many days later (or earlier).
    ///
    /// # Panics
    /// Where that is beyond the years 0 to 9999.
    #[must_use]
    pub fn plus_days(self, days: i32) -> Self {
        let date = self
            .day_number()
            .checked_add(days)
            .and_then(Self::from_day_number);
        date.expect("a date beyond the years 0 to 9999")
    }

    /// 0 to 9999.
    pub const fn year(self) -> u16 {
        self.year
    }

    /// 1 to 12.
    pub const fn month(self) -> u8 {
        self.month
    }

    /// 1 to 31.
    pub const fn day(self) -> u8 {
        self.day
    }

    /// The last day of this date's month.
    #[must_use]
    pub const fn last_of_month(self) -> Self {
        Self {
            day: days_in_month(self.year, self.month),
            ..self
        }
    }

    /// `2018-07-30` as bytes, all of them ASCII.
    pub(crate) fn to_bytes(self) -> [u8; 10] {
        let mut text = *b"0000-00-00";
        write_two(&mut text[0..2], (self.year / 100) as u8);
        write_two(&mut text[2..4], (self.year % 100) as u8);
        write_two(&mut text[5..7], self.month);
        write_two(&mut text[8..10], self.day);
        text
    }

    /// `2018-07-30`
    pub fn to_text(self) -> String {
        as_text(&self.to_bytes()).to_owned()
    }
}

const fn days_in_month(year: u16, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        _ => 31,
    }
}

pub(crate) fn two_digits(tens: u8, ones: u8) -> Option<u8> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens <= 9 && ones <= 9).then(|| tens * 10 + ones)
}

pub(crate) fn write_two(target: &mut [u8], number: u8) {
    target[0] = b'0' + number / 10;
    target[1] = b'0' + number % 10;
}

/// Text of bytes this crate wrote itself: digits and punctuation.
pub(crate) fn as_text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("ASCII")
}

impl DateError {
    #[cold]
    pub(crate) fn in_event(self, type_name: &str) -> Failure {
        Failure::new("bad-time", format!("{type_name}: {self}"))
    }
}

impl From<DateError> for Failure {
    fn from(error: DateError) -> Self {
        Self::new("bad-date", error.to_string())
    }
}

impl From<DateError> for Refusal {
    fn from(error: DateError) -> Self {
        Failure::from(error).into()
    }
}

impl fmt::Display for DateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not {}", self.text, self.expected)
    }
}

impl std::error::Error for DateError {}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(as_text(&self.to_bytes()))
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Date {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        Self::parse(text)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(as_text(&self.to_bytes()))
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Date;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a date like 2018-07-30")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Date, E> {
                Date::parse(text).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

impl JsonSchema for Date {
    fn schema_name() -> Cow<'static, str> {
        "Date".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date" })
    }
}
