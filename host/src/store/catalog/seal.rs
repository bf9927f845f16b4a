//! What the tables held when the last commit was made: for every table that commits make, a sum over its rows, kept while
//! they are written; and a chain of digests over the commits, each of which covers all the sums.
//!
//! A commit changes few rows of many. So a table is summed up so that a row can be taken out of the sum and another one put
//! in: the sum of the SHA-512 of its rows, in eight words. Whoever alters a row without this machinery leaves a sum that does
//! not fit. Triggers that only the writer's connection has feed it, so that no statement can forget to.
//!
//! What a commit leaves behind for good is blinded by bytes that the next one erases: nobody can try guesses of an erased
//! payload on it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest as _, Sha256, Sha512};
use uuid::Uuid;

use super::events::Catalog;
use crate::model::log::Commit;
use crate::model::{CommitSeq, Digest, Error, Result};
use crate::store::schema;

/// Tables that are this machine's own, or are the seals themselves.
const UNSEALED: [&str; 7] = [
    "commits",
    "handler_log",
    "meta",
    "projections",
    "seals",
    "snapshots",
    "sums",
];

/// The rows of one table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub rows: i64,
    words: [u64; 8],
}

impl Sum {
    /// Puts a row in, or takes it out.
    fn add(&mut self, hash: &[u64; 8], put: bool) {
        self.rows += if put { 1 } else { -1 };
        for (word, part) in self.words.iter_mut().zip(hash) {
            *word = match put {
                true => word.wrapping_add(*part),
                false => word.wrapping_sub(*part),
            };
        }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.words
            .iter()
            .flat_map(|word| word.to_be_bytes())
            .collect()
    }

    pub(super) fn of(rows: i64, bytes: &[u8]) -> Result<Sum> {
        if bytes.len() != 64 {
            return Err(Error::corrupt("a table's sum in the log is not one"));
        }
        Ok(Sum {
            rows,
            words: words(bytes),
        })
    }
}

/// By table; one without rows may be missing.
pub(super) type Sums = BTreeMap<String, Sum>;

/// What the triggers of a connection feed.
#[derive(Debug, Default)]
pub(super) struct Feed {
    sums: Sums,
    /// Tables that were written since the sums were.
    written: BTreeSet<String>,
}

/// On a connection that writes.
#[derive(Debug, Clone, Default)]
pub(super) struct Sealing(Arc<Mutex<Feed>>);

impl Sealing {
    fn lock(&self) -> MutexGuard<'_, Feed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// SHA-512 of a row: of the table's name, and of each cell with its type and its length before it.
fn row_hash<'v>(table: &str, cells: impl Iterator<Item = ValueRef<'v>>) -> [u64; 8] {
    let mut hasher = Sha512::new();
    let mut part = |kind: u8, bytes: &[u8]| {
        hasher.update([kind]);
        hasher.update((bytes.len() as u64).to_be_bytes());
        hasher.update(bytes);
    };
    part(0, table.as_bytes());
    for cell in cells {
        match cell {
            ValueRef::Null => part(1, &[]),
            ValueRef::Integer(number) => part(2, &number.to_be_bytes()),
            ValueRef::Real(number) => part(3, &number.to_bits().to_be_bytes()),
            ValueRef::Text(text) => part(4, text),
            ValueRef::Blob(bytes) => part(5, bytes),
        }
    }
    words(&hasher.finalize())
}

/// 64 bytes as eight words.
fn words(bytes: &[u8]) -> [u64; 8] {
    let mut words = [0; 8];
    for (word, part) in words.iter_mut().zip(bytes.chunks_exact(8)) {
        *word = part
            .iter()
            .fold(0, |word, byte| word << 8 | u64::from(*byte));
    }
    words
}

/// The digest of all tables, blinded.
fn state(blind: &[u8], sums: &Sums) -> Digest {
    let mut hasher = Sha256::new();
    hasher.update(blind);
    for (table, sum) in sums.iter().filter(|(_, sum)| **sum != Sum::default()) {
        hasher.update((table.len() as u64).to_be_bytes());
        hasher.update(table.as_bytes());
        hasher.update(sum.rows.to_be_bytes());
        hasher.update(sum.bytes());
    }
    Digest(hasher.finalize().into())
}

