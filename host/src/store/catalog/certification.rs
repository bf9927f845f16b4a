//! Certifications in the log, and what of the log they are made on: a sample by type and version.

use crate::model::Certification;
use std::collections::HashMap;

use super::events::Catalog;
use crate::model::{Digest, Error, PluginVersion, Result, Seq};

/// Positions to try: in the log's order, each with whether it is of the sample or only leads to it.
pub type SampledEvents = Vec<(Seq, bool)>;

/// Chooses some of each pair of type and lineup, spread evenly over all that there are.
struct Spread {
    /// By type and lineup: how many there are, how many of them are wanted, how many were seen and chosen.
    pairs: HashMap<(String, i64), [u64; 4]>,
}

impl Spread {
    fn new(counts: Vec<(String, i64, i64)>, each_max: u64, all_max: u64) -> Spread {
        let each = all_max
            .checked_div(counts.len() as u64)
            .map_or(each_max, |share| share.clamp(1, each_max));
        let pairs = counts.into_iter().map(|(name, lineup, count)| {
            let count = count.unsigned_abs();
            ((name, lineup), [count, count.min(each), 0, 0])
        });
        Spread {
            pairs: pairs.collect(),
        }
    }

    /// True where the next one of a pair is chosen. None: nobody asked for its type.
    fn next(&mut self, name: &str, lineup: i64) -> Option<bool> {
        let [count, wanted, seen, chosen] = self.pairs.get_mut(&(name.to_owned(), lineup))?;
        let is_chosen = *chosen < *wanted && *seen == *chosen * *count / *wanted;
        *seen += 1;
        *chosen += u64::from(is_chosen);
        Some(is_chosen)
    }
}

impl Catalog {
    /// The last certification of every version.
    pub fn certifications(&self) -> Result<Vec<Certification>> {
        type Row = ([String; 7], Vec<u8>, [i64; 2]);
        let rows: Vec<Row> = self.all(
            "SELECT plugin, date, certified_at, engine, materializers, creators, reason, digest, events, commands
             FROM certifications ORDER BY plugin, date",
            |row| {
                let text = |at| row.get::<_, String>(at);
                let texts = [text(0)?, text(1)?, text(2)?, text(3)?, text(4)?, text(5)?, text(6)?];
                Ok((texts, row.get(7)?, [row.get(8)?, row.get(9)?]))
            },
        )?;
        rows.into_iter()
            .map(|(texts, digest, [events, commands])| {
                let [
                    plugin,
                    date,
                    certified_at,
                    engine,
                    materializers,
                    _creators,
                    reason,
                ] = texts;
                Ok(Certification {
                    version: PluginVersion {
                        plugin: plugin.parse().map_err(Error::stored)?,
                        date: date.parse().map_err(Error::stored)?,
                    },
                    digest: Digest::from_slice(&digest)?,
                    certified_at,
                    engine,
                    events: events.unsigned_abs(),
                    commands: commands.unsigned_abs(),
                    instances: materializers.parse()?,
                    reason,
                })
            })
            .collect()
    }

    /// The first `lead_max` events that `leads` is true of, and beyond them only the sample: of each type that `wants` is
    /// true of, and each lineup stamped on it, at most `each_max`, spread evenly over the log, and not many more than
    /// `all_max` together.
    pub fn sample_events(
        &self,
        leads: impl Fn(&str) -> bool,
        wants: impl Fn(&str) -> bool,
        lead_max: usize,
        each_max: u64,
        all_max: u64,
    ) -> Result<SampledEvents> {
        let mut spread = self.spread("events", wants, each_max, all_max)?;
        let mut sampled = Vec::new();
        self.visit_types(
            "SELECT seq, type, lineup FROM events ORDER BY seq",
            |seq, name, lineup| {
                let is_chosen = spread.next(name, lineup).unwrap_or(false);
                if is_chosen || (sampled.len() < lead_max && leads(name)) {
                    sampled.push((Seq(seq), is_chosen));
                }
            },
        )?;
        Ok(sampled)
    }

