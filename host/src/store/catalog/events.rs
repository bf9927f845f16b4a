//! `log.db`: the event log on SQLite, its reads, and its commits.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OptionalExtension};

use super::scan::{EventFilter, LineupText, Logged};
use super::seal::Sealing;
use crate::model::event::{SYSTEM_PLUGIN, TASKS_ENQUEUED};
use crate::model::log::{CommandOutcome, RecordedCommand};
use crate::model::{Digest, Error, Event, Result, Seq, TypeName, limits};
use crate::store::Meter;
use crate::store::{connect, damaged, schema, sqlite};

/// The log of one book, open for reading and, with the book's lock, for writing.
#[derive(Debug)]
pub struct Catalog {
    pub(crate) connection: Connection,
    pub(crate) meter: Meter,
    path: PathBuf,
    /// Lineups by id and by text; they only ever grow.
    pub(super) lineups: HashMap<String, i64>,
    /// On a connection that makes commits: what it writes, summed up.
    pub(super) sealing: Option<Sealing>,
    /// The book's id, once it was asked for.
    pub(super) book: OnceCell<String>,
    /// What the log follows, where it is a copy, once it was asked for.
    pub(super) follows: OnceCell<Option<String>>,
    /// Whether recording times never go back, once it was asked for. New ones never do, so the answer stays.
    pub(super) is_in_time: OnceCell<bool>,
}

/// A command of the journal.
#[derive(Debug, Clone)]
pub struct StoredCommand {
    pub command: RecordedCommand,
}

pub(super) const COMMAND_COLUMNS: &str =
    "c.ordinal, c.id, c.type, c.subject, c.time, c.actor, c.data, c.position, l.text, c.outcome, c.code, c.message,
     c.details, c.events FROM commands c JOIN lineups l ON l.id = c.lineup";

impl Catalog {
    pub fn create(path: &Path) -> Result<Catalog> {
        let log = Self::set_up(connect::create(path), path)?;
        log.connection
            .execute_batch("BEGIN IMMEDIATE")
            .map_err(|error| log.failed(error))?;
        schema::create_log(&log.connection)?;
        log.connection
            .execute_batch("COMMIT")
            .map_err(|error| log.failed(error))?;
        Ok(log)
    }

    pub fn open(path: &Path) -> Result<Catalog> {
        match std::fs::metadata(path) {
            // None of our files ever has its name before it is whole.
            Ok(known) if known.len() == 0 => {
                return Err(Error::corrupt(format!("{} is empty", path.display()))
                    .hint("restore it from a copy"));
            }
            Ok(_) => {}
            // Said of a book that is open, and of one that is to be opened.
            Err(_) => {
                return Err(
                    Error::unavailable(format!("{} is not there", path.display()))
                        .hint("a book that was moved has to be opened, or served, where it is now"),
                );
            }
        }
        let mut log = Self::set_up(connect::open(path), path)?;
        schema::check_log(&log.connection, path)?;
        log.load_lineups()?;
        Ok(log)
    }

    /// Has every write refused from now on.
    pub fn only_read(&self) -> Result<()> {
        self.connection
            .execute_batch("PRAGMA query_only=ON")
            .map_err(|error| self.failed(error))
    }

    fn set_up(connection: rusqlite::Result<Connection>, path: &Path) -> Result<Catalog> {
        let failed = |error| sqlite(&format!("opening {}", path.display()), error);
        let mut connection = connection.map_err(failed)?;
        // A reader may meet a writer's checkpoint; it waits rather than fails.
        connection
            .busy_timeout(std::time::Duration::from_secs(10))
            .map_err(failed)?;
        connection
            .execute_batch(&format!(
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-16384;
                     PRAGMA wal_autocheckpoint={};",
                limits::WAL_PAGES
            ))
            .map_err(failed)?;
        connection.set_prepared_statement_cache_capacity(128);
        // Else a statement whose plan could profit from what is bound is compiled again each time.
        connection
            .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
            .map_err(failed)?;
        Ok(Catalog {
            meter: Meter::install(&mut connection)?,
            connection,
            path: path.to_owned(),
            lineups: HashMap::new(),
            sealing: None,
            book: OnceCell::new(),
            follows: OnceCell::new(),
            is_in_time: OnceCell::new(),
        })
    }

    pub(crate) fn failed(&self, error: rusqlite::Error) -> Error {
        let text = format!("log {}", self.path.display());
        // The host's own statements name tables that every log has.
        match error.to_string().starts_with("no such table") {
            true => damaged(format!("{text}: {error}")),
            false => sqlite(&text, error),
        }
    }

    pub(super) fn load_lineups(&mut self) -> Result<()> {
        let mut statement = self
            .connection
            .prepare("SELECT text, id FROM lineups")
            .map_err(|error| self.failed(error))?;
        let lineups = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .and_then(Iterator::collect)
            .map_err(|error| self.failed(error))?;
        drop(statement);
        self.lineups = lineups;
        Ok(())
    }

