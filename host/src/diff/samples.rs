//! A small comparison of two versions of a bank, for the tests of expectations and reports.

use super::{Cause, Difference, EventDiff, FinalKind, FinalRow, Split, Summary, TaskCount};
use crate::model::{Seq, Task, TypeName, Value};

/// A differing event; its subject and time follow from its position.
pub fn event(seq: u64, event_type: &str, cause: Cause, differences: Vec<Difference>) -> EventDiff {
    EventDiff {
        seq: Seq(seq),
        event_type: TypeName::new(event_type).expect("a type"),
        subject: Some(format!("account {}", seq % 7)),
        time: format!("1993-01-{:02}T00:00:00Z", 1 + seq % 28),
        cause,
        differences,
    }
}

/// A column of `bank.account` that both sides leave with other values.
pub fn column(key: i64, column: &str, base: Option<i64>, candidate: Option<i64>) -> Difference {
    Difference::Column {
        table: "bank.account".into(),
        key: vec![Value::Integer(key)],
        column: column.into(),
        base: base.map(Value::Integer),
        candidate: candidate.map(Value::Integer),
        before: false,
    }
}

/// A row of `bank.statement` that one side or the other changes.
pub fn row(base: Option<&'static str>, candidate: Option<&'static str>) -> Difference {
    Difference::Row {
        table: "bank.statement".into(),
        key: vec![Value::Text("A1".into()), Value::Integer(7)],
        base,
        candidate,
    }
}

/// The first task of an event, by kind on each side.
pub fn task(base: Option<&str>, candidate: Option<&str>) -> Difference {
    let task = |kind: &str| Task {
        kind: kind.into(),
        key: Some("A1".into()),
        data: r#"{"to":"A1"}"#.into(),
        not_before: None,
    };
    Difference::Task {
        ordinal: 0,
        base: base.map(task),
        candidate: candidate.map(task),
    }
}

/// The candidate cannot materialize the event.
pub fn doom(reason: &str) -> Difference {
    Difference::Doom {
        base: None,
        candidate: Some(reason.into()),
    }
}

/// A row of the final `bank.account` that differs in its interest.
pub fn changed_row(key: i64, columns: &[&str]) -> FinalRow {
    let values = |at: usize| {
        (
            Some(Value::Integer(at as i64)),
            Some(Value::Integer(at as i64 + 100)),
        )
    };
    let columns = columns.iter().enumerate().map(|(at, column)| {
        let (base, candidate) = values(at);
        ((*column).to_owned(), base, candidate)
    });
    FinalRow {
        table: "bank.account".into(),
        key: vec![Value::Integer(key)],
        kind: FinalKind::Changed(columns.collect()),
    }
}

/// A row of the final `bank.statement` that only the candidate has.
pub fn added_row() -> FinalRow {
    FinalRow {
        table: "bank.statement".into(),
        key: vec![Value::Text("A1".into()), Value::Integer(7)],
        kind: FinalKind::Added(vec![
            ("account".into(), Value::Text("A1".into())),
            ("line".into(), Value::Integer(7)),
            ("amount".into(), Value::Real(-1.5)),
            ("scan".into(), Value::Blob(vec![0, 255])),
        ]),
    }
}
