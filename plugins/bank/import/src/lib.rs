//! The bank's published records (PKDD'99 Discovery Challenge, "Berka") as events of the `bank` plugin.
//!
//! Owns reading the files and putting their records into one time order. What a record's columns mean is in
//! `records`. It knows the plugin's payloads only as JSON, as any producer of events would.

mod columns;
mod records;

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use serde::Serialize;
use serde_json::value::RawValue;
use thiserror::Error;

pub use records::{accounts, loans, transactions};

/// Where every imported event says it comes from.
pub const SOURCE: &str = "/berka";

/// One event in the structured JSON form of CloudEvents 1.0; `Display` writes that form, without a line break.
#[derive(Clone, Debug, Serialize)]
pub struct CloudEvent {
    /// Always `1.0`.
    pub specversion: &'static str,
    /// The record's own number, so that a second import gives the same ids: `transaction-695247`.
    pub id: String,
    /// [`SOURCE`].
    pub source: &'static str,
    /// Full event type, `bank.TransactionPosted`.
    #[serde(rename = "type")]
    pub event_type: &'static str,
    /// `account/576`.
    pub subject: String,
    /// Midnight UTC of the record's date: the files know days only.
    pub time: String,
    /// The payload.
    pub data: Box<RawValue>,
}

impl fmt::Display for CloudEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

/// What to import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every account and every transaction.
    AccountsAndTransactions,
    /// The loans granted as well.
    WithLoans,
}

/// Why the records could not be turned into events.
#[derive(Debug, Error)]
pub enum ImportError {
    /// A file cannot be opened, or made.
    #[error("{}: {source}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The folder has no file of transactions.
    #[error("{}: no file named transactions-….csv.gz", .0.display())]
    NoTransactions(PathBuf),
    /// A line is not CSV, or lacks columns.
    #[error("{file}: {source}")]
    Csv {
        /// Which kind of record was read.
        file: &'static str,
        /// What is wrong, with its line.
        source: csv::Error,
    },
    /// A column holds something that this importer does not know.
    #[error("{file}, line {line}: {column} is `{value}`, expected {expected}")]
    Value {
        /// Which kind of record was read.
        file: &'static str,
        /// Line in the uncompressed file, from 1.
        line: u64,
        /// The column's name.
        column: &'static str,
        /// What it holds.
        value: String,
        /// What it may hold.
        expected: &'static str,
    },
    /// The events could not be written.
    #[error("cannot write events: {0}")]
    Write(io::Error),
}

/// All events of a folder with the bank's files, in time order.
pub fn convert_folder(folder: &Path, scope: Scope) -> Result<Vec<CloudEvent>, ImportError> {
    let mut events = accounts(open(&folder.join("account.asc.gz"))?)?;
    events.extend(transactions(open(&transactions_file(folder)?)?)?);
    if scope == Scope::WithLoans {
        events.extend(loans(open(&folder.join("loan.asc.gz"))?)?);
    }
    Ok(in_time_order(events))
}

/// Events by day. Within a day they keep the order in which they are given: accounts open before anything is
/// posted to them, and transactions keep the bank's order.
pub fn in_time_order(mut events: Vec<CloudEvent>) -> Vec<CloudEvent> {
    events.sort_by(|a, b| a.time.cmp(&b.time));
    events
}

fn open(path: &Path) -> Result<impl Read + use<>, ImportError> {
    let file = File::open(path).map_err(|source| ImportError::File {
        path: path.to_owned(),
        source,
    })?;
    Ok(GzDecoder::new(file))
}

/// The file's name carries the range of dates it covers, so it is looked for by its beginning; with several,
/// the first by name.
fn transactions_file(folder: &Path) -> Result<PathBuf, ImportError> {
    let unreadable = |source| ImportError::File {
        path: folder.to_owned(),
        source,
    };
    let mut found = None;
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let matches = name.starts_with("transactions-") && name.ends_with(".csv.gz");
        if matches && found.as_ref().is_none_or(|best| path < *best) {
            found = Some(path);
        }
    }
    found.ok_or_else(|| ImportError::NoTransactions(folder.to_owned()))
}
