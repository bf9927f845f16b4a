//! Where two choices of logic part, and in what.

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::shadow::present;
use super::value::{Cell, Row, cells};
use crate::book::CloudEvent;
use crate::diff;
use crate::model::{ColumnFormat, Formats, Task};
use crate::study;

/// Two choices of logic.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sides {
    /// `plugin@date`, several with spaces between, or `recorded`.
    pub base: String,
    /// What is compared with it.
    pub candidate: String,
}

/// A comparison of two choices of logic.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DiffRequest {
    /// `plugin@date`, several with spaces between, or `recorded`.
    pub base: String,
    /// What is compared with it.
    pub candidate: String,
    /// The first event whose differences are told.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub from: Option<u64>,
    /// The last event.
    #[serde(default)]
    pub to: Option<u64>,
    /// An expectation file: the differences that are wanted (TOML).
    #[serde(default)]
    pub expect: String,
}

/// Where two choices of logic part.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BisectRequest {
    /// `plugin@date`, several with spaces between, or `recorded`.
    pub base: String,
    /// What is compared with it.
    pub candidate: String,
    /// An expectation file (TOML): events that differ only in what it names are passed over.
    #[serde(default)]
    pub expect: String,
}

/// The first event on which two choices of logic part, with what each looked at.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Bisected<'a> {
    /// Its position; null where they never part.
    pub first: Option<u64>,
    /// Events that were compared, at most.
    pub events: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<CloudEvent<'a>>,
    /// In what they differ; never empty where they part.
    pub differences: Vec<Difference>,
    /// What the base looked at, before the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Seen>,
    /// What the candidate looked at, before the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate: Option<Seen>,
}

impl<'a> Bisected<'a> {
    /// `events`: how many there are in the log.
    pub fn new(found: Option<&'a study::Divergence>, events: u64) -> Bisected<'a> {
        let differences = found.into_iter().flat_map(|it| &it.differences);
        Bisected {
            first: found.map(|it| it.event.seq.0),
            events,
            event: found.map(|it| (&it.event).into()),
            differences: differences.map(Into::into).collect(),
            base: found.map(|it| (&it.base).into()),
            candidate: found.map(|it| (&it.candidate).into()),
        }
    }

    pub fn into_owned(self) -> Bisected<'static> {
        Bisected {
            first: self.first,
            events: self.events,
            event: self.event.map(CloudEvent::into_owned),
            differences: self.differences,
            base: self.base,
            candidate: self.candidate,
        }
    }
}

/// One difference of an event's effects; a side that has nothing has no member.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Difference {
    Column(ColumnDifference),
    Row(RowDifference),
    Task(TaskDifference),
    Doom(DoomDifference),
}

/// Both change this row and leave different values in a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ColumnDifference {
    /// `plugin.table`
    pub table: String,
    pub key: Vec<Cell>,
    pub column: String,
    /// What the values mean: `money(CZK,2)`. They are as they are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub format: Option<ColumnFormat>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    pub base: Option<Cell>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    pub candidate: Option<Cell>,
    /// They met different values, and left the same.
    pub before: bool,
}

/// Only one of them changes this row, or they do it in different ways: `insert`, `update`, `delete`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RowDifference {
    /// `plugin.table`
    pub table: String,
    pub key: Vec<Cell>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate: Option<String>,
}

/// A task, by its place among the event's tasks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TaskDifference {
    pub ordinal: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<DifferingTask>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate: Option<DifferingTask>,
}

/// One of them cannot materialize the event, or they fail in different ways.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DoomDifference {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate: Option<String>,
}

/// By its kind, from its very text: numbers keep what serde's own way of reading such a thing would lose.
impl<'de> Deserialize<'de> for Difference {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Difference, D::Error> {
        #[derive(Deserialize)]
        struct Kind {
            kind: String,
        }
        let raw = Box::<RawValue>::deserialize(from)?;
        let text = raw.get();
        let read = serde_json::from_str(text).and_then(|Kind { kind }| match kind.as_str() {
            "column" => serde_json::from_str(text).map(Difference::Column),
            "row" => serde_json::from_str(text).map(Difference::Row),
            "task" => serde_json::from_str(text).map(Difference::Task),
            "doom" => serde_json::from_str(text).map(Difference::Doom),
            other => {
                let unknown = format!("'{other}' is no kind of difference");
                Err(serde_json::Error::custom(unknown))
            }
        });
        read.map_err(D::Error::custom)
    }
}

/// A task on one side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DifferingTask {
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// JSON text.
    pub data: String,
    /// RFC 3339; it is not carried out earlier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<String>,
}

impl From<&Task> for DifferingTask {
    fn from(task: &Task) -> DifferingTask {
        DifferingTask {
            kind: task.kind.clone(),
            key: task.key.clone(),
            data: task.data.clone(),
            not_before: task.not_before.clone(),
        }
    }
}

