//! Two outcomes of one event, side by side: by table, key and column; tasks by their place; dooms by their words.

use std::sync::Arc;

use super::Difference;
use crate::model::value::SuppliedRow;
use crate::model::{
    Budget, Change, ColumnFormat, Effects, Formats, Layouts, Row, TableLayout, Value,
};

/// What one side made of an event.
#[derive(Debug, Clone)]
pub struct Step {
    /// The tables that `effects` refer to.
    pub layouts: Arc<Layouts>,
    /// Effects and their canonical bytes; or why there are none.
    pub outcome: Result<(Effects, Vec<u8>), String>,
    /// Single rows that were looked at, as they were before the event. What else was looked at is not told: `searched`.
    pub touched: Vec<SuppliedRow>,
    pub searched: bool,
    /// What the event's handlers used.
    pub used: Budget,
}

impl Step {
    pub fn new(layouts: Arc<Layouts>, outcome: Result<(Effects, Vec<u8>), String>) -> Step {
        Step {
            layouts,
            outcome,
            touched: Vec::new(),
            searched: false,
            used: Budget::default(),
        }
    }
}

impl Step {
    /// Quick and sure for the usual case: same tables, same bytes.
    pub fn is_same(&self, other: &Step) -> bool {
        match (&self.outcome, &other.outcome) {
            (Ok((_, mine)), Ok((_, theirs))) => {
                (mine == theirs
                    && (Arc::ptr_eq(&self.layouts, &other.layouts)
                        || self.layouts == other.layouts))
                    || differences(self, other).is_empty()
            }
            (Err(mine), Err(theirs)) => mine == theirs,
            _ => false,
        }
    }
}

/// Everything in which two steps differ; empty when they are the same to a reader of the state.
pub fn differences(base: &Step, candidate: &Step) -> Vec<Difference> {
    let mut found = Vec::new();
    match (&base.outcome, &candidate.outcome) {
        (Ok((ours, _)), Ok((theirs, _))) => {
            changes(base, &ours.changes, candidate, &theirs.changes, &mut found);
            let count = ours.tasks.len().max(theirs.tasks.len());
            for ordinal in 0..count {
                let (base, candidate) = (ours.tasks.get(ordinal), theirs.tasks.get(ordinal));
                if base != candidate {
                    found.push(Difference::Task {
                        ordinal,
                        base: base.cloned(),
                        candidate: candidate.cloned(),
                    });
                }
            }
        }
        (ours, theirs) => {
            let (base, candidate) = (ours.as_ref().err().cloned(), theirs.as_ref().err().cloned());
            if base != candidate {
                found.push(Difference::Doom { base, candidate });
            }
        }
    }
    found
}

/// True where a row has what it would have if nobody had ever written the column.
fn is_missing(layout: &TableLayout, column: usize, value: &Value) -> bool {
    let declared = &layout.columns[column];
    (declared.nullable || declared.default.is_some()) && *value == layout.missing(column)
}

/// A column that only one side's table has.
#[derive(Debug, Clone, PartialEq)]
pub struct LayoutDifference {
    /// `plugin.table`
    pub table: String,
    pub column: String,
    /// The candidate's table has it; else the base's.
    pub is_new: bool,
    /// What rows have there that nobody wrote: a row that has it does not differ. None: there is no such value.
    pub default: Option<Value>,
}

/// The columns that only one side has, of the tables that both have.
pub fn layout_differences(base: &Layouts, candidate: &Layouts) -> Vec<LayoutDifference> {
    let mut found = Vec::new();
    for (ours, theirs, is_new) in [(base, candidate, false), (candidate, base, true)] {
        for table in &ours.tables {
            let Some(other) = theirs
                .position(&table.sql_name)
                .map(|at| &theirs.tables[at])
            else {
                continue;
            };
            for (at, column) in table.columns.iter().enumerate() {
                if other.column(&column.name).is_none() {
                    found.push(LayoutDifference {
                        table: table.name(),
                        column: column.name.clone(),
                        is_new,
                        default: { is_missing(table, at, &table.missing(at)) }
                            .then(|| table.missing(at)),
                    });
                }
            }
        }
    }
    found
}

