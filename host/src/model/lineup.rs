//! Which version of each plugin is in force, and from which event on.

use std::collections::BTreeMap;
use std::fmt;

use super::id::{PluginName, PluginVersion, Seq, VersionDate};

/// One version per plugin, by name. Under the policy `stamped` a plugin has earlier ones beside it, each for what callers of
/// its date bring.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Lineup {
    versions: BTreeMap<PluginName, VersionDate>,
    /// Newest first.
    earlier: BTreeMap<PluginName, Vec<VersionDate>>,
}

impl Lineup {
    /// This lineup with some plugins at other versions, and nothing beside these.
    pub fn with(&self, changes: &[PluginVersion]) -> Lineup {
        let mut lineup = self.clone();
        for change in changes {
            lineup.versions.insert(change.plugin.clone(), change.date);
            lineup.earlier.remove(&change.plugin);
        }
        lineup
    }

    /// This lineup with a plugin at a version, and at earlier ones for callers of their dates.
    pub fn stamped(&self, version: &PluginVersion, mut earlier: Vec<VersionDate>) -> Lineup {
        let mut lineup = self.with(std::slice::from_ref(version));
        earlier.retain(|date| *date < version.date);
        earlier.sort_unstable_by(|one, other| other.cmp(one));
        earlier.dedup();
        if !earlier.is_empty() {
            lineup.earlier.insert(version.plugin.clone(), earlier);
        }
        lineup
    }

    pub fn version(&self, plugin: &str) -> Option<VersionDate> {
        self.versions.get(plugin).copied()
    }

    /// Earlier versions of a plugin beside the one in force, newest first.
    pub fn earlier(&self, plugin: &str) -> &[VersionDate] {
        self.earlier.get(plugin).map_or(&[], Vec::as_slice)
    }

    /// The version that a caller of a date gets of a plugin under the policy `stamped`: the newest that is not after it. None:
    /// all are later, or the plugin is not stamped.
    pub fn stamped_at(&self, plugin: &str, date: VersionDate) -> Option<VersionDate> {
        let earlier = self.earlier.get(plugin)?;
        let mut dates = self
            .version(plugin)
            .into_iter()
            .chain(earlier.iter().copied());
        dates.find(|known| *known <= date)
    }

    /// One version of each plugin.
    pub fn iter(&self) -> impl Iterator<Item = PluginVersion> {
        self.versions.iter().map(|(plugin, date)| PluginVersion {
            plugin: plugin.clone(),
            date: *date,
        })
    }

    /// The versions beside those.
    pub fn iter_earlier(&self) -> impl Iterator<Item = PluginVersion> {
        let all = self.earlier.iter();
        all.flat_map(|(plugin, dates)| {
            dates.iter().map(|date| PluginVersion {
                plugin: plugin.clone(),
                date: *date,
            })
        })
    }
}

/// `bank@1994-01-01 poker@2020-01-01`, and with earlier versions beside one `bank@1994-01-01+1993-01-01`; also how a lineup is
/// stored.
impl fmt::Display for Lineup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, version) in self.iter().enumerate() {
            if at > 0 {
                f.write_str(" ")?;
            }
            version.fmt(f)?;
            for date in self.earlier(version.plugin.as_str()) {
                write!(f, "+{date}")?;
            }
        }
        Ok(())
    }
}

impl std::str::FromStr for Lineup {
    type Err = super::Error;
    fn from_str(text: &str) -> super::Result<Self> {
        let mut lineup = Lineup::default();
        for entry in text.split_whitespace() {
            let mut parts = entry.split('+');
            let version: PluginVersion = parts.next().unwrap_or_default().parse()?;
            let earlier = parts.map(str::parse).collect::<super::Result<_>>()?;
            lineup = lineup.stamped(&version, earlier);
        }
        Ok(lineup)
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
    fn a_stamped_plugin_has_a_version_for_each_date() {
        let text = "bank@1994-01-01+1993-06-01+1993-01-01 poker@2020-01-01";
        let lineup: Lineup = text.parse().unwrap();
        assert_eq!(lineup.to_string(), text);
        let at = |plugin: &str, date: &str| {
            let found = lineup.stamped_at(plugin, date.parse().unwrap());
            found.map(|date| date.to_string()).unwrap_or_default()
        };
        assert_eq!(at("bank", "1992-12-31"), "");
        assert_eq!(at("bank", "1993-05-31"), "1993-01-01");
        assert_eq!(at("bank", "1993-06-01"), "1993-06-01");
        assert_eq!(at("bank", "2999-01-01"), "1994-01-01");
        assert_eq!(at("poker", "2999-01-01"), "", "it is not stamped");
        let earlier = lineup.iter_earlier().map(|it| it.to_string());
        assert_eq!(
            earlier.collect::<Vec<_>>(),
            ["bank@1993-06-01", "bank@1993-01-01"]
        );
        let plain = lineup.with(&["bank@1993-01-01".parse().unwrap()]);
        assert_eq!(plain.to_string(), "bank@1993-01-01 poker@2020-01-01");
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
