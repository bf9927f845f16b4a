//! A day and a time of the day, wherever that is: a reading of a clock on the wall, without a zone.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::column::{Column, ColumnError, ColumnKind, unexpected};
use crate::contract::types::Value;
use crate::date::{Date, DateError};
use crate::time::Time;

const EXPECTED: &str = "a date and a time without a zone, like 2018-07-30T12:00:00";

/// A date and a time of the day without a zone, of the years 1 to 9999, to the nanosecond: when a shop opens, or what a form says.
/// It is no instant: which one it is depends on where it is. An instant is a [`Time`].
///
/// It is written `2018-07-30T12:00:00`, with a fraction of 3, 6 or 9 digits where there is one; a column keeps that text, whose
/// order is that of the times. A `T` may be read as a `t` or a blank.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalDateTime {
    // As in UTC: the same calendar, the same day of 86,400 seconds.
    as_in_utc: Time,
}

impl LocalDateTime {
    /// A second of a day; none where the day has no such one, or is before the year 1.
    pub fn new(date: Date, hour: u8, minute: u8, second: u8) -> Option<Self> {
        if date.year() == 0 || hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let in_day = i64::from(hour) * 3_600 + i64::from(minute) * 60 + i64::from(second);
        let as_in_utc = Time::midnight(date).plus_seconds(in_day);
        Some(Self { as_in_utc })
    }

    /// This second with another fraction; none where that is a second or more.
    #[must_use]
    pub fn with_nanos(self, nanos: u32) -> Option<Self> {
        let as_in_utc = Time::from_unix(self.as_in_utc.unix_seconds(), nanos)?;
        Some(Self { as_in_utc })
    }

    /// Reads `2018-07-30T12:00:00`, with or without a fraction of up to nine digits.
    ///
    /// # Errors
    /// Where the text has another shape or a zone, or there is no such day or time.
    pub fn parse(text: &str) -> Result<Self, DateError> {
        Self::read(text).ok_or_else(|| DateError {
            text: text.to_owned(),
            expected: EXPECTED,
        })
    }

    fn read(text: &str) -> Option<Self> {
        // What has a zone of its own is no instant after another one was added.
        let as_in_utc = Time::parse(&format!("{text}Z")).ok()?;
        let is_second = text.get(17..19) != Some("60");
        // An instant's digits beyond the ninth are passed over; here nothing that is written is lost.
        let is_kept = text.len() <= "2018-07-30T12:00:00.123456789".len();
        (is_second && is_kept).then_some(Self { as_in_utc })
    }

    /// What clocks show there at an instant, where they are so many minutes ahead of UTC (or behind it); none beyond the years 1
    /// to 9999.
    pub fn of(time: Time, minutes_ahead: i32) -> Option<Self> {
        let seconds = time.unix_seconds() + i64::from(minutes_ahead) * 60;
        let as_in_utc = Time::from_unix(seconds, time.nanos())?;
        Some(Self { as_in_utc })
    }

    /// The instant, where clocks are so many minutes ahead of UTC (or behind it); none beyond the years 1 to 9999.
    pub fn to_time(self, minutes_ahead: i32) -> Option<Time> {
        let seconds = self.as_in_utc.unix_seconds() - i64::from(minutes_ahead) * 60;
        Time::from_unix(seconds, self.as_in_utc.nanos())
    }

    /// The day.
    pub fn date(self) -> Date {
        self.as_in_utc.date()
    }

    /// 0 to 23.
    pub fn hour(self) -> u8 {
        (self.second_of_day() / 3_600) as u8
    }

    /// 0 to 59.
    pub fn minute(self) -> u8 {
        (self.second_of_day() / 60 % 60) as u8
    }

    /// 0 to 59.
    pub fn second(self) -> u8 {
        (self.second_of_day() % 60) as u8
    }

    /// The fraction of the second, in nanoseconds.
    pub const fn nanos(self) -> u32 {
        self.as_in_utc.nanos()
    }

    fn second_of_day(self) -> i64 {
        self.as_in_utc.unix_seconds().rem_euclid(86_400)
    }

    /// `2018-07-30T12:00:00`, with a fraction where there is one.
    pub fn to_text(self) -> String {
        let mut text = self.as_in_utc.to_text();
        text.pop();
        text
    }
}

impl fmt::Display for LocalDateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_text())
    }
}

impl fmt::Debug for LocalDateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for LocalDateTime {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        Self::parse(text)
    }
}

impl Serialize for LocalDateTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_text())
    }
}

impl<'de> Deserialize<'de> for LocalDateTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for LocalDateTime {
    fn schema_name() -> Cow<'static, str> {
        "LocalDateTime".into()
    }

    fn inline_schema() -> bool {
        true
    }

    // JSON Schema's `date-time` has a zone.
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?$",
        })
    }
}

// The contract has no format for it: an instant's text has a zone.
impl Column for LocalDateTime {
    const KIND: ColumnKind = ColumnKind::Text;

    fn into_value(self) -> Value {
        self.to_value()
    }

    fn to_value(&self) -> Value {
        Value::Text(self.to_text())
    }

    fn from_value(value: Value) -> Result<Self, ColumnError> {
        match value {
            Value::Text(text) => Self::parse(&text).map_err(|e| ColumnError::new(e.to_string())),
            other => Err(unexpected(EXPECTED, &other)),
        }
    }
}