/// A change with its name: table and key, in the order in which effects are canonical.
struct Named<'a> {
    layout: &'a TableLayout,
    key: Box<[u8]>,
    change: &'a Change,
}

fn named<'a>(step: &'a Step, changes: &'a [Change]) -> Vec<Named<'a>> {
    changes
        .iter()
        .map(|change| {
            let layout = &*step.layouts.tables[change.table];
            Named {
                layout,
                key: layout.key_bytes(change.row()),
                change,
            }
        })
        .collect()
}

fn changes(
    base: &Step,
    ours: &[Change],
    candidate: &Step,
    theirs: &[Change],
    found: &mut Vec<Difference>,
) {
    let (ours, theirs) = (named(base, ours), named(candidate, theirs));
    let (mut left, mut right) = (ours.iter().peekable(), theirs.iter().peekable());
    loop {
        let order = match (left.peek(), right.peek()) {
            (None, None) => return,
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some(a), Some(b)) => (&a.layout.sql_name, &a.key).cmp(&(&b.layout.sql_name, &b.key)),
        };
        let row = |named: &Named<'_>, base, candidate| Difference::Row {
            table: named.layout.name(),
            key: named.layout.key_of(named.change.row()),
            base,
            candidate,
        };
        match order {
            std::cmp::Ordering::Less => {
                if let Some(only) = left.next() {
                    found.push(row(only, Some(only.change.operation()), None));
                }
            }
            std::cmp::Ordering::Greater => {
                if let Some(only) = right.next() {
                    found.push(row(only, None, Some(only.change.operation())));
                }
            }
            std::cmp::Ordering::Equal => {
                let (Some(a), Some(b)) = (left.next(), right.next()) else {
                    return;
                };
                if a.change.operation() == b.change.operation() {
                    columns(a, b, found);
                } else {
                    found.push(row(
                        a,
                        Some(a.change.operation()),
                        Some(b.change.operation()),
                    ));
                }
            }
        }
    }
}

fn columns(base: &Named<'_>, candidate: &Named<'_>, found: &mut Vec<Difference>) {
    let count = found.len();
    let pairs = [
        (&base.change.after, &candidate.change.after, false),
        (&base.change.before, &candidate.change.before, true),
    ];
    for (ours, theirs, before) in pairs {
        let (Some(ours), Some(theirs)) = (ours, theirs) else {
            continue;
        };
        // Rows before are only told of when the rows after do not show the difference.
        if before && found.len() > count {
            break;
        }
        for (column, base_value, candidate_value) in
            column_differences(base.layout, ours, candidate.layout, theirs)
        {
            found.push(Difference::Column {
                table: base.layout.name(),
                key: base.layout.key_of(base.change.row()),
                format: shared_format(base.layout, candidate.layout, &column),
                column,
                base: base_value,
                candidate: candidate_value,
                before,
            });
        }
    }
}

/// What both sides' values of a column mean; none where they say different things: by the other's format they would be wrong.
pub fn shared_format(
    base: &TableLayout,
    candidate: &TableLayout,
    column: &str,
) -> Option<ColumnFormat> {
    let sides =
        [base, candidate].map(|side| side.column(column).map(|at| &side.columns[at].format));
    match sides {
        [Some(ours), Some(theirs)] if ours != theirs => None,
        [Some(format), _] | [None, Some(format)] => format.clone(),
        [None, None] => None,
    }
}

/// The formats of all columns of which both sides say the same.
pub fn shared_formats(base: &TableLayout, candidate: &TableLayout) -> Formats {
    let columns = base.columns.iter().chain(&candidate.columns);
    let named = columns.map(|column| column.name.as_str());
    named
        .filter_map(|name| Some((name.to_owned(), shared_format(base, candidate, name)?)))
        .collect()
}