/// The digest of a commit, after the one before it.
pub(super) fn chained(
    before: &Digest,
    book: &str,
    position: CommitSeq,
    id: &Uuid,
    state: &Digest,
) -> Digest {
    let mut hasher = Sha256::new();
    hasher.update(before.0);
    hasher.update((book.len() as u64).to_be_bytes());
    hasher.update(book.as_bytes());
    hasher.update(position.0.to_be_bytes());
    hasher.update(id.as_bytes());
    hasher.update(state.0);
    Digest(hasher.finalize().into())
}

/// The last seal.
#[derive(Debug, Clone)]
pub(super) struct Seal {
    pub position: CommitSeq,
    state: Digest,
    pub digest: Digest,
    blind: Vec<u8>,
}

impl Seal {
    /// True where these are the sums that were sealed.
    pub fn covers(&self, sums: &Sums) -> bool {
        state(&self.blind, sums) == self.state
    }
}

impl Catalog {
    /// Everything that a writer needs before its first transaction: a log of format 1 gets its sums and its first seal, and
    /// the connection its triggers.
    pub fn begin_sealing(&mut self) -> Result<()> {
        if self.sealing.is_some() {
            return Ok(());
        }
        if schema::log_format(&self.connection)? < schema::LOG_FORMAT {
            self.begin()?;
            match self.seal_old() {
                Ok(()) => self.end()?,
                Err(error) => return self.roll_back().and(Err(error)),
            }
        }
        let sealing = Sealing::default();
        sealing.lock().sums = self.kept_sums()?;
        install(&self.connection, &sealing).map_err(|error| self.failed(error))?;
        self.sealing = Some(sealing);
        Ok(())
    }

    /// Seals what a log of format 1 holds as it is. Part of the open transaction.
    fn seal_old(&mut self) -> Result<()> {
        let sums = self.count_sums()?;
        self.run("DELETE FROM sums", &[])?;
        for (table, sum) in &sums {
            self.write_sum(table, sum)?;
        }
        let position = self.last_commit()?;
        let id = self.commit_id(position)?.unwrap_or_default();
        self.run("DELETE FROM seals", &[])?;
        self.write_seal(position, &id, &crate::model::given::salt(), &sums)?;
        schema::stamp_log(&self.connection)
    }

    /// Seals a commit whose operations are written. Part of the open transaction.
    pub(super) fn seal(&mut self, commit: &Commit) -> Result<()> {
        let Some(sealing) = self.sealing.clone() else {
            return Err(Error::internal(
                "a commit is sealed on a connection that feeds no sums",
            ));
        };
        self.write_sums()?;
        let feed = sealing.lock();
        self.write_seal(commit.position(), &commit.id, &commit.blind, &feed.sums)
    }

    /// Writes the sums of the tables that were written. Part of the open transaction.
    pub(super) fn write_sums(&self) -> Result<()> {
        let Some(sealing) = &self.sealing else {
            return Ok(());
        };
        let mut feed = sealing.lock();
        for table in std::mem::take(&mut feed.written) {
            if let Some(sum) = feed.sums.get(&table) {
                self.write_sum(&table, sum)?;
            }
        }
        Ok(())
    }

    /// The sums as they are now, also within a transaction on a connection that writes.
    pub(super) fn present_sums(&self) -> Result<Sums> {
        match &self.sealing {
            Some(sealing) => Ok(sealing.lock().sums.clone()),
            None => self.kept_sums(),
        }
    }

    /// Refuses to keep what was written to a table that commits make, outside of a commit.
    pub(super) fn check_unsealed(&self) -> Result<()> {
        match self
            .sealing
            .as_ref()
            .map(|it| it.lock().written.pop_first())
        {
            Some(Some(table)) => Err(Error::internal(format!(
                "table '{table}' is written outside of a commit"
            ))),
            _ => Ok(()),
        }
    }

    /// After a rollback: the sums are again those that are kept.
    pub(super) fn reload_sums(&self) -> Result<()> {
        if let Some(sealing) = &self.sealing {
            let sums = self.kept_sums()?;
            *sealing.lock() = Feed {
                sums,
                written: BTreeSet::new(),
            };
        }
        Ok(())
    }

