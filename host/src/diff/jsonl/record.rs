//! The lines of the JSON Lines report as they are written. They borrow what they show.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::diff::{Cost, Difference, EventDiff, FinalKind, FinalRow, Summary};
use crate::model::value::hex;
use crate::model::{ColumnFormat, Task, Value};

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Line<'a> {
    Event {
        seq: u64,
        r#type: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        subject: Option<&'a str>,
        time: &'a str,
        cause: &'a str,
        differences: Vec<Judged<'a>>,
    },
    FinalRow {
        table: &'a str,
        key: Vec<ValueRecord<'a>>,
        change: &'a str,
        columns: Vec<Column<'a>>,
        unexpected: bool,
    },
    Summary(Box<SummaryRecord<'a>>),
}

impl<'a> Line<'a> {
    pub fn event(diff: &'a EventDiff, unexpected: &[bool]) -> Self {
        let differences = diff.differences.iter().zip(unexpected);
        Line::Event {
            seq: diff.seq.0,
            r#type: diff.event_type.as_str(),
            subject: diff.subject.as_deref(),
            time: &diff.time,
            cause: diff.cause.as_str(),
            differences: differences
                .zip(&diff.causes)
                .map(|((difference, unexpected), cause)| Judged {
                    difference: DifferenceRecord::new(difference),
                    cause: cause.as_str(),
                    unexpected: *unexpected,
                })
                .collect(),
        }
    }

    pub fn final_row(row: &'a FinalRow, unexpected: bool) -> Self {
        let (change, columns) = match &row.kind {
            FinalKind::Added(columns) => {
                let columns = columns.iter();
                (
                    "added",
                    columns
                        .map(|(name, value)| {
                            Column::new(name, row.formats.get(name), None, Some(value))
                        })
                        .collect(),
                )
            }
            FinalKind::Removed(columns) => {
                let columns = columns.iter();
                (
                    "removed",
                    columns
                        .map(|(name, value)| {
                            Column::new(name, row.formats.get(name), Some(value), None)
                        })
                        .collect(),
                )
            }
            FinalKind::Changed(columns) => {
                let columns = columns.iter().map(|(name, base, candidate)| {
                    Column::new(
                        name,
                        row.formats.get(name),
                        base.as_ref(),
                        candidate.as_ref(),
                    )
                });
                ("changed", columns.collect())
            }
        };
        Line::FinalRow {
            table: &row.table,
            key: key_of(&row.key),
            change,
            columns,
            unexpected,
        }
    }

    pub fn summary(summary: &'a Summary) -> Self {
        Line::Summary(Box::new(SummaryRecord::new(summary)))
    }
}

#[derive(Serialize)]
pub struct Judged<'a> {
    #[serde(flatten)]
    difference: DifferenceRecord<'a>,
    cause: &'a str,
    unexpected: bool,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum DifferenceRecord<'a> {
    Column {
        table: &'a str,
        key: Vec<ValueRecord<'a>>,
        #[serde(flatten)]
        column: Column<'a>,
        before: bool,
    },
    Row {
        table: &'a str,
        key: Vec<ValueRecord<'a>>,
        #[serde(flatten)]
        sides: Sides<&'a str>,
    },
    Task {
        ordinal: usize,
        #[serde(flatten)]
        sides: Sides<TaskRecord<'a>>,
    },
    Doom {
        #[serde(flatten)]
        sides: Sides<&'a str>,
    },
}