/// Columns in which two rows differ, by name. A column that one layout lacks is `None` there; where the other's row has the
/// column's default, only the layouts differ and not the rows.
pub fn column_differences(
    base: &TableLayout,
    ours: &Row,
    candidate: &TableLayout,
    theirs: &Row,
) -> Vec<(String, Option<Value>, Option<Value>)> {
    let mut found = Vec::new();
    for (at, column) in base.columns.iter().enumerate() {
        let other = match candidate.columns.get(at) {
            Some(same) if same.name == column.name => Some(at),
            _ => candidate.column(&column.name),
        };
        let theirs = other.map(|other| &theirs[other]);
        if theirs.is_none() && is_missing(base, at, &ours[at]) {
            continue;
        }
        if theirs != Some(&ours[at]) {
            found.push((column.name.clone(), Some(ours[at].clone()), theirs.cloned()));
        }
    }
    for (at, column) in candidate.columns.iter().enumerate() {
        if base.column(&column.name).is_none() && !is_missing(candidate, at, &theirs[at]) {
            found.push((column.name.clone(), None, Some(theirs[at].clone())));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::manifest::{Column, ColumnKind};
    use crate::model::{PluginName, Task};

    fn layouts(columns: &[&str]) -> Arc<Layouts> {
        let columns = columns
            .iter()
            .map(|name| Column {
                name: (*name).into(),
                kind: ColumnKind::Integer,
                format: None,
                nullable: false,
                default: None,
            })
            .collect();
        let plugin = PluginName::new("bank").unwrap();
        let table = TableLayout::new(plugin, "account".into(), columns, vec![0], vec![]);
        Arc::new(Layouts::new(vec![Arc::new(table)]))
    }

    fn row(values: &[i64]) -> Option<Row> {
        Some(
            values
                .iter()
                .copied()
                .map(Value::Integer)
                .collect::<Vec<_>>()
                .into(),
        )
    }

    fn step(
        layouts: &Arc<Layouts>,
        before: Option<Row>,
        after: Option<Row>,
        tasks: &[&str],
    ) -> Step {
        let tasks = tasks.iter().map(|kind| Task {
            kind: (*kind).into(),
            key: None,
            data: "{}".into(),
            not_before: None,
        });
        let changes = if before == after {
            vec![]
        } else {
            vec![Change {
                table: 0,
                before,
                after,
            }]
        };
        let effects = Effects {
            changes,
            tasks: tasks.collect(),
        };
        let (body, _) = effects.encode(layouts);
        Step::new(layouts.clone(), Ok((effects, body)))
    }

    fn check(base: &Step, candidate: &Step, expected: &[&str]) {
        let found: Vec<String> = differences(base, candidate)
            .iter()
            .map(|difference| match difference {
                Difference::Column {
                    column,
                    base,
                    candidate,
                    before,
                    ..
                } => {
                    let show = |v: &Option<Value>| v.as_ref().map_or("-".into(), Value::to_string);
                    format!(
                        "{}{column} {} {}",
                        if *before { "before " } else { "" },
                        show(base),
                        show(candidate)
                    )
                }
                Difference::Row {
                    base, candidate, ..
                } => format!("row {base:?} {candidate:?}"),
                Difference::Task {
                    ordinal,
                    base,
                    candidate,
                } => {
                    format!("task {ordinal} {} {}", base.is_some(), candidate.is_some())
                }
                Difference::Doom { .. } => "doom".into(),
            })
            .collect();
        assert_eq!(found, expected);
        assert_eq!(base.is_same(candidate), expected.is_empty());
    }

    #[test]
    fn each_kind_of_difference_is_found_and_named() {
        let two = layouts(&["id", "n"]);
        let three = layouts(&["id", "n", "extra"]);
        let base = step(&two, row(&[1, 5]), row(&[1, 6]), &["mail"]);
        check(&base, &base.clone(), &[]);
        check(
            &base,
            &step(&two, row(&[1, 5]), row(&[1, 7]), &["mail"]),
            &["n 6 7"],
        );
        check(
            &base,
            &step(&two, row(&[1, 4]), row(&[1, 6]), &["mail"]),
            &["before n 5 4"],
        );
        check(
            &base,
            &step(&two, None, row(&[1, 6]), &["mail"]),
            &["row Some(\"update\") Some(\"insert\")"],
        );
        check(
            &base,
            &step(&two, None, None, &[]),
            &["row Some(\"update\") None", "task 0 true false"],
        );
        check(
            &base,
            &step(&three, row(&[1, 5, 0]), row(&[1, 6, 0]), &["mail"]),
            &["extra - 0"],
        );
        let doom = Step::new(two.clone(), Err("trapped".into()));
        check(&base, &doom, &["doom"]);
        check(&doom, &doom.clone(), &[]);
    }
}
