//! Answers of a server as the service's own types: what `service` writes as JSON, read back.
//!
//! Numbers are read from their text, and columns keep the order in which they came: what is printed of an answer is what
//! would be printed of the book itself.

use std::fmt;
use std::sync::Arc;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};

use super::tasks::StepReply;
use crate::book::ToldTask;
use crate::book::{Caused, Incoming, Shown};
use crate::engine::Usage;
use crate::history::RepairNote;
use crate::model::effects::RecordedChange;
use crate::model::manifest::{Column, ColumnKind};
use crate::model::{
    Delivery, Digest, Error, Event, Level, LogLine, Place as TaskPlace, Result, Row, Seq,
    TableLayout, Task, Value,
};
use crate::store::{StoredEvent, TaskRow};

/// An answer that is not what this version of the host gives.
pub fn unreadable(error: impl fmt::Display) -> Error {
    Error::unavailable(format!("the server's answer cannot be read: {error}"))
        .hint("is it a book that is served there, by this version?")
}

#[derive(Deserialize)]
pub struct CausedReply {
    event: Box<RawValue>,
    changes: Vec<ChangeReply>,
    tasks: Vec<TaskReply>,
    #[serde(default)]
    log: Vec<String>,
}

#[derive(Deserialize)]
struct ChangeReply {
    table: String,
    key: Cells,
    before: Option<Cells>,
    after: Option<Cells>,
}

#[derive(Deserialize)]
struct TaskReply {
    id: String,
    #[serde(flatten)]
    told: ToldReply,
    kind: String,
    key: Option<String>,
    data: Box<RawValue>,
    not_before: Option<String>,
}

#[derive(Deserialize)]
pub struct ShownReply {
    event: Box<RawValue>,
    changes: Vec<ChangeReply>,
    tasks: Vec<TaskReply>,
    recorded_at: String,
    lineup: String,
    command: Option<String>,
    hash: String,
    #[serde(flatten)]
    repairs: RepairsReply,
}

/// By which events an event was repaired.
#[derive(Deserialize)]
struct RepairsReply {
    amended: Option<u64>,
    redacted: Option<u64>,
    undone: Option<u64>,
}

impl RepairsReply {
    fn note(&self) -> RepairNote {
        RepairNote {
            amended: self.amended.map(Seq),
            redacted: self.redacted.map(Seq),
            undone: self.undone.map(Seq),
        }
    }
}

/// What has become of a task; nothing where it was only just asked for.
#[derive(Deserialize)]
struct ToldReply {
    state: Option<String>,
    #[serde(default)]
    tries: u32,
    due: Option<String>,
    result: Option<String>,
    edited: Option<Json>,
    #[serde(default)]
    steps: Vec<StepReply>,
}

impl TaskReply {
    fn told(&self, event: &Event, ordinal: usize, recorded_at: &str) -> Result<Option<ToldTask>> {
        let told = &self.told;
        let Some(state) = &told.state else {
            return Ok(None);
        };
        let place = TaskPlace {
            seq: event.seq,
            ordinal: u32::try_from(ordinal).map_err(unreadable)?,
        };
        let delivery = Delivery {
            state: state.parse().map_err(unreadable)?,
            tries: told.tries,
            due: told.due.clone(),
            result: told.result.clone(),
            data: told.edited.as_ref().map(Json::to_string),
            ..Delivery::untouched(place, &self.kind)
        };
        Ok(Some(ToldTask {
            row: TaskRow {
                id: self.id.clone(),
                key: self.key.clone(),
                data: self.data.get().to_owned(),
                not_before: self.not_before.clone(),
                recorded_at: recorded_at.to_owned(),
                event_type: event.event_type.as_str().to_owned(),
                delivery,
            },
            steps: told.steps.iter().map(|step| step.step(place)).collect(),
        }))
    }
}

