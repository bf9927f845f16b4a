//! Newtypes of ids and names, each checked when it is made.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::error::{Error, Result, shown};
use super::event::SYSTEM_PLUGIN;

macro_rules! position_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub u64);

        impl $name {
            pub const ZERO: $name = $name(0);

            pub fn next(self) -> $name {
                $name(self.0 + 1)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

position_type!(
    /// Position in a book's log. The first event has 1; 0 stands for "before the first".
    Seq
);

impl Seq {
    /// The last position that a log can keep.
    pub const MAX: Seq = Seq(i64::MAX as u64);

    /// A position as somebody gave it.
    pub fn given(number: u64) -> Result<Seq> {
        match number <= Seq::MAX.0 {
            true => Ok(Seq(number)),
            false => Err(not_a_position(&number.to_string())),
        }
    }
}

/// As somebody wrote it: digits alone.
impl FromStr for Seq {
    type Err = Error;
    fn from_str(text: &str) -> Result<Seq> {
        let digits = Some(text).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        let number = digits.and_then(|digits| digits.parse().ok());
        number.map_or_else(|| Err(not_a_position(text)), Seq::given)
    }
}

fn not_a_position(text: &str) -> Error {
    Error::usage(format!(
        "'{}' is not a position: a whole number up to {}",
        shown(text),
        Seq::MAX
    ))
}

position_type!(
    /// Position of a commit. The first has 1; 0 stands for "before the first", and for all of a log from before commits had
    /// positions.
    CommitSeq
);

/// True for `[a-z][a-z0-9_]*` of at most 48 characters: what tables, columns and indexes may be called.
pub fn is_identifier(text: &str) -> bool {
    text.len() <= 48
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            pub fn new(text: &str) -> Result<Self> {
                let check: fn(&str) -> bool = $check;
                if check(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(Error::refused(format!(
                        concat!($what, " '{}' is not of the form ", $rule),
                        shown(text)
                    )))
                }
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = Error;
            fn from_str(text: &str) -> Result<Self> {
                Self::new(text)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

name_type!(
    /// A plugin's name. No underscore, so that the SQL name `plugin_table` is unambiguous.
    PluginName, "plugin name", "[a-z][a-z0-9]* with at most 48 characters",
    |text| is_identifier(text) && !text.contains('_')
);

/// Names that no plugin may have, and whose they are.
const RESERVED_PLUGINS: [(&str, &str); 2] = [
    (SYSTEM_PLUGIN, "the host's own events have this name"),
    (
        "sqlite",
        "the database keeps all tables for itself whose names begin so",
    ),
];

impl PluginName {
    /// Refuses a name that somebody else has for ever.
    pub fn check_free(&self) -> Result<()> {
        let taken = { RESERVED_PLUGINS.iter() }.find(|(name, _)| *name == self.as_str());
        match taken {
            None => Ok(()),
            Some((name, whose)) => Err(Error::refused(format!(
                "no plugin may be called '{name}': {whose}"
            ))
            .hint("choose another name")),
        }
    }
}

name_type!(
    /// Full type of an event or command: `plugin.Name`.
    TypeName, "type", "plugin.Name (letters, digits and '_' after the dot, 96 characters at most)",
    |text| text.len() <= 96
        && text.split_once('.').is_some_and(|(plugin, name)| {
            is_identifier(plugin)
                && !plugin.contains('_')
                && name.starts_with(|c: char| c.is_ascii_alphabetic())
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        })
);

impl TypeName {
    /// The plugin that owns the type.
    pub fn plugin(&self) -> &str {
        self.0.split_once('.').map_or("", |(plugin, _)| plugin)
    }

    /// What follows the plugin's name.
    pub fn name(&self) -> &str {
        self.0.split_once('.').map_or("", |(_, name)| name)
    }
}

/// The date that is a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VersionDate {
    year: i16,
    month: i8,
    day: i8,
}

impl FromStr for VersionDate {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        let refuse = || {
            Error::refused(format!(
                "version '{}' is not a calendar date of the form 2018-07-30",
                shown(text)
            ))
        };
        let shape = text.len() == 10
            && text.bytes().enumerate().all(|(at, byte)| match at {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        if !shape {
            return Err(refuse());
        }
        let date: jiff::civil::Date = text.parse().map_err(|_| refuse())?;
        Ok(VersionDate {
            year: date.year(),
            month: date.month(),
            day: date.day(),
        })
    }
}

impl fmt::Display for VersionDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// `bank@1994-01-01`: one version of one plugin, as people write it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PluginVersion {
    pub plugin: PluginName,
    pub date: VersionDate,
}

impl FromStr for PluginVersion {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        let (plugin, date) = text.split_once('@').ok_or_else(|| {
            Error::usage(format!("'{}' is not of the form PLUGIN@DATE", shown(text)))
        })?;
        Ok(PluginVersion {
            plugin: plugin.parse()?,
            date: date.parse()?,
        })
    }
}

impl fmt::Display for PluginVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.plugin, self.date)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_that_do_not_exist_are_refused() {
        for bad in [
            "2020-02-30",
            "2020-2-3",
            "20-01-01",
            "2020-01-01x",
            "",
            "2020/01/01",
        ] {
            assert!(bad.parse::<VersionDate>().is_err(), "{bad}");
        }
        assert_eq!(
            "2020-02-29".parse::<VersionDate>().unwrap().to_string(),
            "2020-02-29"
        );
    }

    #[test]
    fn names_that_would_need_quoting_are_refused() {
        for bad in ["", "Bank", "bank_x", "1bank", "ba nk", "bänk", "bank\";--"] {
            assert!(PluginName::new(bad).is_err(), "{bad}");
        }
        for bad in ["bank", "bank.", ".X", "bank.X Y", "bank.X.Y", "Bank.X"] {
            assert!(TypeName::new(bad).is_err(), "{bad}");
        }
        assert_eq!(TypeName::new("bank.X_1").unwrap().plugin(), "bank");
    }
}
