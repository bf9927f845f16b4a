//! How instances of a version's code meet one call after the other. Effects never depend on it.

use std::fmt;
use std::str::FromStr;

use super::error::{Error, Result};

/// What becomes of an instance after a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord)]
pub enum Instances {
    /// It is dropped, and every call has a new one.
    #[default]
    Fresh,
    /// It is put back to what it was when it started: the next call meets the memory of a fresh one.
    Reset,
}

impl Instances {
    pub fn as_str(self) -> &'static str {
        match self {
            Instances::Fresh => "fresh",
            Instances::Reset => "reset",
        }
    }
}

impl fmt::Display for Instances {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Instances {
    type Err = Error;

    /// Before instances were reset, a version had an isolation: the words for it are in older logs.
    fn from_str(text: &str) -> Result<Instances> {
        match text {
            "fresh" | "event" => Ok(Instances::Fresh),
            "reset" | "batch" => Ok(Instances::Reset),
            other => Err(Error::corrupt(format!(
                "'{}' is no way to keep instances: fresh or reset",
                other.escape_debug()
            ))),
        }
    }
}

/// How somebody wants calls to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Calls {
    /// In instances that are reset, where they can be.
    #[default]
    Reset,
    /// Each in a fresh instance.
    Fresh,
    /// In instances that are reset; after each call the whole of one is compared with a fresh one.
    Proved,
}
