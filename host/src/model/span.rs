//! Stretches of time as people write them: `250ms`, `90s`, `10m`, `6h`, `2d`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::error::shown;
use super::{Error, Result};

/// A stretch of time, in whole milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

/// Longer than anybody means.
const MAX_MS: u64 = 10 * 365 * 24 * 3_600_000;

const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

impl Span {
    pub const fn of_ms(ms: u64) -> Span {
        Span(Duration::from_millis(ms))
    }

    pub fn ms(self) -> i64 {
        i64::try_from(self.0.as_millis()).unwrap_or(i64::MAX)
    }
}

impl FromStr for Span {
    type Err = Error;
    fn from_str(text: &str) -> Result<Span> {
        let at = text.find(|c: char| !c.is_ascii_digit());
        let (number, unit) = text.split_at(at.unwrap_or(text.len()));
        let unit = UNITS.iter().find(|(name, _)| *name == unit);
        let ms = unit.and_then(|(_, ms)| number.parse::<u64>().ok()?.checked_mul(*ms));
        match ms.filter(|ms| (1..=MAX_MS).contains(ms)) {
            Some(ms) => Ok(Span::of_ms(ms)),
            None => Err(Error::usage(format!("'{}' is no time", shown(text)))
                .hint("a whole number with ms, s, m, h or d after it: 90s; ten years at most")),
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0.as_millis() as u64;
        let unit = UNITS.iter().find(|(_, unit)| ms.is_multiple_of(*unit));
        let (name, unit) = unit.unwrap_or(&UNITS[4]);
        write!(f, "{}{name}", ms / unit)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Span, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_written_in_the_largest_unit_that_is_exact() {
        for (text, ms, shown) in [
            ("250ms", 250, "250ms"),
            ("90s", 90_000, "90s"),
            ("60s", 60_000, "1m"),
            ("24h", 86_400_000, "1d"),
        ] {
            let span: Span = text.parse().unwrap();
            assert_eq!((span.ms(), span.to_string().as_str()), (ms, shown));
        }
        for bad in [
            "",
            "s",
            "1",
            "0s",
            "-1s",
            "1w",
            "1.5s",
            "99999999999999999999s",
            "9999999d",
        ] {
            assert!(bad.parse::<Span>().is_err(), "{bad}");
        }
    }
}