impl From<&diff::Difference> for Difference {
    fn from(difference: &diff::Difference) -> Difference {
        match difference {
            diff::Difference::Column {
                table,
                key,
                column,
                format,
                base,
                candidate,
                before,
            } => Difference::Column(ColumnDifference {
                table: table.clone(),
                key: cells(key),
                column: column.clone(),
                format: format.clone(),
                base: base.clone().map(Cell),
                candidate: candidate.clone().map(Cell),
                before: *before,
            }),
            diff::Difference::Row {
                table,
                key,
                base,
                candidate,
            } => Difference::Row(RowDifference {
                table: table.clone(),
                key: cells(key),
                base: base.map(str::to_owned),
                candidate: candidate.map(str::to_owned),
            }),
            diff::Difference::Task {
                ordinal,
                base,
                candidate,
            } => Difference::Task(TaskDifference {
                ordinal: *ordinal,
                base: base.as_ref().map(Into::into),
                candidate: candidate.as_ref().map(Into::into),
            }),
            diff::Difference::Doom { base, candidate } => Difference::Doom(DoomDifference {
                base: base.clone(),
                candidate: candidate.clone(),
            }),
        }
    }
}

/// For what is said of such a difference in words.
impl From<&Difference> for diff::Difference {
    fn from(difference: &Difference) -> diff::Difference {
        let values = |cells: &[Cell]| cells.iter().map(|Cell(value)| value.clone()).collect();
        let value = |cell: &Option<Cell>| cell.as_ref().map(|Cell(value)| value.clone());
        let operation = |name: &Option<String>| {
            let known = ["insert", "update", "delete"];
            known
                .into_iter()
                .find(|known| name.as_deref() == Some(known))
        };
        let task = |task: &DifferingTask| Task {
            kind: task.kind.clone(),
            key: task.key.clone(),
            data: task.data.clone(),
            not_before: task.not_before.clone(),
        };
        match difference {
            Difference::Column(it) => diff::Difference::Column {
                table: it.table.clone(),
                key: values(&it.key),
                column: it.column.clone(),
                format: it.format.clone(),
                base: value(&it.base),
                candidate: value(&it.candidate),
                before: it.before,
            },
            Difference::Row(it) => diff::Difference::Row {
                table: it.table.clone(),
                key: values(&it.key),
                base: operation(&it.base),
                candidate: operation(&it.candidate),
            },
            Difference::Task(it) => diff::Difference::Task {
                ordinal: it.ordinal,
                base: it.base.as_ref().map(task),
                candidate: it.candidate.as_ref().map(task),
            },
            Difference::Doom(it) => diff::Difference::Doom {
                base: it.base.clone(),
                candidate: it.candidate.clone(),
            },
        }
    }
}

/// What one side looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Seen {
    /// Single rows, as they were before the event.
    pub rows: Vec<SeenRow>,
    /// It searched too; what it found so is not told.
    pub searched: bool,
}

/// A row that was looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SeenRow {
    /// `plugin.table`
    pub table: String,
    pub key: Vec<Cell>,
    /// What the values of columns mean: `{"balance": "money(CZK,2)"}`. The row holds them as they are kept.
    #[serde(default, skip_serializing_if = "Formats::is_empty")]
    #[schemars(with = "std::collections::BTreeMap<String, String>")]
    pub formats: Formats,
    /// Null: there was no such row.
    pub row: Option<Row<'static>>,
}

impl From<&study::Saw> for Seen {
    fn from(saw: &study::Saw) -> Seen {
        let rows = saw.rows.iter().map(|row| SeenRow {
            table: row.table.clone(),
            key: cells(&row.key),
            formats: row.formats.clone(),
            row: row.row.clone().map(Row::Members),
        });
        Seen {
            rows: rows.collect(),
            searched: saw.searched,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::jsonl::JsonlReport;
    use crate::diff::{Cause, EventDiff, Sink};
    use crate::model::{Seq, TypeName, Value};

    #[test]
    fn a_difference_is_written_as_the_report_writes_it_and_read_back_as_it_was() {
        let (table, key) = ("bank.line".to_owned(), vec![Value::Integer(7)]);
        let task = Task {
            kind: "note".into(),
            key: None,
            data: "{\"n\": 1.50}".into(),
            not_before: None,
        };
        let differences = vec![
            diff::Difference::Column {
                table: table.clone(),
                key: key.clone(),
                column: "amount".into(),
                format: "money(CZK,2)".parse().ok(),
                base: Some(Value::Real(0.1 + 0.2)),
                candidate: Some(Value::Null),
                before: false,
            },
            diff::Difference::Row {
                table,
                key,
                base: Some("insert"),
                candidate: None,
            },
            diff::Difference::Task {
                ordinal: 1,
                base: None,
                candidate: Some(task),
            },
            diff::Difference::Doom {
                base: None,
                candidate: Some("trap".into()),
            },
        ];
        let event = EventDiff {
            seq: Seq(1),
            event_type: TypeName::new("bank.Posted").unwrap(),
            subject: None,
            time: "1993-01-01T00:00:00Z".into(),
            cause: Cause::Direct,
            causes: vec![Cause::Direct; 4],
            differences: differences.clone(),
        };
        let mut written = Vec::new();
        let mut report = JsonlReport::new(&mut written);
        report.event(&event, &[false; 4]).unwrap();
        drop(report);
        let line: serde_json::Value = serde_json::from_slice(&written).unwrap();
        for (at, known) in differences.iter().enumerate() {
            let mut reported = line["differences"][at].clone();
            for judged in ["unexpected", "cause"] {
                assert!(reported.as_object_mut().unwrap().remove(judged).is_some());
            }
            let difference = Difference::from(known);
            assert_eq!(serde_json::to_value(&difference).unwrap(), reported);
            let text = serde_json::to_string(&difference).unwrap();
            let read: Difference = serde_json::from_str(&text).unwrap();
            assert_eq!(&diff::Difference::from(&read), known);
        }
    }
}
