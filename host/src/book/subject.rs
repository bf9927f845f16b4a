//! One subject's page: its events with what they did, the rows that they touched as they are now, and the repairs.

use std::collections::BTreeMap;

use super::open::LIVE;
use super::reader::{Reader, Shown, shown};
use crate::model::event::EVENT_UNDONE;
use crate::model::value::RowKey as Key;
use crate::model::{Formats, Result, Seq};
use crate::store::{EventFilter, NowRow, RowKey, StoredEvent, rows_now};

/// Part of what there is about a subject.
#[derive(Debug, Clone)]
pub struct SubjectPage {
    /// Its events, in order, with what they did, their tasks, and what was done to them since.
    pub events: Vec<Shown>,
    /// There are others behind them.
    pub more: bool,
    /// Rows that these events touched, by table and key.
    pub rows: Vec<SubjectRow>,
    /// What was done to these events since, in the order of the log.
    pub repairs: Vec<SubjectRepair>,
}

/// A row that an event touched, as it is now.
#[derive(Debug, Clone)]
pub struct SubjectRow {
    /// `plugin.table`
    pub table: String,
    /// Columns of its key.
    pub key: Vec<(String, crate::model::Value)>,
    /// None: it is gone.
    pub row: NowRow,
    /// What its values mean.
    pub formats: Formats,
}

/// A repair of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectRepair {
    /// The event that was repaired.
    pub event: Seq,
    /// `amended`, `reverted`, `redacted` or `undone`
    pub what: &'static str,
    /// The event that says so.
    pub by: Seq,
    pub time: String,
    pub actor: Option<String>,
    pub reason: Option<String>,
}

/// How often rows are read whose projection is replaced, by an activation, meanwhile.
const ATTEMPTS_MAX: usize = 5;

impl Reader {
    /// A page of events with everything recorded about them, and whether there are others behind it.
    pub fn recorded_page(
        &self,
        filter: &EventFilter,
        count_max: usize,
    ) -> Result<(Vec<Shown>, bool)> {
        let (events, more) = self.log().list_as::<StoredEvent>(filter, count_max)?;
        let mut found = shown(self.log(), events)?;
        if filter.descending {
            found.sort_by_key(|it| std::cmp::Reverse(it.stored.event.seq));
        }
        Ok((found, more))
    }

    /// A page of what there is about a subject. The filter names it.
    pub fn subject(&self, filter: &EventFilter, count_max: usize) -> Result<SubjectPage> {
        let (events, more) = self.recorded_page(filter, count_max)?;
        Ok(SubjectPage {
            rows: self.rows_of(&events)?,
            repairs: self.repairs_of(&events)?,
            events,
            more,
        })
    }

    fn rows_of(&self, events: &[Shown]) -> Result<Vec<SubjectRow>> {
        let mut touched: BTreeMap<(String, Key), RowKey<'_>> = BTreeMap::new();
        for change in events.iter().flat_map(|shown| &shown.changes) {
            let Some(row) = change.after.as_ref().or(change.before.as_ref()) else {
                continue;
            };
            let (layout, key) = (&*change.layout, change.layout.key_of(row));
            // Of two layouts of a table the later one is nearer to what there is now.
            let place = (layout.name(), Key::new(key.iter()));
            touched.insert(place, RowKey { layout, key });
        }
        let keys: Vec<RowKey<'_>> = touched.into_values().collect();
        let mut attempt = 1;
        let rows = loop {
            let (record, path) = self.projection_file(LIVE)?;
            match rows_now(&path, &keys) {
                Ok(rows) if self.projection_file(LIVE)?.0.file == record.file => break rows,
                Err(error) if attempt == ATTEMPTS_MAX => return Err(error),
                _ => attempt += 1,
            }
        };
        let told = keys.iter().zip(rows).map(|(RowKey { layout, key }, row)| {
            let names = layout.key.iter().map(|&at| layout.columns[at].name.clone());
            SubjectRow {
                table: layout.name(),
                key: names.zip(key.iter().cloned()).collect(),
                row,
                formats: layout.formats.clone(),
            }
        });
        Ok(told.collect())
    }

    fn repairs_of(&self, events: &[Shown]) -> Result<Vec<SubjectRepair>> {
        let mut repairs = Vec::new();
        let is_repaired = |shown: &&Shown| shown.repairs != Default::default();
        for shown in events.iter().filter(is_repaired) {
            let event = shown.stored.event.seq;
            for amendment in self.log().amendments_of(event)? {
                repairs.push(SubjectRepair {
                    event,
                    what: if amendment.reverts {
                        "reverted"
                    } else {
                        "amended"
                    },
                    by: amendment.seq,
                    time: amendment.time,
                    actor: amendment.actor,
                    reason: Some(amendment.reason),
                });
            }
            if let Some(redaction) = self.log().redaction_of(event)? {
                repairs.push(SubjectRepair {
                    event,
                    what: "redacted",
                    by: redaction.seq,
                    time: redaction.time,
                    actor: redaction.actor,
                    reason: Some(redaction.reason),
                });
            }
            if let Some(by) = shown.repairs.undone {
                repairs.extend(self.undone_by(event, by)?);
            }
        }
        repairs.sort_by_key(|repair| repair.by);
        Ok(repairs)
    }

    /// What an undo says of itself: the host's own in its payload, a plugin's in its envelope.
    fn undone_by(&self, event: Seq, by: Seq) -> Result<Option<SubjectRepair>> {
        let Some(undo) = self.log().event_at(by)? else {
            return Ok(None);
        };
        let is_hosts = undo.event_type.as_str() == EVENT_UNDONE;
        let said = match is_hosts {
            true => Some(undo.data.as_str()),
            false => undo.extensions.as_deref(),
        };
        let said: serde_json::Value =
            { said.and_then(|text| serde_json::from_str(text).ok()) }.unwrap_or_default();
        let text = |name: &str| said.get(name)?.as_str().map(str::to_owned);
        Ok(Some(SubjectRepair {
            event,
            what: "undone",
            by,
            actor: text("actor"),
            reason: text("reason").filter(|_| is_hosts),
            time: undo.time,
        }))
    }
}