    /// Ordinals of commands, chosen in the same way.
    pub fn sample_commands(
        &self,
        wants: impl Fn(&str) -> bool,
        each_max: u64,
        all_max: u64,
    ) -> Result<Vec<u64>> {
        let mut spread = self.spread("commands", wants, each_max, all_max)?;
        let mut sampled = Vec::new();
        self.visit_types(
            "SELECT ordinal, type, lineup FROM commands ORDER BY ordinal",
            |ordinal, name, lineup| {
                if spread.next(name, lineup) == Some(true) {
                    sampled.push(ordinal);
                }
            },
        )?;
        Ok(sampled)
    }

    fn spread(
        &self,
        table: &str,
        wants: impl Fn(&str) -> bool,
        each_max: u64,
        all_max: u64,
    ) -> Result<Spread> {
        let mut counts: Vec<(String, i64, i64)> = self.all(
            &format!("SELECT type, lineup, count(*) FROM {table} GROUP BY 1, 2"),
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
        counts.retain(|(name, _, _)| wants(name));
        Ok(Spread::new(counts, each_max, all_max))
    }

    fn visit_types(&self, sql: &str, mut visit: impl FnMut(u64, &str, i64)) -> Result<()> {
        let mut statement = self
            .connection
            .prepare(sql)
            .map_err(|error| self.failed(error))?;
        let mut rows = statement.query([]).map_err(|error| self.failed(error))?;
        while let Some(row) = rows.next().map_err(|error| self.failed(error))? {
            let read = || -> rusqlite::Result<_> {
                Ok((
                    row.get::<_, i64>(0)?,
                    row.get_ref(1)?.as_str()?,
                    row.get(2)?,
                ))
            };
            let (at, name, lineup) = read().map_err(|error| self.failed(error))?;
            visit(at.unsigned_abs(), name, lineup);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::log::{Appended, Commit, LogOp};
    use crate::model::{Digest, Instances};

    #[test]
    fn a_log_from_before_certifications_is_read_without_and_gets_their_table() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log.db");
        let mut log = Catalog::create(&path).unwrap();
        log.connection
            .execute_batch("DROP TABLE certifications")
            .unwrap();
        let certification = Certification {
            version: "bank@1993-01-01".parse().unwrap(),
            digest: Digest::of(b"code"),
            certified_at: "2026-01-01T00:00:00Z".into(),
            engine: "an engine".into(),
            events: 64,
            commands: 3,
            instances: Instances::Reset,
            reason: "as a fresh one".into(),
        };
        let commit = |log: &mut Catalog| {
            let op = LogOp::Certification(certification.clone());
            let commit = Commit::new(log.last_commit().unwrap(), vec![op]);
            log.commit(&commit, &[], || Ok(Appended::Kept))
        };
        assert!(commit(&mut log).is_err());
        drop(log);
        let mut log = Catalog::open(&path).unwrap();
        assert_eq!(log.certifications().unwrap(), []);
        assert_eq!(commit(&mut log).unwrap(), Appended::Kept);
        assert_eq!(log.certifications().unwrap(), [certification]);
    }

    #[test]
    fn a_sample_has_the_first_of_a_pair_and_is_spread_evenly_over_the_rest() {
        let counts = vec![("bank.A".to_owned(), 1, 10), ("bank.B".to_owned(), 1, 2)];
        let mut spread = Spread::new(counts, 4, 100);
        let chosen: Vec<u64> = (0..10)
            .filter(|_| spread.next("bank.A", 1) == Some(true))
            .collect();
        assert_eq!(chosen, [0, 2, 5, 7]);
        assert_eq!([(); 2].map(|()| spread.next("bank.B", 1)), [Some(true); 2]);
        assert_eq!(spread.next("bank.C", 1), None);
        assert_eq!(spread.next("bank.A", 2), None);
    }

    #[test]
    fn many_pairs_share_what_all_may_have_together_and_each_has_one() {
        let counts = (0..10).map(|at| ("bank.A".to_owned(), at, 100)).collect();
        let mut spread = Spread::new(counts, 64, 5);
        for lineup in 0..10 {
            let chosen = (0..100).filter(|_| spread.next("bank.A", lineup) == Some(true));
            assert_eq!(chosen.count(), 1);
        }
    }
}