    /// Every row of a statement without parameters.
    pub(crate) fn all<T>(
        &self,
        sql: &str,
        read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        self.connection
            .prepare(sql)
            .and_then(|mut statement| statement.query_map([], read)?.collect())
            .map_err(|error| self.failed(error))
    }

    /// Every row of a statement without parameters, whose columns are all texts.
    pub(crate) fn all_texts<const N: usize>(&self, sql: &str) -> Result<Vec<[String; N]>> {
        self.all(sql, |row| {
            let mut texts = [const { String::new() }; N];
            for (at, text) in texts.iter_mut().enumerate() {
                *text = row.get(at)?;
            }
            Ok(texts)
        })
    }

    pub(super) fn begin(&self) -> Result<()> {
        self.connection
            .execute_batch("BEGIN IMMEDIATE")
            .map_err(|error| self.failed(error))
    }

    /// Makes the open transaction durable; where that fails, it is rolled back.
    pub(super) fn end(&mut self) -> Result<()> {
        let ended = self.connection.execute_batch("COMMIT");
        ended.or_else(|error| self.roll_back().and(Err(self.failed(error))))
    }

    pub(super) fn roll_back(&mut self) -> Result<()> {
        // A failed COMMIT may have ended the transaction already; then there is nothing to roll back.
        let _ = self.connection.execute_batch("ROLLBACK");
        self.reload_sums()?;
        self.load_lineups()
    }

    /// The event with this (source, id), when it is in the log.
    pub fn find_identity(&self, source: &str, id: &str) -> Result<Option<Event>> {
        self.connection
            .prepare_cached(&format!(
                "{} WHERE e.id = ?1 AND e.source = ?2",
                Event::SELECT
            ))
            .and_then(|mut statement| {
                statement
                    .query_row((id, source), |row| {
                        Event::read(row, &mut LineupText::default())
                    })
                    .optional()
            })
            .map_err(|error| self.failed(error))?
            .transpose()
    }

    /// The last event that is not the host's own, or gives rows.
    pub fn last_own_event(&self) -> Result<Option<Event>> {
        self.connection
            .prepare_cached(&format!(
                "{} WHERE e.type NOT LIKE 'daybook.%' OR e.type = 'daybook.StateGiven' ORDER BY e.seq DESC LIMIT 1",
                Event::SELECT
            ))
            .and_then(|mut statement| {
                statement
                    .query_row([], |row| Event::read(row, &mut LineupText::default()))
                    .optional()
            })
            .map_err(|error| self.failed(error))?
            .transpose()
    }

    /// The sources that have an event with this id.
    pub fn sources_of(&self, id: &str) -> Result<Vec<String>> {
        self.connection
            .prepare_cached("SELECT source FROM events WHERE id = ?1")
            .and_then(|mut statement| statement.query_map([id], |row| row.get(0))?.collect())
            .map_err(|error| self.failed(error))
    }

    /// A command of the journal by its id.
    pub fn find_command(&self, id: &str) -> Result<Option<RecordedCommand>> {
        let found = self
            .connection
            .prepare_cached(&format!("SELECT {COMMAND_COLUMNS} WHERE c.id = ?1"))
            .and_then(|mut statement| statement.query_row([id], command).optional())
            .map_err(|error| self.failed(error))?;
        found
            .map(|(_, stored)| stored.map(|stored| stored.command))
            .transpose()
    }

    /// The last event about a subject.
    pub fn last_of_subject(&self, subject: &str) -> Result<Option<Seq>> {
        self.connection
            .prepare_cached("SELECT max(seq) FROM events WHERE subject = ?1")
            .and_then(|mut statement| {
                statement.query_row([subject], |row| row.get::<_, Option<i64>>(0))
            })
            .map(|seq| seq.map(|seq| Seq(seq as u64)))
            .map_err(|error| self.failed(error))
    }

    /// Number of events, and of task rows, for consistency checks.
    pub fn counts(&self) -> Result<(u64, u64, u64)> {
        self.connection
            .query_row(
                "SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM effects), (SELECT count(*) FROM tasks)",
                [],
                |row| Ok((row.get::<_, i64>(0)? as u64, row.get::<_, i64>(1)? as u64, row.get::<_, i64>(2)? as u64)),
            )
            .map_err(|error| self.failed(error))
    }

    /// How many events each (plugin version) is stamped on, by lineup text and type.
    pub fn stamped(&self) -> Result<Vec<(String, TypeName, u64)>> {
        let rows: Vec<(String, String, i64)> = self.all("SELECT l.text, e.type, count(*) FROM events e JOIN lineups l ON l.id = e.lineup GROUP BY 1, 2 ORDER BY 1, 2", |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        rows.into_iter()
            .map(|(lineup, name, count)| {
                let name = TypeName::new(&name).map_err(Error::stored)?;
                Ok((lineup, name, count as u64))
            })
            .collect()
    }

    /// The first events of a type that a lineup handled, as its text stands in the log.
    pub fn stamped_events(
        &self,
        lineup: &str,
        event_type: &TypeName,
        count_max: usize,
    ) -> Result<Vec<Seq>> {
        let sql = "SELECT e.seq FROM events e JOIN lineups l ON l.id = e.lineup
             WHERE l.text = ?1 AND e.type = ?2 ORDER BY e.seq LIMIT ?3";
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| {
                let values = (lineup, event_type.as_str(), count_max as i64);
                let rows = statement.query_map(values, |row| Ok(Seq(row.get::<_, i64>(0)? as u64)));
                rows?.collect()
            })
            .map_err(|error| self.failed(error))
    }

