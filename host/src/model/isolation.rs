//! How long an instance of a version lives. Recorded effects never depend on it.

use std::fmt;
use std::str::FromStr;

use super::error::{Error, Result};

/// What an instance of a version's code may see one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord)]
pub enum Isolation {
    /// A fresh instance for every call: nothing can leak from one event into the next.
    #[default]
    Event,
    /// One instance for many calls, for a version whose certification showed that this changes nothing.
    Batch,
}

impl Isolation {
    pub fn as_str(self) -> &'static str {
        match self {
            Isolation::Event => "event",
            Isolation::Batch => "batch",
        }
    }
}

/// The isolation of a version's two kinds of handlers. An instance never serves both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Isolations {
    pub materializers: Isolation,
    pub creators: Isolation,
}

impl fmt::Display for Isolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Isolation {
    type Err = Error;

    fn from_str(text: &str) -> Result<Isolation> {
        match text {
            "event" => Ok(Isolation::Event),
            "batch" => Ok(Isolation::Batch),
            other => Err(Error::corrupt(format!(
                "'{}' is no isolation: event or batch",
                other.escape_debug()
            ))),
        }
    }
}
