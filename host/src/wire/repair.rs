//! Repairs of history: amendments, redactions, undos, and what one would change.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::event::EventWithEffects;
use super::shadow::{DifferingRow, DifferingRows};
use crate::diff::{Difference, EventDiff, FinalRow, Sink, Summary};
use crate::model::{JsonText, Result};
use crate::repair;
use crate::study;

/// A new payload for an event: `data`, or one of `revert` and `skip`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AmendRequest {
    /// The new payload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<JsonText<'static>>,
    /// Put the first payload back.
    #[serde(default)]
    pub revert: bool,
    /// Nobody handles the event any more.
    #[serde(default)]
    pub skip: bool,
    /// Why; stays in the log. A preview needs none.
    #[serde(default)]
    pub reason: Option<String>,
    /// Report what would change, keep nothing.
    #[serde(default)]
    pub preview: bool,
}

/// What amending came to, or would come to.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum AmendReply {
    Foreseen(Foreseen),
    Amended(Amended),
}

/// An event that has another payload.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Amended {
    /// The event that says so.
    pub seq: u64,
    pub event: u64,
    /// It has its first payload again.
    pub reverts: bool,
}

impl From<&repair::Amended> for Amended {
    fn from(amended: &repair::Amended) -> Amended {
        Amended {
            seq: amended.seq.0,
            event: amended.event.0,
            reverts: amended.reverts,
        }
    }
}

/// How an event's payload is erased.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RedactRequest {
    /// Why; stays in the log, and must not quote what is erased. A preview needs none.
    #[serde(default)]
    pub reason: Option<String>,
    /// What stands in the payload's place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<JsonText<'static>>,
    /// Report what would change, keep nothing.
    #[serde(default)]
    pub preview: bool,
}

/// How the payloads of all events about somebody are erased.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RedactAllRequest {
    /// Events about one of these subjects.
    #[serde(default)]
    pub subjects: Vec<String>,
    /// Also those whose payload has a value in a field.
    #[serde(default, rename = "match")]
    pub matching: Vec<FieldValue>,
    /// Why; stays in the log, and must not quote what is erased. A preview needs none.
    #[serde(default)]
    pub reason: Option<String>,
    /// What stands in the place of payloads, by event type: an object in which `"$name"` is the event's own field. Types that
    /// are not named have nothing in their place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<JsonText<'static>>,
    /// Report what would change, keep nothing.
    #[serde(default)]
    pub preview: bool,
}

/// A field of a payload, and its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldValue {
    /// `patient`, `address.city`; in lists, of any item.
    pub field: String,
    /// A text as it is, anything else as JSON writes it.
    pub value: String,
}

/// What redacting came to, or would come to.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum RedactReply {
    Foreseen(Foreseen),
    Redacted(Redacted),
}

/// An event without its payload.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Redacted {
    /// The event that says so.
    pub seq: u64,
    pub event: u64,
    /// The undo of the event, erased with it.
    pub undo: Option<u64>,
    /// Other events, and undos of those, that were erased in the same act.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<u64>,
    /// Events whose recorded effects were written anew.
    pub rewritten: u64,
    /// Other projections that are gone, because they held copies.
    pub replays_removed: Vec<String>,
    /// No file of the book holds the payload any more. False: somebody reads an older state of the log, and it is tried
    /// again.
    pub cleaned: bool,
}

impl From<&repair::Redacted> for Redacted {
    fn from(redacted: &repair::Redacted) -> Redacted {
        Redacted {
            seq: redacted.seq.0,
            event: redacted.event.0,
            undo: redacted.undo.map(|seq| seq.0),
            also: redacted.also.iter().map(|seq| seq.0).collect(),
            rewritten: redacted.rewritten,
            replays_removed: redacted.replays.clone(),
            cleaned: redacted.cleaned,
        }
    }
}

/// What a repair would change.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Foreseen {
    /// True: nothing was kept.
    pub preview: bool,
    /// Why the repair would be refused; null where it would not.
    pub problem: Option<String>,
    /// Events that would have other effects.
    pub events: u64,
    /// The first of them.
    pub first: Vec<DifferingEvent>,
    /// Events of doom that there would be.
    pub dooms: u64,
    /// How many rows of the state would end otherwise, by table.
    pub rows: Vec<DifferingCount>,
    /// Those rows.
    pub final_rows: DifferingRows,
}

/// How many rows of a table would end otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DifferingCount {
    /// `plugin.table`
    pub table: String,
    pub added: u64,
    pub removed: u64,
    pub changed: u64,
}

