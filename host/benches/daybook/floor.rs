//! The floor: the same log read, the same JSON parsed, the same rows read and written through rusqlite with prepared
//! statements, a commit every 10,000 events. No WebAssembly, no effects, no hashes.

use std::path::Path;
use std::time::Instant;

use rusqlite::{Connection, OptionalExtension, params};
use serde::Deserialize;

const EVENTS: &str =
    "SELECT e.seq, e.id, e.source, e.type, e.subject, e.time, e.data, l.text, e.extensions
     FROM events e JOIN lineups l ON l.id = e.lineup ORDER BY e.seq";

fn projection(directory: &Path, tables: &str) -> Connection {
    let path = directory.join("floor.db");
    let _ = std::fs::remove_file(&path);
    let connection = Connection::open(path).expect("a database");
    connection
        .execute_batch("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE; PRAGMA cache_size=-32768;")
        .expect("pragmas");
    connection.execute_batch(tables).expect("tables");
    connection
}

/// Reads the whole envelope of each event, as the host must, and hands over seq, type and payload.
fn for_each_event(log: &Path, mut visit: impl FnMut(i64, &str, &str)) {
    let log = Connection::open(log).expect("the log");
    let mut statement = log.prepare(EVENTS).expect("a statement");
    let mut rows = statement.query([]).expect("events");
    while let Some(row) = rows.next().expect("an event") {
        let (id, source, time): (String, String, String) = (
            row.get(1).expect("id"),
            row.get(2).expect("source"),
            row.get(5).expect("time"),
        );
        let data: String = row.get(6).expect("data");
        let subject: Option<String> = row.get(4).expect("subject");
        std::hint::black_box((id, source, time, subject));
        let event_type = row
            .get_ref(3)
            .expect("type")
            .as_str()
            .expect("text")
            .to_owned();
        visit(row.get(0).expect("seq"), &event_type, &data);
    }
}

#[derive(Deserialize)]
struct Opened {
    account: i64,
    opened: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Credit,
    Debit,
}

#[derive(Deserialize)]
struct Posted {
    account: i64,
    transaction: String,
    date: String,
    kind: Kind,
    amount: i64,
}

/// Days since 0000-03-01 of a date `YYYY-MM-DD`.
fn day_number(date: &str) -> i64 {
    let part = |range| {
        date.get(range)
            .and_then(|text: &str| text.parse::<i64>().ok())
            .expect("a date")
    };
    let (year, month, day) = (part(0..4), part(5..7), part(8..10));
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    365 * year + year / 4 - year / 100 + year / 400 + (month * 306 + 5) / 10 + day - 1
}

