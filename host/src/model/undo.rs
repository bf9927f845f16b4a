//! The taking back of an event's row changes, as data: exact, readable, and applied without any plugin.
//!
//! A `daybook.EventUndone` names the event, and each replay takes back what that event changed there. One of an earlier daybook
//! carries the rows themselves, which every replay sets as they are. As JSON, such a change is
//!
//! ```text
//! {"table": "bank.account", "operation": "update", "key": {"id": 3}, "columns": {"balance": {"from": 150, "to": 100}}}
//! ```
//!
//! An `insert` puts back a row that the event deleted (`to` alone), a `delete` takes away one that it inserted (`from`
//! alone). Reals and blobs are objects (`{"real": "0.1"}`, `{"blob": "00ff"}`): they come back bit by bit.

use serde_json::{Value as Json, json};

use super::effects::RecordedChange;
use super::id::Seq;
use super::value::{Value, bytes_of_hex, hex};

/// What is to be done to one row.
#[derive(Debug, Clone, PartialEq)]
pub struct RowUndo {
    /// `plugin.table`
    pub table: String,
    /// By column.
    pub key: Vec<(String, Value)>,
    pub what: Restoring,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Restoring {
    /// Columns that the event changed: name, what it left there, what was there before.
    Columns(Vec<(String, Value, Value)>),
    /// The row that the event deleted, whole.
    Deleted(Vec<(String, Value)>),
    /// The row that the event inserted, whole.
    Inserted(Vec<(String, Value)>),
}

impl Restoring {
    /// What is done to the row.
    pub fn operation(&self) -> &'static str {
        match self {
            Restoring::Columns(_) => "update",
            Restoring::Deleted(_) => "insert",
            Restoring::Inserted(_) => "delete",
        }
    }
}

/// What takes recorded changes back, in their order.
pub fn inverse(changes: &[RecordedChange]) -> Vec<RowUndo> {
    changes.iter().filter_map(inverse_of).collect()
}

fn inverse_of(change: &RecordedChange) -> Option<RowUndo> {
    let layout = &change.layout;
    let named = |row: &[Value]| -> Vec<(String, Value)> {
        let names = layout.columns.iter().map(|column| column.name.clone());
        names.zip(row.iter().cloned()).collect()
    };
    let what = match (&change.before, &change.after) {
        (None, None) => return None,
        (None, Some(after)) => Restoring::Inserted(named(after)),
        (Some(before), None) => Restoring::Deleted(named(before)),
        (Some(before), Some(after)) => {
            let columns = layout.columns.iter().zip(after.iter().zip(before.iter()));
            let changed = columns.filter(|(_, (after, before))| after != before);
            let changed =
                changed.map(|(column, (a, b))| (column.name.clone(), a.clone(), b.clone()));
            Restoring::Columns(changed.collect())
        }
    };
    let row = change.after.as_ref().or(change.before.as_ref())?;
    let key = layout.key.iter();
    Some(RowUndo {
        table: layout.name(),
        key: key
            .map(|&at| (layout.columns[at].name.clone(), row[at].clone()))
            .collect(),
        what,
    })
}

impl RowUndo {
    #[cfg(test)]
    fn json(&self) -> Json {
        let columns: serde_json::Map<String, Json> = match &self.what {
            Restoring::Columns(columns) => columns
                .iter()
                .map(|(name, from, to)| {
                    (name.clone(), json!({"from": exact(from), "to": exact(to)}))
                })
                .collect(),
            Restoring::Deleted(row) => row
                .iter()
                .map(|(name, value)| (name.clone(), json!({"to": exact(value)})))
                .collect(),
            Restoring::Inserted(row) => row
                .iter()
                .map(|(name, value)| (name.clone(), json!({"from": exact(value)})))
                .collect(),
        };
        let key = self.key.iter();
        let key: serde_json::Map<_, _> = key
            .map(|(name, value)| (name.clone(), exact(value)))
            .collect();
        json!({
            "table": self.table,
            "operation": self.what.operation(),
            "key": key,
            "columns": columns,
        })
    }