impl CausedReply {
    pub fn caused(self) -> Result<Caused> {
        Ok(Caused {
            event: event(self.event.get())?,
            changes: changes(self.changes)?,
            task_ids: self
                .tasks
                .iter()
                .map(|task| Some(task.id.clone()))
                .collect(),
            tasks: tasks(self.tasks),
            log: log(self.log),
            usage: Usage::default(),
        })
    }
}

impl ShownReply {
    pub fn shown(self) -> Result<Shown> {
        let shown_event = event(self.event.get())?;
        let told = { self.tasks.iter().enumerate() }
            .map(|(ordinal, task)| task.told(&shown_event, ordinal, &self.recorded_at))
            .collect::<Result<_>>()?;
        Ok(Shown {
            told,
            tells_steps: true,
            stored: StoredEvent {
                event: shown_event,
                recorded_at: self.recorded_at,
                // A salt is nobody's business, and the effects are told beside.
                salt: [0; 16],
                hash: self.hash.parse::<Digest>().map_err(unreadable)?,
                lineup: self.lineup,
                command: self.command,
                effects: Vec::new(),
            },
            changes: changes(self.changes)?,
            tasks: tasks(self.tasks),
            repairs: self.repairs.note(),
        })
    }
}

/// Lines of a plugin's log; their level is not told.
pub fn log(messages: Vec<String>) -> Vec<LogLine> {
    let line = |message| LogLine {
        level: Level::Info,
        message,
    };
    messages.into_iter().map(line).collect()
}

/// What a listing adds to the attributes that an event came with.
#[derive(Deserialize)]
struct Place {
    seq: u64,
    version: Option<String>,
}

const ADDED: [&str; 5] = ["seq", "version", "amended", "redacted", "undone"];

/// An event of the log with its repairs, as it is listed.
pub fn listed(text: &str) -> Result<(Event, RepairNote)> {
    let repairs: RepairsReply = serde_json::from_str(text).map_err(unreadable)?;
    Ok((event(text)?, repairs.note()))
}

/// An event of the log, as it is listed.
pub fn event(text: &str) -> Result<Event> {
    let place: Place = serde_json::from_str(text).map_err(unreadable)?;
    let incoming = Incoming::parse(text).map_err(unreadable)?;
    let mut extensions: Map<String, Json> = incoming
        .extensions
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    extensions.retain(|name, _| !ADDED.contains(&name.as_str()));
    let version = place.version.as_deref().map(str::parse);
    Ok(Event {
        seq: Seq(place.seq),
        id: incoming
            .id
            .ok_or_else(|| unreadable("an event has no id"))?,
        source: incoming.source,
        event_type: incoming.event_type,
        subject: incoming.subject,
        time: incoming.time.unwrap_or_default(),
        version: version.transpose().map_err(unreadable)?,
        data: incoming.data,
        extensions: match extensions.is_empty() {
            true => None,
            false => Some(Json::Object(extensions).to_string()),
        },
    })
}

fn changes(changes: Vec<ChangeReply>) -> Result<Vec<RecordedChange>> {
    changes.into_iter().map(ChangeReply::change).collect()
}

fn tasks(tasks: Vec<TaskReply>) -> Vec<Task> {
    let task = |task: TaskReply| Task {
        kind: task.kind,
        key: task.key,
        data: task.data.get().to_owned(),
        not_before: task.not_before,
    };
    tasks.into_iter().map(task).collect()
}

