//! The formats on disk: the tables of the log and of a projection, their version, and how a newer one is refused.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::limits::Limit;

use super::{ProjectionHead, sqlite};
use crate::model::{Digest, Error, Result, Seq, limits};

/// Formats this host writes and reads.
pub const LOG_FORMAT: i64 = 2;
pub const PROJECTION_FORMAT: i64 = 3;

/// SQLite `application_id` of the files, so that another database is never taken for a book.
const LOG_APPLICATION: i64 = 0x4461_794c; // "DayL"
const PROJECTION_APPLICATION: i64 = 0x4461_7950; // "DayP"

const LOG_TABLES: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- The event log. seq has no gaps: one writer, one transaction per commit, AUTOINCREMENT.
CREATE TABLE events (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    id           TEXT NOT NULL,
    source       TEXT NOT NULL,
    type         TEXT NOT NULL,
    subject      TEXT,
    time         TEXT NOT NULL,
    recorded_at  TEXT NOT NULL,
    data         TEXT NOT NULL,
    extensions   TEXT,
    salt         BLOB NOT NULL,
    hash         BLOB NOT NULL,
    lineup       INTEGER NOT NULL REFERENCES lineups(id),
    command      TEXT
) STRICT;
CREATE UNIQUE INDEX events__identity ON events (id, source);
CREATE INDEX events__subject ON events (subject, seq) WHERE subject IS NOT NULL;

