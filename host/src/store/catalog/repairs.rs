//! Amendments, redactions and undone events in the log: what was replaced, by whom and why, and what is left to check.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use rusqlite::OptionalExtension;

use super::events::Catalog;
use crate::model::event::EVENT_UNDONE;
use crate::model::{Amendment, Digest, Error, Redaction, Result, Seq};

/// What can be done to an event after it was logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repair {
    Amended,
    Redacted,
    Undone,
}

/// The first column tells which of `Repair` it is. An amendment that reverts leaves the event as it was logged.
const REPAIRS_OF_RANGE: &str = "
SELECT 0, event, max(seq), reverts FROM amendments WHERE event BETWEEN ?1 AND ?2 GROUP BY event
UNION ALL SELECT 1, event, seq, 0 FROM redactions WHERE event BETWEEN ?1 AND ?2
UNION ALL SELECT 2, event, seq, 0 FROM undone WHERE event BETWEEN ?1 AND ?2";

impl Catalog {
    /// Which events `from..=to` were repaired, how, and by which event.
    pub fn repairs(&self, from: Seq, to: Seq) -> Result<Vec<(Seq, Repair, Seq)>> {
        let bound = |seq: Seq| i64::try_from(seq.0).unwrap_or(i64::MAX);
        let rows: Vec<(i64, i64, i64, bool)> = self
            .connection
            .prepare_cached(REPAIRS_OF_RANGE)
            .and_then(|mut statement| {
                let rows = statement.query_map((bound(from), bound(to)), |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
                });
                rows?.collect()
            })
            .map_err(|error| self.failed(error))?;
        let rows = rows.into_iter().filter(|(.., reverts)| !reverts);
        let named = rows.map(|(kind, event, by, _)| {
            let repair = match kind {
                0 => Repair::Amended,
                1 => Repair::Redacted,
                _ => Repair::Undone,
            };
            (Seq(event as u64), repair, Seq(by as u64))
        });
        Ok(named.collect())
    }

    /// The events whose recorded effects may be of payloads that are not in force any more: from the first amended event up
    /// to the last amendment. None where nothing was amended. A redaction writes effects anew.
    pub fn stale_effects(&self) -> Result<Option<RangeInclusive<Seq>>> {
        self.range("SELECT min(event), max(seq) FROM amendments")
    }

    /// The positions at which a command saw a state that a repair changed since.
    pub fn stale_answers(&self) -> Result<Option<RangeInclusive<Seq>>> {
        self.range(
            "SELECT min(event), max(seq)
             FROM (SELECT event, seq FROM amendments UNION ALL SELECT event, seq FROM redactions)",
        )
    }

    fn range(&self, sql: &str) -> Result<Option<RangeInclusive<Seq>>> {
        self.connection
            .query_row(sql, [], |row| {
                let (first, last): (Option<i64>, Option<i64>) = (row.get(0)?, row.get(1)?);
                Ok(first.zip(last))
            })
            .map(|found| found.map(|(first, last)| Seq(first as u64)..=Seq(last as u64 - 1)))
            .map_err(|error| self.failed(error))
    }

    /// All amendments, oldest first.
    pub fn amendments(&self) -> Result<Vec<Amendment>> {
        self.amendments_where("TRUE")
    }

    /// Those of one event.
    pub fn amendments_of(&self, event: Seq) -> Result<Vec<Amendment>> {
        self.amendments_where(&format!("event = {event}"))
    }

    fn amendments_where(&self, condition: &str) -> Result<Vec<Amendment>> {
        let rows = self.all(
            &format!(
                "SELECT seq, event, reverts, replaced, salt, hash, time, actor, reason FROM amendments
                 WHERE {condition} ORDER BY seq"
            ),
            |row| {
                let (salt, hash) = (row.get::<_, Vec<u8>>(4)?, row.get::<_, Vec<u8>>(5)?);
                let amendment = Amendment {
                    seq: Seq(row.get::<_, i64>(0)? as u64),
                    event: Seq(row.get::<_, i64>(1)? as u64),
                    reverts: row.get(2)?,
                    replaced: row.get(3)?,
                    salt: [0; 16],
                    hash: Digest::ZERO,
                    time: row.get(6)?,
                    actor: row.get(7)?,
                    reason: row.get(8)?,
                };
                Ok((amendment, salt, hash))
            },
        )?;
        rows.into_iter()
            .map(|(amendment, salt, hash)| {
                Ok(Amendment {
                    salt: salt_of(salt)?,
                    hash: Digest::from_slice(&hash)?,
                    ..amendment
                })
            })
            .collect()
    }

    /// All redactions, by event.
    pub fn redactions(&self) -> Result<Vec<Redaction>> {
        self.redactions_where("TRUE")
    }

    /// That of one event.
    pub fn redaction_of(&self, event: Seq) -> Result<Option<Redaction>> {
        Ok(self.redactions_where(&format!("event = {event}"))?.pop())
    }

    fn redactions_where(&self, condition: &str) -> Result<Vec<Redaction>> {
        let rows = self.all(
            &format!(
                "SELECT event, seq, payload_hash, salt, replacement, time, actor, reason FROM redactions
                 WHERE {condition} ORDER BY event"
            ),
            |row| {
                let hashes = (
                    row.get::<_, Vec<u8>>(2)?,
                    row.get::<_, Vec<u8>>(3)?,
                    row.get::<_, Option<Vec<u8>>>(4)?,
                );
                let redaction = Redaction {
                    event: Seq(row.get::<_, i64>(0)? as u64),
                    seq: Seq(row.get::<_, i64>(1)? as u64),
                    payload_hash: Digest::ZERO,
                    salt: [0; 16],
                    replacement: None,
                    time: row.get(5)?,
                    actor: row.get(6)?,
                    reason: row.get(7)?,
                };
                Ok((redaction, hashes))
            },
        )?;
        rows.into_iter()
            .map(|(redaction, (payload_hash, salt, replacement))| {
                Ok(Redaction {
                    payload_hash: Digest::from_slice(&payload_hash)?,
                    salt: salt_of(salt)?,
                    replacement: replacement
                        .map(|hash| Digest::from_slice(&hash))
                        .transpose()?,
                    ..redaction
                })
            })
            .collect()
    }

    /// Events that were undone, each with the event that did it.
    pub fn undone(&self) -> Result<Vec<(Seq, Seq)>> {
        self.all("SELECT event, seq FROM undone ORDER BY event", |row| {
            Ok((
                Seq(row.get::<_, i64>(0)? as u64),
                Seq(row.get::<_, i64>(1)? as u64),
            ))
        })
    }

    /// What an event does with the payload that an amendment put in force. None: an earlier daybook did not keep it.
    pub fn amended_effects(&self, by: Seq) -> Result<Option<Vec<u8>>> {
        self.connection
            .prepare_cached("SELECT body FROM amended_effects WHERE seq = ?1")
            .and_then(|mut statement| {
                let found = statement.query_row([by.0 as i64], |row| row.get(0));
                found.optional()
            })
            .map_err(|error| self.failed(error))
    }

    /// Events that say what was done to an event, but for amendments.
    pub fn repaired_by(&self, event: Seq) -> Result<Vec<Seq>> {
        self.all(
            &format!(
                "SELECT seq FROM redactions WHERE event = {event}
                 UNION SELECT seq FROM undone WHERE event = {event}
                 UNION SELECT seq FROM event_pins WHERE event = {event}"
            ),
            |row| Ok(Seq(row.get::<_, i64>(0)? as u64)),
        )
    }

    /// The event that undid one, whether or not it was undone in turn.
    pub fn undone_row(&self, event: Seq) -> Result<Option<Seq>> {
        self.connection
            .prepare_cached("SELECT seq FROM undone WHERE event = ?1")
            .and_then(|mut statement| {
                let found = statement.query_row([event.0 as i64], |row| row.get::<_, i64>(0));
                found.optional()
            })
            .map(|by| by.map(|by| Seq(by as u64)))
            .map_err(|error| self.failed(error))
    }

    /// By which event one was undone; none where that was undone in turn.
    pub fn undone_by(&self, event: Seq) -> Result<Option<Seq>> {
        let first = self.undone_row(event)?;
        let (mut last, mut is_undone) = (first, first.is_some());
        while let Some(next) = last.map(|by| self.undone_row(by)).transpose()?.flatten() {
            (last, is_undone) = (Some(next), !is_undone);
        }
        Ok(first.filter(|_| is_undone))
    }

    /// Events of which a later one takes back the row changes.
    pub fn undone_by_rows(&self) -> Result<BTreeSet<Seq>> {
        self.undone_rows("", [])
    }

    /// Those of them up to a position that are undone behind it, up to `to`.
    pub fn undone_across(&self, position: Seq, to: Seq) -> Result<BTreeSet<Seq>> {
        let bounds = [position.0 as i64, to.0 as i64];
        self.undone_rows("AND u.event <= ?1 AND u.seq > ?1 AND u.seq <= ?2", bounds)
    }

    fn undone_rows<const N: usize>(&self, which: &str, values: [i64; N]) -> Result<BTreeSet<Seq>> {
        self.connection
            .prepare_cached(&undone_rows_sql(which))
            .and_then(|mut statement| {
                let rows = statement.query_map(rusqlite::params_from_iter(values), |row| {
                    Ok(Seq(row.get::<_, i64>(0)? as u64))
                });
                rows?.collect()
            })
            .map_err(|error| self.failed(error))
    }

    /// True where an event once had this payload, or where what it had cannot be known any more.
    pub fn had_payload(&self, seq: Seq, data: &str) -> Result<bool> {
        self.connection
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM amendments WHERE event = ?1 AND replaced = ?2)
                     OR EXISTS (SELECT 1 FROM redactions WHERE event = ?1)",
            )
            .and_then(|mut statement| statement.query_row((seq.0 as i64, data), |row| row.get(0)))
            .map_err(|error| self.failed(error))
    }
}

