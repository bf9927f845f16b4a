//! The plugin `formats` in two versions: a table with a column of each format. Version 2020-02-01 takes a hundredth more.

use crate::plugin::*;

/// Column, kind, format.
const COLUMNS: [(&str, ColumnKind, &str); 9] = [
    ("amount", ColumnKind::Integer, "money(CZK,2)"),
    ("rate", ColumnKind::Integer, "decimal(12,4)"),
    ("share", ColumnKind::Integer, "percent(1)"),
    ("agrees", ColumnKind::Integer, "bool"),
    ("day", ColumnKind::Text, "date"),
    ("at", ColumnKind::Integer, "instant"),
    ("took", ColumnKind::Integer, "duration"),
    ("more", ColumnKind::Text, "json"),
    ("uuid", ColumnKind::Blob, "uuid"),
];

/// The manifest of a version.
pub fn manifest(version: &'static str) -> Manifest {
    let formatted = COLUMNS.map(|(name, kind, format)| Column {
        format: Some(format.into()),
        ..column(name, kind)
    });
    let mut columns = vec![column("id", ColumnKind::Integer)];
    columns.extend(formatted);
    Manifest {
        version: version.into(),
        tables: vec![Table { columns, ..thing() }],
        ..plain("formats")
    }
}

/// The row of an event: what its number and place make of each format, and `more` in its amount.
pub fn row(event: &Event, more: i64) -> Row {
    let n = n(&event.data);
    vec![
        Value::Integer(id(event)),
        Value::Integer(n + more),
        Value::Integer(n),
        Value::Integer(n),
        Value::Integer(i64::from(n > 0)),
        Value::Text("2018-07-30".into()),
        Value::Integer(1_500_000_000),
        Value::Integer(-60_500_000_000),
        Value::Text(format!("{{\"n\":[{n},1.0]}}")),
        Value::Blob(vec![0x67; 16]),
    ]
}