    /// True where an event from one on, and before another, is a plugin's, or did something.
    pub fn has_effects(&self, from: Seq, before: Option<Seq>) -> Result<bool> {
        let which = format!("(e.type NOT GLOB '{SYSTEM_PLUGIN}.*' OR f.body <> x'010000')");
        self.has_between(from, before, &which)
    }

    /// True where an event from one on, and before another, enqueued late tasks.
    pub fn has_enqueued(&self, from: Seq, before: Option<Seq>) -> Result<bool> {
        self.has_between(from, before, &format!("e.type = '{TASKS_ENQUEUED}'"))
    }

    fn has_between(&self, from: Seq, before: Option<Seq>, which: &str) -> Result<bool> {
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM events e JOIN effects f ON f.seq = e.seq
             WHERE e.seq >= ?1 AND e.seq < ?2 AND {which})"
        );
        let before = before.map_or(i64::MAX, |before| before.0 as i64);
        self.connection
            .prepare_cached(&sql)
            .and_then(|mut statement| {
                statement.query_row((from.0 as i64, before), |row| row.get(0))
            })
            .map_err(|error| self.failed(error))
    }

    /// Commands of the journal in order, after an ordinal: as many as hold `PIECE_BYTES_MAX` together, and one at least.
    pub fn commands(&self, after: u64, count_max: usize) -> Result<Vec<(u64, StoredCommand)>> {
        let mut statement = self
            .connection
            .prepare_cached(&format!(
                "SELECT {COMMAND_COLUMNS} WHERE c.ordinal > ?1 ORDER BY c.ordinal LIMIT ?2"
            ))
            .map_err(|error| self.failed(error))?;
        let mut found = statement
            .query((after as i64, count_max as i64))
            .map_err(|error| self.failed(error))?;
        let (mut commands, mut held) = (Vec::new(), 0);
        while let Some(row) = found.next().map_err(|error| self.failed(error))? {
            let (ordinal, command) = command(row).map_err(|error| self.failed(error))?;
            let command = command?;
            held += command.command.data.len();
            commands.push((ordinal, command));
            if held >= limits::PIECE_BYTES_MAX {
                break;
            }
        }
        Ok(commands)
    }
}

impl Catalog {
    /// Position and chain hash of the last event.
    pub fn head(&self) -> Result<(Seq, Digest)> {
        let last: Option<(i64, Vec<u8>)> = self
            .connection
            .prepare_cached("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1")
            .and_then(|mut statement| {
                statement
                    .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
                    .optional()
            })
            .map_err(|error| self.failed(error))?;
        match last {
            None => Ok((Seq::ZERO, Digest::ZERO)),
            Some((seq, hash)) => Ok((Seq(seq as u64), Digest::from_slice(&hash)?)),
        }
    }

    /// Events `from..=to` in order, at most `count_max` of them: a page.
    pub fn read(&self, from: Seq, to: Seq, count_max: usize) -> Result<Vec<Event>> {
        let page = self.list(
            &EventFilter {
                from: Some(from),
                to: Some(to),
                ..EventFilter::default()
            },
            count_max,
        );
        page.map(|(events, _)| events)
    }
}

/// A row of `COMMAND_COLUMNS`: its number and what it says.
pub(super) fn command(row: &rusqlite::Row<'_>) -> rusqlite::Result<(u64, Result<StoredCommand>)> {
    let ordinal = row.get::<_, i64>(0)? as u64;
    let name: String = row.get(2)?;
    let command_type = match TypeName::new(&name).map_err(Error::stored) {
        Ok(command_type) => command_type,
        Err(error) => return Ok((ordinal, Err(error))),
    };
    let outcome: String = row.get(9)?;
    let message: Option<String> = row.get(11)?;
    let outcome = match outcome.as_str() {
        "accepted" => CommandOutcome::Accepted {
            events: row.get::<_, i64>(13)? as u64,
        },
        "rejected" => CommandOutcome::Rejected(crate::model::Rejection {
            code: row.get::<_, Option<String>>(10)?.unwrap_or_default(),
            message: message.unwrap_or_default(),
            details: row.get(12)?,
        }),
        _ => CommandOutcome::Failed(message.unwrap_or_default()),
    };
    let command = RecordedCommand {
        id: row.get(1)?,
        command_type,
        subject: row.get(3)?,
        time: row.get(4)?,
        actor: row.get(5)?,
        data: row.get(6)?,
        position: Seq(row.get::<_, i64>(7)? as u64),
        lineup: row.get(8)?,
        outcome,
    };
    Ok((ordinal, Ok(StoredCommand { command })))
}