    fn write_sum(&self, table: &str, sum: &Sum) -> Result<()> {
        self.run(
            "INSERT OR REPLACE INTO sums (name, rows, sum) VALUES (?1, ?2, ?3)",
            params![table, sum.rows, sum.bytes()],
        )
        .map(drop)
    }

    fn write_seal(
        &self,
        position: CommitSeq,
        id: &Uuid,
        blind: &[u8; 16],
        sums: &Sums,
    ) -> Result<()> {
        let last = self.last_seal()?;
        let before = last.as_ref().map_or(Digest::ZERO, |last| last.digest);
        if let Some(last) = last {
            let at = last.position.0 as i64;
            self.run("UPDATE seals SET blind = NULL WHERE position = ?1", &[&at])?;
        }
        let state = state(blind, sums);
        let book = self.book_id()?;
        let digest = chained(&before, &book, position, id, &state);
        self.run(
            "INSERT INTO seals (position, state, digest, blind) VALUES (?1, ?2, ?3, ?4)",
            params![position.0 as i64, &state.0[..], &digest.0[..], &blind[..]],
        )
        .map(drop)
    }

    /// The sums that were written with the last commit.
    pub(super) fn kept_sums(&self) -> Result<Sums> {
        let rows: Vec<(String, i64, Vec<u8>)> = self
            .all("SELECT name, rows, sum FROM sums", |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?;
        rows.into_iter()
            .map(|(table, rows, bytes)| Ok((table, Sum::of(rows, &bytes)?)))
            .collect()
    }

    /// The sums of the rows that are there.
    pub(super) fn count_sums(&self) -> Result<Sums> {
        let tables = sealed_tables(&self.connection).map_err(|error| self.failed(error))?;
        let count = |(table, columns): (String, Vec<String>)| -> rusqlite::Result<_> {
            let sql = format!("SELECT {} FROM \"{table}\"", quoted("", &columns));
            let mut statement = self.connection.prepare(&sql)?;
            let mut rows = statement.query([])?;
            let mut sum = Sum::default();
            while let Some(row) = rows.next()? {
                let cells: rusqlite::Result<Vec<_>> =
                    (0..columns.len()).map(|at| row.get_ref(at)).collect();
                sum.add(&row_hash(&table, cells?.into_iter()), true);
            }
            Ok((table, sum))
        };
        { tables.into_iter().map(count) }
            .collect::<rusqlite::Result<_>>()
            .map_err(|error| self.failed(error))
    }

    pub(super) fn last_seal(&self) -> Result<Option<Seal>> {
        type Row = (i64, Vec<u8>, Vec<u8>, Option<Vec<u8>>);
        let found: Option<Row> = self
            .connection
            .prepare_cached(
                "SELECT position, state, digest, blind FROM seals ORDER BY position DESC LIMIT 1",
            )
            .and_then(|mut statement| {
                statement
                    .query_row([], |row| {
                        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
                    })
                    .optional()
            })
            .map_err(|error| self.failed(error))?;
        found
            .map(|(position, state, digest, blind)| {
                Ok(Seal {
                    position: CommitSeq(position as u64),
                    state: Digest::from_slice(&state)?,
                    digest: Digest::from_slice(&digest)?,
                    blind: blind.unwrap_or_default(),
                })
            })
            .transpose()
    }

    /// Digest over everything that the log's commits left, up to the last one. None for a log that no writer has sealed yet.
    pub fn log_digest(&self) -> Result<Option<(CommitSeq, Digest)>> {
        Ok(self.last_seal()?.map(|seal| (seal.position, seal.digest)))
    }

    /// The first commit from which the chain of seals does not hold, and whether a digest is in the chain.
    pub(super) fn follow_seals(
        &self,
        wanted: Option<&Digest>,
    ) -> Result<(Option<CommitSeq>, bool)> {
        let book = self.book_id()?;
        let mut statement = self
            .connection
            .prepare(
                "SELECT s.position, c.id, s.state, s.digest FROM seals s LEFT JOIN commits c ON c.position = s.position
                 ORDER BY s.position",
            )
            .map_err(|error| self.failed(error))?;
        let mut rows = statement.query([]).map_err(|error| self.failed(error))?;
        let (mut before, mut next, mut is_found) = (Digest::ZERO, None, false);
        while let Some(row) = rows.next().map_err(|error| self.failed(error))? {
            type Row = (i64, Option<Vec<u8>>, Vec<u8>, Vec<u8>);
            let read = || -> rusqlite::Result<Row> {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            };
            let (position, id, state, digest) = read().map_err(|error| self.failed(error))?;
            let position = CommitSeq(position as u64);
            let id = Uuid::from_slice(&id.unwrap_or_default()).unwrap_or_default();
            let (state, digest) = (Digest::from_slice(&state)?, Digest::from_slice(&digest)?);
            let expected = chained(&before, &book, position, &id, &state);
            if next.is_some_and(|next| next != position) || digest != expected {
                return Ok((Some(next.unwrap_or(position)), is_found));
            }
            is_found |= wanted == Some(&digest);
            (before, next) = (digest, Some(position.next()));
        }
        let last = self.last_commit()?;
        let is_whole = next.is_some_and(|next| next == last.next());
        Ok(((!is_whole).then(|| next.unwrap_or(last)), is_found))
    }
}

/// The tables that commits make, with their columns.
pub(super) fn sealed_tables(
    connection: &Connection,
) -> rusqlite::Result<Vec<(String, Vec<String>)>> {
    let names = |sql: &str, of: &[&str]| -> rusqlite::Result<Vec<String>> {
        let mut statement = connection.prepare(sql)?;
        let names = statement.query_map(rusqlite::params_from_iter(of), |row| row.get(0))?;
        names.collect()
    };
    let sql = "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*' ORDER BY name";
    let tables = names(sql, &[])?.into_iter();
    let tables = tables.filter(|table| !UNSEALED.contains(&&**table));
    tables
        .map(|table| {
            let columns = names(
                "SELECT name FROM pragma_table_info(?1) ORDER BY cid",
                &[&table],
            )?;
            Ok((table, columns))
        })
        .collect()
}

pub(super) fn quoted(before: &str, columns: &[String]) -> String {
    let quoted: Vec<_> = columns
        .iter()
        .map(|column| format!("{before}\"{column}\""))
        .collect();
    quoted.join(", ")
}

/// Makes the connection feed sums: whatever it inserts, updates or deletes goes into them and out of them.
fn install(connection: &Connection, sealing: &Sealing) -> rusqlite::Result<()> {
    let fed = sealing.clone();
    let feed = move |context: &Context<'_>| {
        let table = context.get_raw(0).as_str()?;
        let put = context.get_raw(1).as_i64()? > 0;
        let cells = (2..context.len()).map(|at| context.get_raw(at));
        let hash = row_hash(table, cells);
        let mut fed = fed.lock();
        match fed.sums.get_mut(table) {
            Some(sum) => sum.add(&hash, put),
            None => {
                let mut sum = Sum::default();
                sum.add(&hash, put);
                fed.sums.insert(table.to_owned(), sum);
            }
        }
        if !fed.written.contains(table) {
            fed.written.insert(table.to_owned());
        }
        Ok(put)
    };
    connection.create_scalar_function("daybook_row", -1, FunctionFlags::SQLITE_UTF8, feed)?;
    // Else a row that another one replaces would go without a word.
    connection.pragma_update(None, "recursive_triggers", true)?;
    for (table, columns) in sealed_tables(connection)? {
        let row = |put: i64, which: &str| {
            let cells = quoted(which, &columns);
            format!("SELECT daybook_row('{table}', {put}, {cells});")
        };
        let (put, take) = (row(1, "NEW."), row(-1, "OLD."));
        for (event, fed) in [
            ("INSERT", put.clone()),
            ("DELETE", take.clone()),
            ("UPDATE", format!("{take} {put}")),
        ] {
            connection.execute_batch(&format!(
                "CREATE TEMP TRIGGER \"sum_{event}_{table}\" AFTER {event} ON main.\"{table}\" BEGIN {fed} END"
            ))?;
        }
    }
    Ok(())
}
