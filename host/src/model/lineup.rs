//! Which version of each plugin is in force, and from which event on.

use std::collections::BTreeMap;
use std::fmt;

use super::id::{PluginName, PluginVersion, Seq, VersionDate};

/// One version per plugin, by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Lineup(pub BTreeMap<PluginName, VersionDate>);

impl Lineup {
    /// This lineup with some plugins at other versions.
    pub fn with(&self, changes: &[PluginVersion]) -> Lineup {
        let mut lineup = self.clone();
        for change in changes {
            lineup.0.insert(change.plugin.clone(), change.date);
        }
        lineup
    }

    pub fn version(&self, plugin: &str) -> Option<VersionDate> {
        self.0.get(plugin).copied()
    }

    pub fn iter(&self) -> impl Iterator<Item = PluginVersion> {
        self.0.iter().map(|(plugin, date)| PluginVersion {
            plugin: plugin.clone(),
            date: *date,
        })
    }
}

/// `bank@1994-01-01 poker@2020-01-01`; also how a lineup is stored.
impl fmt::Display for Lineup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, version) in self.iter().enumerate() {
            if at > 0 {
                f.write_str(" ")?;
            }
            version.fmt(f)?;
        }
        Ok(())
    }
}

impl std::str::FromStr for Lineup {
    type Err = super::Error;
    fn from_str(text: &str) -> super::Result<Self> {
        let versions: Vec<PluginVersion> = text
            .split_whitespace()
            .map(str::parse)
            .collect::<super::Result<_>>()?;
        Ok(Lineup::default().with(&versions))
    }
}

/// Lineups one after another: each holds from its position until the next one's. A projection has one:
/// what must be run to get its rows again. Pinned: one entry. Recorded: one for every activation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Schedule(pub Vec<(Seq, Lineup)>);

impl Schedule {
    pub fn pinned(lineup: Lineup) -> Schedule {
        Schedule(vec![(Seq(1), lineup)])
    }

    /// The lineup for an event, and the first position where another one holds.
    pub fn at(&self, seq: Seq) -> (Option<&Lineup>, Option<Seq>) {
        let next = self.0.partition_point(|(from, _)| *from <= seq);
        let lineup = next.checked_sub(1).map(|at| &self.0[at].1);
        (lineup, self.0.get(next).map(|(from, _)| *from))
    }

    /// The lineup at the end.
    pub fn last(&self) -> Lineup {
        self.0
            .last()
            .map(|(_, lineup)| lineup.clone())
            .unwrap_or_default()
    }

    /// As far as it matters to events up to here: two schedules that agree up to an event give it the same state.
    pub fn until(&self, last: Seq) -> &[(Seq, Lineup)] {
        &self.0[..self.0.partition_point(|(from, _)| *from <= last)]
    }

    /// Another lineup from a position on.
    pub fn then(&self, from: Seq, lineup: Lineup) -> Schedule {
        let mut entries: Vec<_> = self
            .0
            .iter()
            .filter(|(at, _)| *at < from)
            .cloned()
            .collect();
        if entries.last().is_none_or(|(_, last)| *last != lineup) {
            entries.push((from, lineup));
        }
        Schedule(entries)
    }
}

/// `1: bank@1993-01-01; 500: bank@1994-01-01`; also how a schedule is stored.
impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (from, lineup)) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{from}: {lineup}")?;
        }
        Ok(())
    }
}

impl std::str::FromStr for Schedule {
    type Err = super::Error;
    fn from_str(text: &str) -> super::Result<Self> {
        let bad = || super::Error::corrupt(format!("'{text}' is not a schedule"));
        text.split(';')
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
            .map(|entry| {
                let (from, lineup) = entry.split_once(':').ok_or_else(bad)?;
                Ok((
                    Seq(from.trim().parse().map_err(|_| bad())?),
                    lineup.parse()?,
                ))
            })
            .collect::<super::Result<Vec<_>>>()
            .map(Schedule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_reads_back_and_finds_the_lineup_of_each_event() {
        let text = "1: bank@1993-01-01; 500: bank@1994-01-01 poker@2020-01-01";
        let schedule: Schedule = text.parse().unwrap();
        assert_eq!(schedule.to_string(), text);
        let version = |seq| {
            schedule
                .at(Seq(seq))
                .0
                .unwrap()
                .version("bank")
                .unwrap()
                .to_string()
        };
        assert_eq!(
            (version(1), version(499)),
            ("1993-01-01".into(), "1993-01-01".into())
        );
        assert_eq!(version(500), "1994-01-01");
        assert_eq!(schedule.at(Seq(3)).1, Some(Seq(500)));
        assert_eq!(schedule.at(Seq(0)).0, None);
    }

    #[test]
    fn a_later_entry_replaces_what_was_planned_from_there_on() {
        let schedule: Schedule = "1: a@2020-01-01; 9: a@2020-02-01".parse().unwrap();
        let other: Lineup = "a@2020-03-01".parse().unwrap();
        assert_eq!(
            schedule.then(Seq(9), other).to_string(),
            "1: a@2020-01-01; 9: a@2020-03-01"
        );
        let same: Lineup = "a@2020-01-01".parse().unwrap();
        assert_eq!(schedule.then(Seq(9), same).to_string(), "1: a@2020-01-01");
    }
}
