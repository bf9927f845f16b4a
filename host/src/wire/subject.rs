//! One subject's page: what a doctor or an auditor opens.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::event::RecordedEvent;
use super::value::Row;
use crate::book;
use crate::model::Formats;

/// Part of what there is about a subject.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Subject<'a> {
    pub subject: String,
    /// Its events, with the rows that they changed and the tasks that they asked for, each with what has become of it.
    pub events: Vec<RecordedEvent<'a>>,
    /// Rows that these events touched, by table and key, as they are now.
    pub rows: Vec<SubjectRow<'a>>,
    /// What was done to these events since they were logged.
    pub repairs: Vec<SubjectRepair>,
    /// Send it as `after` for those that follow; null at the end.
    pub next: Option<u64>,
    /// Position of the last event that can be read.
    pub head: u64,
}

/// A row that an event of the subject touched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SubjectRow<'a> {
    /// `plugin.table`
    pub table: String,
    pub key: Row<'a>,
    /// What the values of columns mean: `{"balance": "money(CZK,2)"}`. The rows hold them as they are kept.
    #[serde(default, skip_serializing_if = "Formats::is_empty")]
    #[schemars(with = "std::collections::BTreeMap<String, String>")]
    pub formats: Formats,
    /// As it is now; null where it is gone.
    pub row: Option<Row<'a>>,
}

/// A repair of an event of the subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SubjectRepair {
    /// The event that was repaired.
    pub event: u64,
    /// `amended`, `reverted`, `redacted` or `undone`
    pub what: String,
    /// The event that says so.
    pub by: u64,
    /// RFC 3339, UTC.
    pub time: String,
    /// Who did it; null where nobody said.
    pub actor: Option<String>,
    pub reason: Option<String>,
}

impl<'a> Subject<'a> {
    /// A page as the log gives it.
    pub fn new(subject: &str, page: &'a book::SubjectPage, head: u64) -> Subject<'a> {
        let rows = page.rows.iter().map(|row| SubjectRow {
            table: row.table.clone(),
            key: Row::Members(row.key.clone()),
            formats: row.formats.clone(),
            row: row.row.clone().map(Row::Members),
        });
        let repairs = page.repairs.iter().map(|repair| SubjectRepair {
            event: repair.event.0,
            what: repair.what.to_owned(),
            by: repair.by.0,
            time: repair.time.clone(),
            actor: repair.actor.clone(),
            reason: repair.reason.clone(),
        });
        let last = page.events.last().filter(|_| page.more);
        Subject {
            subject: subject.to_owned(),
            events: page.events.iter().map(Into::into).collect(),
            rows: rows.collect(),
            repairs: repairs.collect(),
            next: last.map(|last| last.stored.event.seq.0),
            head,
        }
    }

    pub fn into_owned(self) -> Subject<'static> {
        let rows = self.rows.into_iter().map(|row| SubjectRow {
            table: row.table,
            key: row.key.into_owned(),
            formats: row.formats,
            row: row.row.map(Row::into_owned),
        });
        Subject {
            subject: self.subject,
            events: { self.events.into_iter() }
                .map(RecordedEvent::into_owned)
                .collect(),
            rows: rows.collect(),
            repairs: self.repairs,
            next: self.next,
            head: self.head,
        }
    }
}