fn salt_of(bytes: Vec<u8>) -> Result<[u8; 16]> {
    bytes
        .try_into()
        .map_err(|_| Error::corrupt("the salt of a repair is not of 16 bytes"))
}

/// From `undone` to its events, and never the other way: without statistics SQLite takes a type for rarer than it is, and
/// would go through all events for the few that were undone.
fn undone_rows_sql(which: &str) -> String {
    format!(
        "SELECT u.event FROM undone u CROSS JOIN events e ON e.seq = u.seq
         WHERE e.type = '{EVENT_UNDONE}' {which}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::log::{Appended, Commit, LocalOp, LogOp};

    #[test]
    fn a_log_without_the_tables_reads_as_one_without_repairs_and_gets_them_when_it_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.db");
        let log = Catalog::create(&path).unwrap();
        log.connection
            .execute_batch("DROP TABLE amendments; DROP TABLE redactions; DROP TABLE undone;")
            .unwrap();
        drop(log);
        let mut log = Catalog::open(&path).unwrap();
        assert_eq!(
            (log.amendments().unwrap(), log.redactions().unwrap()),
            (vec![], vec![])
        );
        assert!(log.undone().unwrap().is_empty() && !log.had_payload(Seq(1), "{}").unwrap());
        let undone = LogOp::Undone {
            event: Seq(1),
            by: Seq(2),
        };
        let commit = Commit::new(log.last_commit().unwrap(), vec![undone]);
        assert_eq!(
            log.commit(&commit, &[], || Ok(Appended::Kept)).unwrap(),
            Appended::Kept
        );
        assert_eq!(log.undone().unwrap(), [(Seq(1), Seq(2))]);
    }

    #[test]
    fn what_was_undone_is_found_without_a_look_at_every_event() {
        let folder = tempfile::tempdir().unwrap();
        let log = Catalog::create(&folder.path().join("log.db")).unwrap();
        let sql = format!("EXPLAIN QUERY PLAN {}", undone_rows_sql(""));
        let mut statement = log.connection.prepare(&sql).unwrap();
        let steps = statement.query_map([], |row| row.get::<_, String>(3));
        let steps: Vec<_> = steps.unwrap().map(Result::unwrap).collect();
        assert_eq!(
            steps,
            ["SCAN u", "SEARCH e USING INTEGER PRIMARY KEY (rowid=?)"]
        );
    }

    #[test]
    fn a_cleaned_log_holds_no_byte_of_what_was_overwritten_and_says_while_it_is_not_clean() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.db");
        let mut log = Catalog::create(&path).unwrap();
        let holds = || {
            let files = std::fs::read_dir(folder.path()).unwrap();
            let mut bytes = files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap());
            bytes
                .by_ref()
                .collect::<Vec<_>>()
                .windows(6)
                .any(|window| window == b"secret")
        };
        let note = |value: &str| LocalOp::Note {
            key: "a".to_owned(),
            value: value.to_owned(),
        };
        log.write_local(&[note("secret")]).unwrap();
        log.write_local(&[note("nothing")]).unwrap();
        log.begin_cleaning(Seq(1)).unwrap();
        assert!(holds() && log.needs_cleaning().unwrap());
        // Somebody reads the state as it was: it stays in the file until they are done.
        let reader = Catalog::open(&path).unwrap();
        log.connection
            .busy_timeout(std::time::Duration::ZERO)
            .unwrap();
        reader.connection.execute_batch("BEGIN").unwrap();
        assert!(reader.meta("a").unwrap().is_some());
        assert!(!log.clean().unwrap() && log.needs_cleaning().unwrap());
        reader.connection.execute_batch("COMMIT").unwrap();
        assert!(log.clean().unwrap());
        assert!(!holds() && !log.needs_cleaning().unwrap());
    }
}