impl<'a> DifferenceRecord<'a> {
    fn new(difference: &'a Difference) -> Self {
        match difference {
            Difference::Column {
                table,
                key,
                column,
                format,
                base,
                candidate,
                before,
            } => DifferenceRecord::Column {
                table,
                key: key_of(key),
                column: Column::new(column, format.as_ref(), base.as_ref(), candidate.as_ref()),
                before: *before,
            },
            Difference::Row {
                table,
                key,
                base,
                candidate,
            } => DifferenceRecord::Row {
                table,
                key: key_of(key),
                sides: Sides {
                    base: *base,
                    candidate: *candidate,
                },
            },
            Difference::Task {
                ordinal,
                base,
                candidate,
            } => DifferenceRecord::Task {
                ordinal: *ordinal,
                sides: Sides {
                    base: base.as_ref().map(TaskRecord::new),
                    candidate: candidate.as_ref().map(TaskRecord::new),
                },
            },
            Difference::Doom { base, candidate } => DifferenceRecord::Doom {
                sides: Sides {
                    base: base.as_deref(),
                    candidate: candidate.as_deref(),
                },
            },
        }
    }
}

/// What each side has; a side that has nothing has no key.
#[derive(Serialize)]
struct Sides<T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    base: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    candidate: Option<T>,
}

#[derive(Serialize)]
pub struct Column<'a> {
    column: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<&'a ColumnFormat>,
    #[serde(flatten)]
    sides: Sides<ValueRecord<'a>>,
}

impl<'a> Column<'a> {
    fn new(
        column: &'a str,
        format: Option<&'a ColumnFormat>,
        base: Option<&'a Value>,
        candidate: Option<&'a Value>,
    ) -> Self {
        let sides = Sides {
            base: base.map(ValueRecord),
            candidate: candidate.map(ValueRecord),
        };
        Column {
            column,
            format,
            sides,
        }
    }
}

#[derive(Serialize)]
struct TaskRecord<'a> {
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    data: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_before: Option<&'a str>,
}

impl<'a> TaskRecord<'a> {
    fn new(task: &'a Task) -> Self {
        TaskRecord {
            kind: &task.kind,
            key: task.key.as_deref(),
            data: &task.data,
            not_before: task.not_before.as_deref(),
        }
    }
}

pub struct ValueRecord<'a>(&'a Value);

impl Serialize for ValueRecord<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_unit(),
            Value::Integer(number) => serializer.serialize_i64(*number),
            Value::Real(number) => serializer.serialize_f64(*number),
            Value::Text(text) => serializer.serialize_str(text),
            Value::Blob(bytes) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("blob", &hex(bytes))?;
                map.end()
            }
        }
    }
}

fn key_of(key: &[Value]) -> Vec<ValueRecord<'_>> {
    key.iter().map(ValueRecord).collect()
}

#[derive(Serialize)]
pub struct SummaryRecord<'a> {
    base: &'a str,
    candidate: &'a str,
    from: u64,
    to: u64,
    events: u64,
    direct: u64,
    inherited: u64,
    layout: Vec<LayoutRecord<'a>>,
    first: Option<u64>,
    types: Vec<TypeCount<'a>>,
    columns: Vec<ColumnCount<'a>>,
    rows: Vec<RowCount<'a>>,
    tasks: Vec<TaskKindCount<'a>>,
    dooms: Pair<u64>,
    final_rows: Vec<FinalCountRecord<'a>>,
    unexpected: u64,
    missing: u64,
    expectations: Vec<ExpectationRecord<'a>>,
    cost: Pair<CostRecord<'a>>,
    seconds: f64,
}

/// A column that only one side has.
#[derive(Serialize)]
struct LayoutRecord<'a> {
    table: &'a str,
    column: &'a str,
    /// `base` or `candidate`
    only: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<ValueRecord<'a>>,
}

#[derive(Serialize)]
struct Pair<T> {
    base: T,
    candidate: T,
}

#[derive(Serialize)]
struct TypeCount<'a> {
    r#type: &'a str,
    direct: u64,
    inherited: u64,
}

#[derive(Serialize)]
struct ColumnCount<'a> {
    table: &'a str,
    column: &'a str,
    direct: u64,
    inherited: u64,
}

#[derive(Serialize)]
struct RowCount<'a> {
    table: &'a str,
    direct: u64,
    inherited: u64,
}