-- What each event caused, in canonical bytes.
CREATE TABLE effects (seq INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;

CREATE TABLE tasks (
    id TEXT PRIMARY KEY, seq INTEGER NOT NULL, ordinal INTEGER NOT NULL, kind TEXT NOT NULL, key TEXT,
    data TEXT NOT NULL, not_before TEXT, state TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Every command with its outcome, rejected ones too.
CREATE TABLE commands (
    ordinal INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, type TEXT NOT NULL, subject TEXT,
    time TEXT NOT NULL, actor TEXT, data TEXT NOT NULL, position INTEGER NOT NULL, lineup INTEGER NOT NULL,
    outcome TEXT NOT NULL, code TEXT, message TEXT, details TEXT, events INTEGER NOT NULL
) STRICT;

CREATE TABLE lineups (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;

-- Layouts that recorded effects refer to.
CREATE TABLE layouts (digest BLOB PRIMARY KEY, plugin TEXT NOT NULL, declaration TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE components (digest BLOB PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
CREATE TABLE versions (
    plugin TEXT NOT NULL, date TEXT NOT NULL, digest BLOB NOT NULL REFERENCES components(digest),
    manifest TEXT NOT NULL, loaded_at TEXT NOT NULL, PRIMARY KEY (plugin, date)
) STRICT, WITHOUT ROWID;

-- Projections and what must be run to get each one's rows; the live one is a pointer here.
CREATE TABLE projections (
    name TEXT PRIMARY KEY, file TEXT NOT NULL, role TEXT NOT NULL, schedule TEXT NOT NULL, made_by TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Which schedule produced the recorded effects, from which event on.
CREATE TABLE epochs (from_seq INTEGER PRIMARY KEY, schedule TEXT NOT NULL) STRICT;
";

/// Tables that came later. They are made wherever they are missing when a book is opened, so that a log from before them
/// needs no new format.
const ADDED_LOG_TABLES: &str = "
-- Every commit by its position, from the first one that had any.
CREATE TABLE IF NOT EXISTS commits (position INTEGER PRIMARY KEY, id BLOB NOT NULL) STRICT;

-- Of each table that commits make: how many rows it has, and the sum of their hashes.
CREATE TABLE IF NOT EXISTS sums (name TEXT PRIMARY KEY, rows INTEGER NOT NULL, sum BLOB NOT NULL) STRICT, WITHOUT ROWID;

-- A chain of digests over the commits, from the first one that was sealed. `state` is of all sums, blinded; `blind` is gone
-- with the next commit.
CREATE TABLE IF NOT EXISTS seals (
    position INTEGER PRIMARY KEY, state BLOB NOT NULL, digest BLOB NOT NULL, blind BLOB
) STRICT;

CREATE TABLE IF NOT EXISTS snapshots (
    file TEXT PRIMARY KEY, position INTEGER NOT NULL, schedule TEXT NOT NULL, made_by TEXT NOT NULL,
    made_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Who asked for which version by its date, and when last; actor '' is a caller without a token.
CREATE TABLE IF NOT EXISTS pins (
    plugin TEXT NOT NULL, date TEXT NOT NULL, actor TEXT NOT NULL, uses INTEGER NOT NULL, last_at TEXT NOT NULL,
    PRIMARY KEY (plugin, date, actor)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS retirements (
    plugin TEXT NOT NULL, date TEXT NOT NULL, retired_at TEXT NOT NULL, reason TEXT, PRIMARY KEY (plugin, date)
) STRICT, WITHOUT ROWID;

-- What the last certification of each version came to.
CREATE TABLE IF NOT EXISTS certifications (
    plugin TEXT NOT NULL, date TEXT NOT NULL, digest BLOB NOT NULL, certified_at TEXT NOT NULL, engine TEXT NOT NULL,
    events INTEGER NOT NULL, commands INTEGER NOT NULL, materializers TEXT NOT NULL, creators TEXT NOT NULL,
    reason TEXT NOT NULL, PRIMARY KEY (plugin, date)
) STRICT, WITHOUT ROWID;

-- Payloads that were replaced. `events.data` holds what is in force, so that replays need not look here. `replaced` is
-- what was in force before this amendment: the first one's is the original. Null once it is redacted.
CREATE TABLE IF NOT EXISTS amendments (
    seq INTEGER PRIMARY KEY, event INTEGER NOT NULL, reverts INTEGER NOT NULL, replaced TEXT, salt BLOB NOT NULL,
    hash BLOB NOT NULL, time TEXT NOT NULL, actor TEXT, reason TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS amendments__event ON amendments (event, seq);

-- What an amended event does with the payload that the amendment put in force, in canonical bytes.
CREATE TABLE IF NOT EXISTS amended_effects (seq INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;

-- Payloads that were erased. `payload_hash` is the original's, for the chain; `salt` and `replacement` (a hash) are of
-- what stands in its place.
CREATE TABLE IF NOT EXISTS redactions (
    event INTEGER PRIMARY KEY, seq INTEGER NOT NULL, payload_hash BLOB NOT NULL, salt BLOB NOT NULL, replacement BLOB,
    time TEXT NOT NULL, actor TEXT, reason TEXT NOT NULL
) STRICT;

-- Events that a version of their own handles in every pinned schedule, and the event that says so.
CREATE TABLE IF NOT EXISTS event_pins (
    event INTEGER PRIMARY KEY, plugin TEXT NOT NULL, date TEXT NOT NULL, seq INTEGER NOT NULL
) STRICT;

-- Events whose row changes were taken back, and by which event.
CREATE TABLE IF NOT EXISTS undone (event INTEGER PRIMARY KEY, seq INTEGER NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS undone__by ON undone (seq);

-- Tasks of a kind in the order of the log: new ones come at the end.
CREATE INDEX IF NOT EXISTS tasks__place ON tasks (kind, seq, ordinal);

-- What has become of a task, once anything has: a task without a row is pending. The index has those that may go on.
CREATE TABLE IF NOT EXISTS deliveries (
    seq INTEGER NOT NULL, ordinal INTEGER NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL, tries INTEGER NOT NULL,
    round INTEGER NOT NULL, due TEXT, begun_at TEXT, result TEXT, data TEXT, changed_at TEXT NOT NULL,
    PRIMARY KEY (seq, ordinal)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS deliveries__open ON deliveries (kind, seq, ordinal)
    WHERE state IN ('pending', 'running', 'retry', 'dead');

-- Everything that happened to tasks: attempts at delivery, and what operators did.
CREATE TABLE IF NOT EXISTS task_steps (
    step INTEGER PRIMARY KEY AUTOINCREMENT, seq INTEGER NOT NULL, ordinal INTEGER NOT NULL, what TEXT NOT NULL,
    begun_at TEXT, at TEXT NOT NULL, tries INTEGER NOT NULL, said TEXT, actor TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS task_steps__task ON task_steps (seq, ordinal);

-- Which event enqueued a task after its own event was handled: its ordinal is one that no event's own tasks have.
CREATE TABLE IF NOT EXISTS late_tasks (
    seq INTEGER NOT NULL, ordinal INTEGER NOT NULL, enqueued_by INTEGER NOT NULL, PRIMARY KEY (seq, ordinal)
) STRICT, WITHOUT ROWID;

-- Tasks whose delivery was begun, and that are asked for no more since effects were written anew: what they were is gone.
CREATE TABLE IF NOT EXISTS gone_tasks (
    seq INTEGER NOT NULL, ordinal INTEGER NOT NULL, kind TEXT NOT NULL, PRIMARY KEY (seq, ordinal)
) STRICT, WITHOUT ROWID;

-- How each kind of task is carried out, and up to where every one that may go on has a row in `deliveries`.
CREATE TABLE IF NOT EXISTS gateway (
    kind TEXT PRIMARY KEY, config TEXT NOT NULL, changed_at TEXT NOT NULL, actor TEXT
) STRICT, WITHOUT ROWID;

-- What handlers logged, on this machine. A line's number is the byte at which it ends, of all that were ever kept: so the
-- oldest ones are found that make room.
CREATE TABLE IF NOT EXISTS handler_log (
    ends INTEGER PRIMARY KEY, at TEXT NOT NULL, event INTEGER, command TEXT, about TEXT NOT NULL, by TEXT,
    level TEXT NOT NULL, message TEXT NOT NULL
) STRICT;

-- Commands that the clock runs, and what came of each last. Times up to `after` are dealt with.
CREATE TABLE IF NOT EXISTS schedules (
    name TEXT PRIMARY KEY, timing TEXT NOT NULL, command TEXT NOT NULL, data TEXT NOT NULL, subject TEXT,
    after TEXT NOT NULL, paused INTEGER NOT NULL, set_at TEXT NOT NULL, actor TEXT, runs INTEGER NOT NULL,
    last_due TEXT, last_at TEXT, last_command TEXT, last_outcome TEXT, last_event INTEGER, last_events INTEGER,
    last_said TEXT
) STRICT, WITHOUT ROWID;

-- From the first token on every request needs one, also where the file with the tokens is lost.
CREATE TABLE IF NOT EXISTS tokens_in_force (one INTEGER PRIMARY KEY CHECK (one = 1), since TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS task_marks (
    kind TEXT PRIMARY KEY, seq INTEGER NOT NULL, ordinal INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

const PROJECTION_TABLES: &str = "
-- `origin` says which history the rows are of, up to the position; empty where nobody said.
CREATE TABLE _daybook (
    one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL, running BLOB NOT NULL, origin BLOB NOT NULL,
    tasks BLOB NOT NULL
) STRICT;
INSERT INTO _daybook VALUES (1, 0, zeroblob(32), zeroblob(0), zeroblob(32));
";

fn stamp(connection: &Connection, application: i64, format: i64) -> Result<()> {
    connection
        .execute_batch(&format!(
            "PRAGMA application_id={application}; PRAGMA user_version={format};"
        ))
        .map_err(|error| sqlite("stamping a file", error))
}

fn check(
    connection: &Connection,
    path: &Path,
    application: i64,
    format: i64,
    what: &str,
) -> Result<()> {
    let read = |pragma| -> Result<i64> {
        connection
            .pragma_query_value(None, pragma, |row| row.get(0))
            .map_err(|error| sqlite(&format!("opening {}", path.display()), error))
    };
    if read("application_id")? != application {
        return Err(Error::unavailable(format!(
            "{} is not {what} of a book",
            path.display()
        )));
    }
    let found = read("user_version")?;
    if found > format {
        return Err(Error::unavailable(format!(
            "{} has format {found}; this daybook ({}) reads formats up to {format}",
            path.display(),
            env!("CARGO_PKG_VERSION"),
        ))
        .hint("open it with the daybook that wrote it, or a newer one"));
    }
    if found < 1 {
        return Err(Error::corrupt(format!(
            "{} has format {found}, which never was",
            path.display()
        )));
    }
    Ok(())
}

pub fn create_log(connection: &Connection) -> Result<()> {
    connection
        .execute_batch(LOG_TABLES)
        .map_err(|error| sqlite("creating the log", error))?;
    add_tables(connection)?;
    stamp(connection, LOG_APPLICATION, LOG_FORMAT)
}

/// Makes the tables of a log that came later, where they are missing.
fn add_tables(connection: &Connection) -> Result<()> {
    connection
        .execute_batch(ADDED_LOG_TABLES)
        .map_err(|error| sqlite("adding tables to the log", error))
}

/// The format that a log's file says.
pub fn log_format(connection: &Connection) -> Result<i64> {
    connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(|error| sqlite("reading the log's format", error))
}

/// Makes a log of an older format one of the present one. Part of the open transaction.
pub fn stamp_log(connection: &Connection) -> Result<()> {
    stamp(connection, LOG_APPLICATION, LOG_FORMAT)
}

pub fn check_log(connection: &Connection, path: &Path) -> Result<()> {
    check(connection, path, LOG_APPLICATION, LOG_FORMAT, "the log")?;
    add_tables(connection)
}

pub fn create_projection(connection: &Connection) -> Result<()> {
    connection
        .execute_batch(PROJECTION_TABLES)
        .map_err(|error| sqlite("creating a projection", error))?;
    stamp(connection, PROJECTION_APPLICATION, PROJECTION_FORMAT)
}

pub fn check_projection(connection: &Connection, path: &Path) -> Result<()> {
    check(
        connection,
        path,
        PROJECTION_APPLICATION,
        PROJECTION_FORMAT,
        "a projection",
    )
}

/// How far a projection is. One of a format before 3 does not know of its tasks: it is corrupt, and can be built again.
pub fn projection_head(connection: &Connection) -> Result<ProjectionHead> {
    let failed = |error| sqlite("reading a projection's position", error);
    if !connection
        .column_exists(None, "_daybook", "tasks")
        .map_err(failed)?
    {
        return Err(Error::corrupt(
            "a projection of an earlier daybook does not say what its tasks are",
        ));
    }
    let (position, running, tasks): (i64, Vec<u8>, Vec<u8>) = connection
        .query_row("SELECT position, running, tasks FROM _daybook", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .map_err(failed)?;
    Ok(ProjectionHead {
        position: Seq(position as u64),
        running: Digest::from_slice(&running)?,
        tasks: Digest::from_slice(&tasks)?,
    })
}

/// Without an origin the file does not say any more which history it is of.
pub fn set_projection_head(
    connection: &Connection,
    head: ProjectionHead,
    origin: Option<Digest>,
) -> Result<()> {
    let origin = origin.map_or(Vec::new(), |origin| origin.0.to_vec());
    connection
        .prepare_cached("UPDATE _daybook SET position = ?1, running = ?2, origin = ?3, tasks = ?4")
        .and_then(|mut statement| {
            let (position, running) = (head.position.0 as i64, &head.running.0[..]);
            statement.execute((position, running, origin, &head.tasks.0[..]))
        })
        .map_err(|error| sqlite("writing a projection's position", error))?;
    Ok(())
}

/// Which history a projection is of; none where it does not say, as in files of format 1.
pub fn projection_origin(connection: &Connection) -> Result<Option<Digest>> {
    let failed = |error| sqlite("reading a projection's origin", error);
    if !connection
        .column_exists(None, "_daybook", "origin")
        .map_err(failed)?
    {
        return Ok(None);
    }
    let origin: Vec<u8> = connection
        .query_row("SELECT origin FROM _daybook", [], |row| row.get(0))
        .map_err(failed)?;
    Ok(Digest::from_slice(&origin).ok())
}

/// Part of the open transaction. The table is made by who first needs it: files of format 1 are without.
pub fn set_projection_note(connection: &Connection, note: &str) -> Result<()> {
    connection
        .execute_batch(
            "CREATE TABLE IF NOT EXISTS _daybook_note (one INTEGER PRIMARY KEY CHECK (one = 1), body TEXT NOT NULL) STRICT",
        )
        .and_then(|()| {
            connection.execute("INSERT OR REPLACE INTO _daybook_note VALUES (1, ?1)", [note])
        })
        .map_err(|error| sqlite("writing a projection's note", error))?;
    Ok(())
}

pub fn projection_note(connection: &Connection) -> Result<Option<String>> {
    use rusqlite::OptionalExtension;
    let failed = |error| sqlite("reading a projection's note", error);
    if !connection
        .table_exists(None, "_daybook_note")
        .map_err(failed)?
    {
        return Ok(None);
    }
    connection
        .query_row("SELECT body FROM _daybook_note", [], |row| row.get(0))
        .optional()
        .map_err(failed)
}

/// Bytes of one value in a stranger's SQL: every row can be read, but no function works on more for long.
pub const VALUE_BYTES_MAX: usize = limits::ROW_BYTES_MAX + (64 << 10);

/// Bytes of one value in the host's own statements.
const OWN_BYTES_MAX: i32 = 64 << 20;

/// Bytes of a pattern of LIKE or GLOB: matching may take its product with the text.
pub const PATTERN_BYTES_MAX: usize = 10_000;

/// Bounds values for what is a stranger's, or lifts that for the host's own.
pub fn limit_values(connection: &Connection, are_foreign: bool) -> Result<()> {
    let most = match are_foreign {
        true => VALUE_BYTES_MAX as i32,
        false => OWN_BYTES_MAX,
    };
    connection
        .set_limit(Limit::SQLITE_LIMIT_LENGTH, most)
        .map(drop)
        .map_err(|error| sqlite("setting a limit", error))
}

/// No guest statement may make a giant value or attach a file.
pub fn limit(connection: &Connection) -> Result<()> {
    limit_values(connection, false)?;
    let limits = [
        (Limit::SQLITE_LIMIT_ATTACHED, 0),
        (Limit::SQLITE_LIMIT_EXPR_DEPTH, 200),
        (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 100),
    ];
    for (limit, value) in limits {
        connection
            .set_limit(limit, value)
            .map_err(|error| sqlite("setting a limit", error))?;
    }
    Ok(())
}
