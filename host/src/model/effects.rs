//! What one event caused, and its canonical bytes.
//!
//! The bytes are recorded beside the event, hashed and compared; format 1:
//!
//! ```text
//! effects  = 1 changes tasks
//! changes  = count (layout:16 bytes, op, row before?, row after?)*     sorted by SQL name, then key bytes
//! tasks    = count (kind, key?, data, not-before?)*                    in the order they were asked for
//! ```
//!
//! In an update, a column that did not change is the single byte 5 in the row after.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::layout::{Layouts, TableLayout};
use super::value::{
    Row, Value, put_bytes, put_optional, put_varint, take, take_bytes, take_optional, take_text,
    take_varint,
};

/// One row's net change by one event. At least one of the rows is there, and they differ.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Position in the lineup's `Layouts`.
    pub table: usize,
    pub before: Option<Row>,
    pub after: Option<Row>,
}

impl Change {
    /// The row that is there, for its key.
    pub fn row(&self) -> &Row {
        self.after
            .as_ref()
            .or(self.before.as_ref())
            .expect("a change has a row")
    }

    pub fn operation(&self) -> &'static str {
        match (&self.before, &self.after) {
            (None, _) => "insert",
            (_, None) => "delete",
            _ => "update",
        }
    }
}

/// A side effect asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Task {
    pub kind: String,
    pub key: Option<String>,
    /// JSON text.
    pub data: String,
    pub not_before: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Effects {
    pub changes: Vec<Change>,
    pub tasks: Vec<Task>,
}

const FORMAT: u8 = 1;
const SAME: u8 = 5;

impl Effects {
    /// The changes, each with the layout of its table.
    pub fn recorded(&self, layouts: &Layouts) -> Vec<RecordedChange> {
        let recorded = self.changes.iter().map(|change| RecordedChange {
            layout: layouts.tables[change.table].clone(),
            before: change.before.clone(),
            after: change.after.clone(),
        });
        recorded.collect()
    }

    /// Canonical bytes, and where the changes end: `bytes[1..end]` is what the running hash takes.
    pub fn encode(&self, layouts: &Layouts) -> (Vec<u8>, usize) {
        let mut out = Vec::with_capacity(128);
        out.push(FORMAT);
        put_varint(&mut out, self.changes.len() as u64);
        for change in &self.changes {
            out.extend_from_slice(&layouts.tables[change.table].digest);
            match (&change.before, &change.after) {
                (None, Some(after)) => {
                    out.push(b'i');
                    after.iter().for_each(|value| value.encode(&mut out));
                }
                (Some(before), None) => {
                    out.push(b'd');
                    before.iter().for_each(|value| value.encode(&mut out));
                }
                (Some(before), Some(after)) => {
                    out.push(b'u');
                    before.iter().for_each(|value| value.encode(&mut out));
                    for (old, new) in before.iter().zip(after.iter()) {
                        if old == new {
                            out.push(SAME)
                        } else {
                            new.encode(&mut out)
                        }
                    }
                }
                (None, None) => unreachable!("a change has a row"),
            }
        }
        let changes_end = out.len();
        put_varint(&mut out, self.tasks.len() as u64);
        for task in &self.tasks {
            put_bytes(&mut out, task.kind.as_bytes());
            put_optional(&mut out, task.key.as_deref());
            put_bytes(&mut out, task.data.as_bytes());
            put_optional(&mut out, task.not_before.as_deref());
        }
        (out, changes_end)
    }
}

/// A change read back from recorded bytes, with the layout it was written under.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedChange {
    pub layout: Arc<TableLayout>,
    pub before: Option<Row>,
    pub after: Option<Row>,
}

impl RecordedChange {
    pub fn operation(&self) -> &'static str {
        match (&self.before, &self.after) {
            (None, _) => "insert",
            (_, None) => "delete",
            _ => "update",
        }
    }
}

/// Why recorded bytes could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecodeError {
    Malformed,
    UnknownLayout([u8; 16]),
}