/// The bank of 1993 in plain Rust.
pub fn replay_bank(log: &Path, directory: &Path) {
    let connection = projection(
        directory,
        "CREATE TABLE account (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL, lines INTEGER NOT NULL,
             interest_to TEXT NOT NULL, interest_microcents INTEGER NOT NULL) STRICT;
         CREATE TABLE agreement (account INTEGER PRIMARY KEY, opened TEXT NOT NULL, district INTEGER,
             frequency TEXT, overdraft_limit INTEGER NOT NULL) STRICT;
         CREATE TABLE statement (account INTEGER NOT NULL, line INTEGER NOT NULL, transaction_id TEXT NOT NULL,
             date TEXT NOT NULL, amount INTEGER NOT NULL, balance INTEGER NOT NULL, PRIMARY KEY (account, line)
         ) STRICT, WITHOUT ROWID;",
    );
    let mut open = connection
        .prepare("INSERT INTO account VALUES (?1, 0, 0, ?2, 0)")
        .expect("a statement");
    let mut agree = connection
        .prepare("INSERT INTO agreement VALUES (?1, ?2, NULL, NULL, 0)")
        .expect("a statement");
    let mut get = connection
        .prepare(
            "SELECT balance, lines, interest_to, interest_microcents FROM account WHERE id = ?1",
        )
        .expect("a statement");
    let mut update = connection
        .prepare("UPDATE account SET balance = ?1, lines = ?2, interest_to = ?3, interest_microcents = ?4 WHERE id = ?5")
        .expect("a statement");
    let mut line = connection
        .prepare("INSERT INTO statement VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
        .expect("a statement");
    connection.execute_batch("BEGIN").expect("a transaction");
    let mut count = 0u64;
    for_each_event(log, |_, event_type, data| {
        match event_type {
            "bank.AccountOpened" => {
                let opened: Opened = serde_json::from_str(data).expect("a payload");
                open.execute((opened.account, &opened.opened))
                    .expect("an account");
                agree
                    .execute((opened.account, &opened.opened))
                    .expect("an agreement");
            }
            "bank.TransactionPosted" => {
                let posted: Posted = serde_json::from_str(data).expect("a payload");
                let (mut balance, mut lines, to, mut interest): (i64, i64, String, i64) = get
                    .query_row([posted.account], |row| {
                        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
                    })
                    .expect("an account");
                let days = (day_number(&posted.date) - day_number(&to)).max(0);
                interest += (i128::from(balance.max(0)) * 30_000 * i128::from(days) / 365) as i64;
                let amount = match posted.kind {
                    Kind::Credit => posted.amount,
                    Kind::Debit => -posted.amount,
                };
                balance += amount;
                lines += 1;
                let date = posted.date.as_str().max(&to);
                update
                    .execute(params![balance, lines, date, interest, posted.account])
                    .expect("an update");
                line.execute(params![
                    posted.account,
                    lines,
                    posted.transaction,
                    posted.date,
                    amount,
                    balance
                ])
                .expect("a line");
            }
            _ => {}
        }
        count += 1;
        if count.is_multiple_of(10_000) {
            connection.execute_batch("COMMIT; BEGIN").expect("a commit");
        }
    });
    connection.execute_batch("COMMIT").expect("a commit");
}

#[derive(Deserialize)]
struct Deposited {
    account: i64,
    amount: i64,
}

const DEPOSIT_TABLE: &str = "CREATE TABLE account (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL, last_seq INTEGER NOT NULL) STRICT;";
const GET: &str = "SELECT balance FROM account WHERE id = ?1";
const PUT: &str = "INSERT INTO account VALUES (?1, ?2, ?3)
     ON CONFLICT (id) DO UPDATE SET balance = excluded.balance, last_seq = excluded.last_seq";

/// A rebuild of workload W1.
pub fn replay_deposits(log: &Path, directory: &Path) {
    let connection = projection(directory, DEPOSIT_TABLE);
    let mut get = connection.prepare(GET).expect("a statement");
    let mut put = connection.prepare(PUT).expect("a statement");
    connection.execute_batch("BEGIN").expect("a transaction");
    let mut count = 0u64;
    for_each_event(log, |seq, event_type, data| {
        if event_type == "deposit.Deposited" {
            let deposited: Deposited = serde_json::from_str(data).expect("a payload");
            let balance: Option<i64> = get
                .query_row([deposited.account], |row| row.get(0))
                .optional()
                .expect("a row");
            put.execute((
                deposited.account,
                balance.unwrap_or(0) + deposited.amount,
                seq,
            ))
            .expect("a row");
        }
        count += 1;
        if count.is_multiple_of(10_000) {
            connection.execute_batch("COMMIT; BEGIN").expect("a commit");
        }
    });
    connection.execute_batch("COMMIT").expect("a commit");
}

/// What is kept of a command.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// A row of the event, and the balance.
    EventAndState,
    /// The same work as Daybook's: the event with its identity (an id sent twice is found), chain hash and lineup, its
    /// effects, the command with its outcome, and the balance; the log in one file, the state in another.
    Everything,
}