impl ChangeReply {
    /// With a layout that knows as much of the table as the change shows.
    fn change(self) -> Result<RecordedChange> {
        let (plugin, table) = self
            .table
            .split_once('.')
            .ok_or_else(|| unreadable(format!("'{}' is no table", self.table)))?;
        let row = self.after.as_ref().or(self.before.as_ref());
        let row = row.ok_or_else(|| unreadable("a change without any row"))?;
        let column = |(name, value): &(String, Value)| Column {
            name: name.clone(),
            kind: match value {
                Value::Integer(_) => ColumnKind::Integer,
                Value::Real(_) => ColumnKind::Real,
                Value::Text(_) | Value::Null => ColumnKind::Text,
                Value::Blob(_) => ColumnKind::Blob,
            },
            nullable: true,
            default: None,
        };
        let columns: Vec<Column> = row.0.iter().map(column).collect();
        let at = |(name, _): &(String, Value)| columns.iter().position(|known| known.name == *name);
        let key: Option<Vec<usize>> = self.key.0.iter().map(at).collect();
        let key = key.ok_or_else(|| unreadable("a key that is not of its row"))?;
        let plugin = plugin.parse().map_err(unreadable)?;
        let layout = TableLayout::new(plugin, table.to_owned(), columns, key, Vec::new());
        Ok(RecordedChange {
            layout: Arc::new(layout),
            before: self.before.map(Cells::row),
            after: self.after.map(Cells::row),
        })
    }
}

/// The members of a JSON object in their order, as values of columns.
#[derive(Debug)]
struct Cells(Vec<(String, Value)>);

impl Cells {
    fn row(self) -> Row {
        self.0.into_iter().map(|(_, value)| value).collect()
    }
}

impl<'de> Deserialize<'de> for Cells {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Cells, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Cells;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a row, which is a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Cells, A::Error> {
                let mut cells = Vec::new();
                while let Some((name, Cell(value))) = map.next_entry()? {
                    cells.push((name, value));
                }
                Ok(Cells(cells))
            }
        }
        from.deserialize_map(Members)
    }
}

/// One value of a column.
pub struct Cell(pub Value);

impl<'de> Deserialize<'de> for Cell {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Cell, D::Error> {
        let raw = Box::<RawValue>::deserialize(from)?;
        let unknown = || serde::de::Error::custom(format!("{raw} is not a value of a column"));
        value(raw.get()).map(Cell).ok_or_else(unknown)
    }
}

/// What `service::json_of` wrote, from its very text.
fn value(text: &str) -> Option<Value> {
    match text.as_bytes().first()? {
        b'n' => Some(Value::Null),
        b'"' => serde_json::from_str(text).ok().map(Value::Text),
        b'{' => {
            let blob: Map<String, Json> = serde_json::from_str(text).ok()?;
            bytes_of(blob.get("blob")?.as_str()?).map(Value::Blob)
        }
        _ => {
            { text.parse().ok().map(Value::Integer) }.or_else(|| text.parse().ok().map(Value::Real))
        }
    }
}

fn bytes_of(hex: &str) -> Option<Vec<u8>> {
    let pairs = hex.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    pairs.map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::json_of;

    #[test]
    fn every_value_comes_back_as_it_was() {
        let values = [
            Value::Null,
            Value::Integer(i64::MIN),
            Value::Integer(0),
            Value::Real(2.0),
            Value::Real(0.1 + 0.2),
            Value::Real(1e300),
            Value::Text("a\"\n{\u{1b}č".into()),
            Value::Blob(vec![0, 255, 16]),
            Value::Blob(Vec::new()),
        ];
        for expected in values {
            let text = json_of(&expected).to_string();
            assert_eq!(value(&text), Some(expected), "{text}");
        }
        assert_eq!(value("[1]"), None);
        assert_eq!(value("true"), None);
    }

    #[test]
    fn a_change_keeps_its_columns_in_their_order_and_its_key() {
        let text = r#"{"table": "bank.line", "operation": "update", "key": {"n": 2, "account": 7},
                       "before": {"zeta": "a", "account": 7, "n": 2}, "after": {"zeta": "b", "account": 7, "n": 2}}"#;
        let change: ChangeReply = serde_json::from_str(text).unwrap();
        let change = change.change().unwrap();
        let names: Vec<_> = { change.layout.columns.iter() }
            .map(|column| column.name.as_str())
            .collect();
        assert_eq!(names, ["zeta", "account", "n"]);
        assert_eq!(change.layout.key, [2, 1]);
        assert_eq!(change.operation(), "update");
        assert_eq!(change.after.unwrap()[0], Value::Text("b".into()));
    }
}