/// Reads recorded effects with the layouts that were ever in force.
pub fn decode(
    mut input: &[u8],
    layouts: &BTreeMap<[u8; 16], Arc<TableLayout>>,
) -> Result<(Vec<RecordedChange>, Vec<Task>), DecodeError> {
    let bad = || DecodeError::Malformed;
    let input = &mut input;
    if take(input, 1).ok_or_else(bad)? != [FORMAT] {
        return Err(bad());
    }
    let mut changes = Vec::new();
    for _ in 0..take_varint(input).ok_or_else(bad)? {
        let digest: [u8; 16] = take(input, 16)
            .ok_or_else(bad)?
            .try_into()
            .map_err(|_| bad())?;
        let layout = layouts
            .get(&digest)
            .ok_or(DecodeError::UnknownLayout(digest))?
            .clone();
        let width = layout.columns.len();
        let row = |input: &mut &[u8]| -> Option<Row> {
            (0..width)
                .map(|_| Value::decode(input))
                .collect::<Option<Vec<_>>>()
                .map(Row::from)
        };
        let (before, after) = match take(input, 1).ok_or_else(bad)?[0] {
            b'i' => (None, Some(row(input).ok_or_else(bad)?)),
            b'd' => (Some(row(input).ok_or_else(bad)?), None),
            b'u' => {
                let before = row(input).ok_or_else(bad)?;
                let mut after = Vec::with_capacity(width);
                for old in before.iter() {
                    if input.first() == Some(&SAME) {
                        *input = &input[1..];
                        after.push(old.clone());
                    } else {
                        after.push(Value::decode(input).ok_or_else(bad)?);
                    }
                }
                (Some(before), Some(after.into()))
            }
            _ => return Err(bad()),
        };
        changes.push(RecordedChange {
            layout,
            before,
            after,
        });
    }
    let mut tasks = Vec::new();
    for _ in 0..take_varint(input).ok_or_else(bad)? {
        tasks.push(Task {
            kind: take_text(input).ok_or_else(bad)?,
            key: take_optional(input).ok_or_else(bad)?,
            data: String::from_utf8(take_bytes(input).ok_or_else(bad)?.to_vec())
                .map_err(|_| bad())?,
            not_before: take_optional(input).ok_or_else(bad)?,
        });
    }
    if input.is_empty() {
        Ok((changes, tasks))
    } else {
        Err(bad())
    }
}

#[cfg(test)]
mod tests {
    use super::super::id::PluginName;
    use super::super::manifest::{Column, ColumnKind};
    use super::*;

    fn layouts() -> Layouts {
        let column = |name: &str, kind| Column {
            name: name.into(),
            kind,
            format: None,
            nullable: true,
            default: None,
        };
        Layouts::new(vec![Arc::new(TableLayout::new(
            PluginName::new("bank").unwrap(),
            "account".into(),
            vec![
                column("id", ColumnKind::Integer),
                column("name", ColumnKind::Text),
            ],
            vec![0],
            vec![],
        ))])
    }

    fn sample() -> Effects {
        let row = |id, name: &str| Some(Row::from([Value::Integer(id), Value::Text(name.into())]));
        Effects {
            changes: vec![
                Change {
                    table: 0,
                    before: None,
                    after: row(1, "a"),
                },
                Change {
                    table: 0,
                    before: row(2, "b"),
                    after: row(2, "c"),
                },
                Change {
                    table: 0,
                    before: row(-3, "d"),
                    after: None,
                },
            ],
            tasks: vec![Task {
                kind: "mail".into(),
                key: Some("k".into()),
                data: "{}".into(),
                not_before: None,
            }],
        }
    }

    /// Stored data is an interface: these bytes may change only with a new format number.
    #[test]
    fn canonical_bytes_of_format_1_stay_as_they_were() {
        let (bytes, end) = sample().encode(&layouts());
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let layout: String = layouts().tables[0]
            .digest
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(
            hex.replace(&layout, "L"),
            "0103L6901020301 61L7501040301620503 0163L64010503016401046d61696c01016b027b7d00"
                .replace(' ', "")
        );
        assert_eq!(bytes[end], 1, "the tasks start where the changes end");
    }

    #[test]
    fn recorded_bytes_read_back_as_what_was_encoded() {
        let (bytes, _) = sample().encode(&layouts());
        let (changes, tasks) = decode(&bytes, &layouts().by_digest()).unwrap();
        assert_eq!(tasks, sample().tasks);
        let pairs: Vec<_> = changes.into_iter().map(|c| (c.before, c.after)).collect();
        let expected: Vec<_> = sample()
            .changes
            .into_iter()
            .map(|c| (c.before, c.after))
            .collect();
        assert_eq!(pairs, expected);
    }

    #[test]
    fn truncated_bytes_are_refused_at_every_length() {
        let (bytes, _) = sample().encode(&layouts());
        for length in 0..bytes.len() {
            assert!(
                decode(&bytes[..length], &layouts().by_digest()).is_err(),
                "{length}"
            );
        }
    }
}
