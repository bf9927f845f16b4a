//! When a delivery that failed is tried again: exponential back-off with jitter, and what a receiver asks for.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::model::clock::unix_milliseconds_of_http;
use crate::model::{Digest, Error, Result, Span, limits};

/// The first pause and the longest, as `1s..10m`. Each pause doubles the one before it; a half of it is left to chance, so
/// that tasks that failed together do not come again together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    pub first: Span,
    pub longest: Span,
}

impl Backoff {
    /// The pause after so many tries of a task. The chance in it comes from the task and the try.
    pub fn pause(self, id: &str, tries: u32) -> Duration {
        let doubled = 1u64
            .checked_shl(tries.saturating_sub(1))
            .unwrap_or(u64::MAX);
        let first = self.first.0.as_millis() as u64;
        let whole = first
            .saturating_mul(doubled)
            .min(self.longest.0.as_millis() as u64);
        let seed = Digest::of(format!("{id} {tries}").as_bytes()).0;
        let chance = u64::from(u32::from_be_bytes([seed[0], seed[1], seed[2], seed[3]]));
        let jitter = ((u128::from(whole / 2) * u128::from(chance)) >> 32) as u64;
        Duration::from_millis(whole - jitter)
    }
}

impl FromStr for Backoff {
    type Err = Error;
    fn from_str(text: &str) -> Result<Backoff> {
        let (first, longest) = text.split_once("..").unwrap_or((text, text));
        let (first, longest): (Span, Span) = (first.parse()?, longest.parse()?);
        match first <= longest {
            true => Ok(Backoff { first, longest }),
            false => Err(Error::usage(format!(
                "the first pause, {first}, is longer than the longest, {longest}"
            ))
            .hint("1s..10m")),
        }
    }
}

impl fmt::Display for Backoff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.first, self.longest)
    }
}

impl Serialize for Backoff {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Backoff {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Backoff, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

/// What a Retry-After header asks for: seconds, or a date. `now` is in milliseconds since 1970.
pub fn retry_after(text: &str, now: i64) -> Option<Duration> {
    let text = text.trim();
    let pause = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let until = unix_milliseconds_of_http(text)?;
            Duration::from_millis(u64::try_from(until - now).unwrap_or(0))
        }
    };
    Some(pause.min(limits::RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_half_of_each_is_chance() {
        let backoff: Backoff = "100ms..5s".parse().unwrap();
        for tries in 1..80 {
            let whole = (100u64 << (tries - 1).min(20)).min(5_000);
            let mut pauses = Vec::new();
            for task in 0..200 {
                let pause = backoff.pause(&format!("task {task}"), tries).as_millis() as u64;
                assert!((whole / 2..=whole).contains(&pause), "{tries}: {pause}");
                pauses.push(pause);
            }
            let mean = pauses.iter().sum::<u64>() as f64 / pauses.len() as f64;
            assert!((mean / whole as f64 - 0.75).abs() < 0.05, "{tries}: {mean}");
        }
        assert_eq!(backoff.pause("a", 3), backoff.pause("a", 3));
        assert!("5s..1s".parse::<Backoff>().is_err());
        assert_eq!(backoff.to_string(), "100ms..5s");
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_never_more_than_a_day() {
        let now = 784_111_777_000; // Sun, 06 Nov 1994 08:49:37 GMT
        let seconds = |text| retry_after(text, now).map(|pause| pause.as_secs());
        assert_eq!(seconds("120"), Some(120));
        assert_eq!(seconds(" 0 "), Some(0));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:49:47 GMT"), Some(10));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:49:27 GMT"), Some(0));
        assert_eq!(seconds("999999999"), Some(86_400));
        assert_eq!(seconds("soon"), None);
        assert_eq!(seconds("-1"), None);
    }
}
