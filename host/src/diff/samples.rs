//! A small comparison of two versions of a bank, for the tests of expectations and reports.

use std::collections::BTreeMap;

use super::{
    Cause, Cost, Difference, EventDiff, Expectations, FinalCount, FinalKind, FinalRow, Sink, Split,
    Summary, TaskCount,
};
use crate::model::{Formats, Seq, Task, TypeName, Value};

/// A differing event; its subject and time follow from its position.
pub fn event(seq: u64, event_type: &str, cause: Cause, differences: Vec<Difference>) -> EventDiff {
    EventDiff {
        seq: Seq(seq),
        event_type: TypeName::new(event_type).expect("a type"),
        subject: Some(format!("account {}", seq % 7)),
        time: format!("1993-01-{:02}T00:00:00Z", 1 + seq % 28),
        cause,
        causes: vec![cause; differences.len()],
        differences,
    }
}

/// A column of `bank.account` that both sides leave with other values.
pub fn column(key: i64, column: &str, base: Option<i64>, candidate: Option<i64>) -> Difference {
    Difference::Column {
        table: "bank.account".into(),
        key: vec![Value::Integer(key)],
        column: column.into(),
        format: None,
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
    task_at(0, base, candidate)
}

fn task_at(ordinal: usize, base: Option<&str>, candidate: Option<&str>) -> Difference {
    let task = |kind: &str| Task {
        kind: kind.into(),
        key: Some("A1".into()),
        data: r#"{"to":"A1"}"#.into(),
        not_before: None,
    };
    Difference::Task {
        ordinal,
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
        formats: Formats::default(),
        table: "bank.account".into(),
        key: vec![Value::Integer(key)],
        kind: FinalKind::Changed(columns.collect()),
    }
}

/// A row of the final `bank.statement` that only the candidate has.
pub fn added_row() -> FinalRow {
    FinalRow {
        formats: Formats::default(),
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

/// A comparison of two versions, told to the sink as the engine tells it; `file` is the expectation file.
pub fn run(sink: &mut dyn Sink, file: &str) {
    use Cause::{Direct, Inherited};
    let hostile = "</script><script>alert(1)</script>\u{1b}[31m\u{202e}&\"'";
    let posted = "bank.TransactionPosted";
    let events = [
        event(
            1_204,
            posted,
            Direct,
            vec![column(17, "interest", Some(120), Some(118))],
        ),
        event(
            1_310,
            posted,
            Inherited,
            vec![
                column(17, "interest", Some(3_000), Some(2_998)),
                row(Some("update"), None),
                column(17, "balance", None, Some(2)),
                task(Some("mail"), Some("letter")),
                task_at(1, None, Some("mail")),
            ],
        ),
        EventDiff {
            subject: Some(hostile.into()),
            ..event(1_420, "bank.InterestAccrued", Direct, vec![doom(hostile)])
        },
        event(
            9_000,
            posted,
            Inherited,
            vec![column(3, "interest", Some(-5), Some(5))],
        ),
        event(
            9_100,
            posted,
            Inherited,
            vec![column(3, "interest", Some(-5), Some(5))],
        ),
    ];
    let final_rows = [
        changed_row(3, &["interest"]),
        changed_row(17, &["interest", "balance"]),
        added_row(),
    ];

    let mut expectations = Expectations::parse(file).expect("an expectation file");
    let mut first = None;
    for event in &events {
        let unexpected = expectations.check(event);
        first = first.or_else(|| unexpected.contains(&true).then(|| event.clone()));
        sink.event(event, &unexpected)
            .expect("a sink that takes events");
    }
    for row in &final_rows {
        let unexpected = expectations.check_final(row);
        sink.final_row(row, unexpected)
            .expect("a sink that takes rows");
    }
    let split = |direct, inherited| Split { direct, inherited };
    let in_account = |column: &str| ("bank.account".to_owned(), column.to_owned());
    let summary = Summary {
        differing: split(2, 3),
        first: first.or_else(|| Some(events[0].clone())),
        by_type: [
            ("bank.InterestAccrued".into(), split(1, 0)),
            (posted.into(), split(1, 3)),
        ]
        .into(),
        by_column: [
            (in_account("balance"), split(0, 1)),
            (in_account("interest"), split(1, 3)),
        ]
        .into(),
        by_row: [("bank.statement".into(), split(0, 1))].into(),
        tasks: [
            (
                "letter".into(),
                TaskCount {
                    appear: 1,
                    vanish: 0,
                    change: 0,
                },
            ),
            (
                "mail".into(),
                TaskCount {
                    appear: 1,
                    vanish: 1,
                    change: 0,
                },
            ),
        ]
        .into(),
        dooms: (0, 1),
        final_rows: [
            (
                "bank.account".into(),
                FinalCount {
                    changed: 2,
                    columns: [("balance".into(), 1), ("interest".into(), 2)].into(),
                    ..FinalCount::default()
                },
            ),
            (
                "bank.statement".into(),
                FinalCount {
                    added: 1,
                    ..FinalCount::default()
                },
            ),
        ]
        .into(),
        unexpected: expectations.unexpected(),
        expectations: expectations.uses(),
        missing: expectations.missing(),
        ..summary_of_nothing()
    };
    sink.finish(&summary).expect("a sink that finishes");
}

/// A comparison that finds nothing.
pub fn same(sink: &mut dyn Sink, _file: &str) {
    sink.finish(&summary_of_nothing())
        .expect("a sink that finishes");
}

fn summary_of_nothing() -> Summary {
    let cost = |fuel, seconds| Cost {
        fuel,
        host_calls: 93_994,
        rows_read: 46_997,
        rows_written: 46_997,
        seconds,
        dearest: BTreeMap::from([(TypeName::new("bank.Posted").expect("a type"), fuel / 40_000)]),
    };
    Summary {
        base: "bank@1993-01-01".into(),
        candidate: "bank@1994-01-01".into(),
        from: Seq(1),
        to: Seq(46_997),
        events: 46_997,
        cost: (cost(412_000_000, 0.5), cost(515_000_000, 0.75)),
        seconds: 0.8,
        ..Summary::default()
    }
}