#[derive(Serialize)]
struct TaskKindCount<'a> {
    kind: &'a str,
    appear: u64,
    vanish: u64,
    change: u64,
}

#[derive(Serialize)]
struct FinalCountRecord<'a> {
    table: &'a str,
    added: u64,
    removed: u64,
    changed: u64,
    columns: Vec<FinalColumnCount<'a>>,
}

#[derive(Serialize)]
struct FinalColumnCount<'a> {
    column: &'a str,
    rows: u64,
}

#[derive(Serialize)]
struct ExpectationRecord<'a> {
    reason: &'a str,
    met: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    missing: u64,
    names: &'a str,
}

#[derive(Serialize)]
struct CostRecord<'a> {
    fuel: u64,
    host_calls: u64,
    rows_read: u64,
    rows_written: u64,
    seconds: f64,
    /// By type of event: the most fuel that one took.
    dearest: BTreeMap<&'a str, u64>,
}

impl<'a> CostRecord<'a> {
    fn new(cost: &'a Cost) -> Self {
        CostRecord {
            fuel: cost.fuel,
            host_calls: cost.host_calls,
            rows_read: cost.rows_read,
            rows_written: cost.rows_written,
            seconds: cost.seconds,
            dearest: { cost.dearest.iter() }
                .map(|(name, fuel)| (name.as_str(), *fuel))
                .collect(),
        }
    }
}

impl<'a> SummaryRecord<'a> {
    fn new(summary: &'a Summary) -> Self {
        let types = summary.by_type.iter().map(|(name, split)| TypeCount {
            r#type: name,
            direct: split.direct,
            inherited: split.inherited,
        });
        let columns = summary
            .by_column
            .iter()
            .map(|((table, column), split)| ColumnCount {
                table,
                column,
                direct: split.direct,
                inherited: split.inherited,
            });
        let rows = summary.by_row.iter().map(|(table, split)| RowCount {
            table,
            direct: split.direct,
            inherited: split.inherited,
        });
        let tasks = summary.tasks.iter().map(|(kind, count)| TaskKindCount {
            kind,
            appear: count.appear,
            vanish: count.vanish,
            change: count.change,
        });
        let final_rows = summary
            .final_rows
            .iter()
            .map(|(table, count)| FinalCountRecord {
                table,
                added: count.added,
                removed: count.removed,
                changed: count.changed,
                columns: count
                    .columns
                    .iter()
                    .map(|(column, rows)| FinalColumnCount {
                        column,
                        rows: *rows,
                    })
                    .collect(),
            });
        let expectations = summary
            .expectations
            .iter()
            .map(|expectation| ExpectationRecord {
                reason: &expectation.reason,
                met: expectation.met,
                count: expectation.count,
                missing: expectation.missing,
                names: &expectation.what,
            });
        let (base_cost, candidate_cost) = &summary.cost;
        SummaryRecord {
            base: &summary.base,
            candidate: &summary.candidate,
            from: summary.from.0,
            to: summary.to.0,
            events: summary.events,
            direct: summary.differing.direct,
            inherited: summary.differing.inherited,
            layout: { summary.layout.iter() }
                .map(|it| LayoutRecord {
                    table: &it.table,
                    column: &it.column,
                    only: if it.is_new { "candidate" } else { "base" },
                    default: it.default.as_ref().map(ValueRecord),
                })
                .collect(),
            first: summary.first.as_ref().map(|first| first.seq.0),
            types: types.collect(),
            columns: columns.collect(),
            rows: rows.collect(),
            tasks: tasks.collect(),
            dooms: Pair {
                base: summary.dooms.0,
                candidate: summary.dooms.1,
            },
            final_rows: final_rows.collect(),
            unexpected: summary.unexpected,
            missing: summary.missing,
            expectations: expectations.collect(),
            cost: Pair {
                base: CostRecord::new(base_cost),
                candidate: CostRecord::new(candidate_cost),
            },
            seconds: summary.seconds,
        }
    }
}