/// Deposits into a durable log and a table, so many to a transaction. Seconds for `count`.
pub fn append_deposits(directory: &Path, kept: Kept, count: u64, group: u64) -> f64 {
    let file = |name: &str| {
        let path = directory.join(format!("floor-{name}.db"));
        let _ = std::fs::remove_file(&path);
        path
    };
    let log = Connection::open(file("log")).expect("a database");
    log.execute_batch("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;")
        .expect("a setting");
    let everything = kept == Kept::Everything;
    let other = everything.then(|| {
        let state = Connection::open(file("state")).expect("a database");
        state
            .execute_batch("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;")
            .expect("a setting");
        state
    });
    let state = other.as_ref().unwrap_or(&log);
    log.execute_batch(
        "CREATE TABLE events (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, source TEXT NOT NULL,
             type TEXT NOT NULL, time TEXT NOT NULL, data TEXT NOT NULL, hash BLOB NOT NULL, lineup INTEGER NOT NULL,
             command TEXT) STRICT;
         CREATE TABLE effects (seq INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
         CREATE TABLE commands (ordinal INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, type TEXT NOT NULL,
             time TEXT NOT NULL, data TEXT NOT NULL, position INTEGER NOT NULL, outcome TEXT NOT NULL) STRICT;",
    )
    .expect("tables");
    if everything {
        log.execute_batch("CREATE UNIQUE INDEX events__identity ON events (id, source)")
            .expect("an index");
    }
    state.execute_batch(DEPOSIT_TABLE).expect("tables");
    let mut append = log
        .prepare(
            "INSERT INTO events (id, source, type, time, data, hash, lineup, command)
             VALUES (?1, ?2, 'deposit.Deposited', '2020-01-01T00:00:00Z', ?3, ?4, 1, ?5)",
        )
        .expect("a statement");
    let mut effects = log
        .prepare("INSERT INTO effects VALUES (?1, ?2)")
        .expect("a statement");
    let mut commands = log
        .prepare(
            "INSERT INTO commands (id, type, time, data, position, outcome)
             VALUES (?1, 'deposit.Deposit', '2020-01-01T00:00:00Z', ?2, ?3, 'accepted')",
        )
        .expect("a statement");
    let mut get = state.prepare(GET).expect("a statement");
    let mut put = state.prepare(PUT).expect("a statement");
    let start = Instant::now();
    for i in 0..count {
        let data = format!(
            r#"{{"account":{},"amount":{}}}"#,
            i.wrapping_mul(2_654_435_761) % 20_000,
            i % 100
        );
        if i % group == 0 {
            log.execute_batch("BEGIN IMMEDIATE").expect("a transaction");
            if everything {
                state
                    .execute_batch("BEGIN IMMEDIATE")
                    .expect("a transaction");
            }
        }
        let deposited: Deposited = serde_json::from_str(&data).expect("a payload");
        let command = everything.then(|| uuid::Uuid::now_v7().to_string());
        let id = uuid::Uuid::now_v7().to_string();
        let source = command
            .as_ref()
            .map_or(String::new(), |command| format!("/commands/{command}"));
        let hash: &[u8] = if everything { &[7; 32] } else { &[] };
        append
            .execute((&id, &source, &data, hash, &command))
            .expect("an event");
        let seq = log.last_insert_rowid();
        if let Some(command) = &command {
            effects.execute((seq, &[7u8; 60][..])).expect("effects");
            commands
                .execute((command, &data, seq - 1))
                .expect("a command");
        }
        let balance: Option<i64> = get
            .query_row([deposited.account], |row| row.get(0))
            .optional()
            .expect("a row");
        put.execute((
            deposited.account,
            balance.unwrap_or(0) + deposited.amount,
            seq,
        ))
        .expect("a row");
        if i % group == group - 1 || i == count - 1 {
            log.execute_batch("COMMIT").expect("a commit");
            if everything {
                state.execute_batch("COMMIT").expect("a commit");
            }
        }
    }
    start.elapsed().as_secs_f64()
}