/// An event that would have other effects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DifferingEvent {
    pub seq: u64,
    #[serde(rename = "type")]
    pub event_type: String,
    pub subject: Option<String>,
    /// In how many rows, columns and tasks.
    pub differences: u64,
    /// Why it could not be materialized.
    pub doom: Option<String>,
}

/// Events that are told one by one.
const TOLD_MAX: usize = 20;

/// Gathers what a repair would change.
#[derive(Debug, Default)]
pub struct Foreseeing {
    first: Vec<DifferingEvent>,
    rows: DifferingRows,
}

impl Foreseeing {
    pub fn done(self, foreseen: &study::Foreseen) -> Foreseen {
        let rows = foreseen.summary.final_rows.iter();
        let rows = rows.map(|(table, count)| DifferingCount {
            table: table.clone(),
            added: count.added,
            removed: count.removed,
            changed: count.changed,
        });
        Foreseen {
            preview: true,
            problem: foreseen.problem.clone(),
            events: foreseen.summary.differing.total(),
            first: self.first,
            dooms: foreseen.summary.dooms.1,
            rows: rows.collect(),
            final_rows: self.rows,
        }
    }
}

impl Sink for Foreseeing {
    fn event(&mut self, diff: &EventDiff, _: &[bool]) -> Result<()> {
        if self.first.len() < TOLD_MAX {
            let doom = diff
                .differences
                .iter()
                .find_map(|difference| match difference {
                    Difference::Doom { candidate, .. } => candidate.clone(),
                    _ => None,
                });
            self.first.push(DifferingEvent {
                seq: diff.seq.0,
                event_type: diff.event_type.as_str().to_owned(),
                subject: diff.subject.clone(),
                differences: diff.differences.len() as u64,
                doom,
            });
        }
        Ok(())
    }

    fn final_row(&mut self, row: &FinalRow, _: bool) -> Result<()> {
        self.rows.count(row);
        Ok(())
    }

    fn finish(&mut self, _: &Summary) -> Result<()> {
        Ok(())
    }
}

/// How an event's row changes are taken back.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UndoRequest {
    /// Why; stays in the log.
    #[serde(default)]
    pub reason: Option<String>,
    /// Report what would change, keep nothing.
    #[serde(default)]
    pub preview: bool,
}

/// An event that is taken back, or would be.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Undone<'a> {
    pub event: u64,
    pub preview: bool,
    /// The undo's own event, with its effects.
    pub undo: EventWithEffects<'a>,
    /// Further events of the plugin's own inverse.
    pub further: Vec<EventWithEffects<'a>>,
    /// What the event asked for outside of the book: that is not taken back.
    pub tasks_not_undone: Vec<TaskNotUndone>,
}

/// A task that stays asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TaskNotUndone {
    pub kind: String,
    pub key: Option<String>,
}

impl<'a> From<&'a repair::Undone> for Undone<'a> {
    fn from(undone: &'a repair::Undone) -> Undone<'a> {
        let tasks = undone.tasks.iter().map(|task| TaskNotUndone {
            kind: task.kind.clone(),
            key: task.key.clone(),
        });
        Undone {
            event: undone.event.0,
            preview: undone.preview,
            undo: (&undone.caused).into(),
            further: undone.further.iter().map(Into::into).collect(),
            tasks_not_undone: tasks.collect(),
        }
    }
}

impl Undone<'_> {
    pub fn into_owned(self) -> Undone<'static> {
        let further = self.further.into_iter();
        Undone {
            event: self.event,
            preview: self.preview,
            undo: self.undo.into_owned(),
            further: further.map(EventWithEffects::into_owned).collect(),
            tasks_not_undone: self.tasks_not_undone,
        }
    }
}

/// Whether the live state is put right.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReconcileRequest {
    /// Put the state right, for this reason; without one the rows are only told.
    #[serde(default)]
    pub reason: Option<String>,
}

/// The live state (the candidate) beside what the log yields (the base).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Reconciled {
    /// Rows that differ.
    pub total: u64,
    /// Events of the present epoch whose recorded effects differ.
    #[serde(default)]
    pub effects: u64,
    /// At most 1000 of the rows.
    pub rows: Vec<DifferingRow>,
    /// The event that says that they were put right; null where nothing differed, or nobody asked for it.
    pub seq: Option<u64>,
}

impl Reconciled {
    pub fn new(rows: DifferingRows, done: &repair::Reconciled) -> Reconciled {
        Reconciled {
            total: done.rows,
            effects: done.effects,
            rows: rows.rows,
            seq: done.repaired.map(|seq| seq.0),
        }
    }
}