    /// Reads what `json` wrote. None: it is something else.
    pub fn parse(json: &Json) -> Option<RowUndo> {
        let columns = json.get("columns")?.as_object()?.iter();
        let one = |side: &str| -> Option<Vec<(String, Value)>> {
            columns
                .clone()
                .map(|(name, values)| Some((name.clone(), inexact(values.get(side)?)?)))
                .collect()
        };
        let what = match json.get("operation")?.as_str()? {
            "update" => Restoring::Columns(
                columns
                    .map(|(name, values)| {
                        let value = |side| inexact(values.get(side)?);
                        Some((name.clone(), value("from")?, value("to")?))
                    })
                    .collect::<Option<_>>()?,
            ),
            "insert" => Restoring::Deleted(one("to")?),
            "delete" => Restoring::Inserted(one("from")?),
            _ => return None,
        };
        let key = json.get("key")?.as_object()?.iter();
        Some(RowUndo {
            table: json.get("table")?.as_str()?.to_owned(),
            key: key
                .map(|(name, value)| Some((name.clone(), inexact(value)?)))
                .collect::<Option<_>>()?,
            what,
        })
    }
}

/// The event that a `daybook.EventUndone` takes back, by its payload. None: the payload holds the rows itself.
pub fn undone_of(data: &str) -> Option<Seq> {
    let data: Json = serde_json::from_str(data).ok()?;
    let names_it = data.get("changes").is_none();
    data.get("seq")?.as_u64().filter(|_| names_it).map(Seq)
}

/// The changes in the payload of a `daybook.EventUndone` of an earlier daybook. None: they cannot be read.
pub fn changes_of(data: &str) -> Option<Vec<RowUndo>> {
    let data: Json = serde_json::from_str(data).ok()?;
    let changes = data.get("changes")?.as_array()?;
    changes.iter().map(RowUndo::parse).collect()
}

/// A value as JSON that reads back as the same value, its kind included.
pub(super) fn exact(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Integer(number) => json!(number),
        Value::Real(number) => json!({"real": format!("{number:?}")}),
        Value::Text(text) => json!(text),
        Value::Blob(bytes) => {
            json!({"blob": hex(bytes)})
        }
    }
}

pub(super) fn inexact(json: &Json) -> Option<Value> {
    Some(match json {
        Json::Null => Value::Null,
        Json::Number(number) => Value::Integer(number.as_i64()?),
        Json::String(text) => Value::Text(text.clone()),
        Json::Object(object) if object.len() == 1 => match object.iter().next()? {
            (kind, Json::String(text)) if kind == "real" => Value::Real(text.parse().ok()?),
            (kind, Json::String(text)) if kind == "blob" => Value::Blob(bytes_of_hex(text)?),
            _ => return None,
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn undo(what: Restoring) -> RowUndo {
        RowUndo {
            table: "bank.account".into(),
            key: vec![("id".into(), Value::Integer(3))],
            what,
        }
    }

    #[test]
    fn the_form_in_the_log_stays_as_it_is() {
        let columns = vec![(
            "balance".to_owned(),
            Value::Integer(150),
            Value::Integer(100),
        )];
        let text = undo(Restoring::Columns(columns)).json().to_string();
        let expected: Json = serde_json::from_str(
            r#"{"table":"bank.account","operation":"update","key":{"id":3},"columns":{"balance":{"from":150,"to":100}}}"#,
        )
        .unwrap();
        assert_eq!(serde_json::from_str::<Json>(&text).unwrap(), expected);
    }

    proptest! {
        #[test]
        fn every_value_comes_back_bit_by_bit(
            real in any::<f64>().prop_filter("finite", |x| x.is_finite()), number in any::<i64>(), text in ".{0,20}",
            blob in proptest::collection::vec(any::<u8>(), 0..20),
        ) {
            let row: Vec<_> = [
                Value::Real(real), Value::Integer(number), Value::Text(text), Value::Blob(blob), Value::Null,
            ].into_iter().enumerate().map(|(at, value)| (format!("c{at}"), value)).collect();
            let both = row.iter().cloned().map(|(name, value)| (name, value.clone(), value)).collect();
            for what in [Restoring::Columns(both), Restoring::Deleted(row.clone()), Restoring::Inserted(row)] {
                let undo = undo(what);
                let text = json!({"changes": [undo.json()]}).to_string();
                prop_assert_eq!(changes_of(&text), Some(vec![undo]));
            }
        }
    }
}
