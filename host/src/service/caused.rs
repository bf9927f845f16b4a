//! An event with what it caused, recorded or only just worked out, and its form as JSON.

use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use super::append::task_id;
use super::cloud_event::CloudEvent;
use super::command::{Decision, Reply};
use super::ground::Usage;
use super::materializer::Outcome;
use super::reader::Shown;
use super::repair::RepairNote;
use crate::model::effects::RecordedChange;
use crate::model::{Event, Layouts, LogLine, Rejection, Row, TableLayout, Task, Value};

#[derive(Debug, Clone)]
pub struct Caused {
    pub event: Event,
    pub changes: Vec<RecordedChange>,
    pub tasks: Vec<Task>,
    /// What the handlers logged; nothing for an event of the past.
    pub log: Vec<LogLine>,
    /// What that cost; nothing for an event of the past.
    pub usage: Usage,
}

impl Caused {
    /// Gives each change the layout of its table.
    pub(super) fn now(event: Event, outcome: Outcome, layouts: &Layouts) -> Caused {
        let changes = outcome
            .effects
            .changes
            .into_iter()
            .map(|change| RecordedChange {
                layout: layouts.tables[change.table].clone(),
                before: change.before,
                after: change.after,
            });
        Caused {
            event,
            changes: changes.collect(),
            tasks: outcome.effects.tasks,
            log: outcome.log,
            usage: outcome.usage,
        }
    }

    /// The event as a CloudEvent, with its changes and tasks beside it.
    pub fn json(&self) -> CausedJson<'_> {
        caused_json(&self.event, &self.changes, &self.tasks)
    }
}

/// An event, its changes and its tasks, to be serialized.
#[derive(Serialize)]
pub struct CausedJson<'a> {
    event: CloudEvent<'a>,
    changes: Vec<Json>,
    tasks: Vec<Json>,
}

/// What a command was answered, to be serialized.
#[derive(Serialize)]
pub struct AnswerJson<'a> {
    command: String,
    version: String,
    preview: bool,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<Vec<CausedJson<'a>>>,
    #[serde(flatten)]
    rejection: Option<RejectionJson<'a>>,
}

/// Why a plugin said no.
#[derive(Serialize)]
pub struct RejectionJson<'a> {
    code: &'a str,
    message: &'a str,
    details: Option<Json>,
}

impl<'a> From<&'a Rejection> for RejectionJson<'a> {
    fn from(rejection: &'a Rejection) -> Self {
        RejectionJson {
            code: &rejection.code,
            message: &rejection.message,
            details: rejection.details.as_deref().map(json_text),
        }
    }
}

impl Reply {
    pub fn json(&self) -> AnswerJson<'_> {
        let (outcome, events, rejection) = match &self.decision {
            Decision::Accepted(events) => {
                let events = events.iter().map(Caused::json).collect();
                ("accepted", Some(events), None)
            }
            Decision::Rejected(rejection) => ("rejected", None, Some(rejection.into())),
        };
        AnswerJson {
            command: self.command_id.to_string(),
            version: self.version.to_string(),
            preview: self.preview,
            outcome,
            events,
            rejection,
        }
    }
}

/// An event's repairs, to be serialized: nothing for an event that has none.
#[derive(Serialize)]
pub struct RepairJson {
    #[serde(skip_serializing_if = "Option::is_none")]
    amended: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    redacted: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    undone: Option<u64>,
}

impl From<RepairNote> for RepairJson {
    fn from(note: RepairNote) -> Self {
        RepairJson {
            amended: note.amended.map(|seq| seq.0),
            redacted: note.redacted.map(|seq| seq.0),
            undone: note.undone.map(|seq| seq.0),
        }
    }
}

/// An event of a listing as a CloudEvent, its repairs as extensions; to be serialized.
#[derive(Serialize)]
pub struct ListedJson<'a> {
    #[serde(flatten)]
    event: CloudEvent<'a>,
    #[serde(flatten)]
    repairs: RepairJson,
}

impl<'a> ListedJson<'a> {
    pub fn new(event: &'a Event, note: Option<&RepairNote>) -> ListedJson<'a> {
        ListedJson {
            event: CloudEvent(event),
            repairs: note.copied().unwrap_or_default().into(),
        }
    }
}

/// Everything recorded about an event, to be serialized.
#[derive(Serialize)]
pub struct ShownJson<'a> {
    #[serde(flatten)]
    caused: CausedJson<'a>,
    #[serde(flatten)]
    repairs: RepairJson,
    recorded_at: &'a str,
    lineup: &'a str,
    command: Option<&'a str>,
    hash: String,
}

impl Shown {
    pub fn json(&self) -> ShownJson<'_> {
        let stored = &self.stored;
        ShownJson {
            caused: caused_json(&stored.event, &self.changes, &self.tasks),
            repairs: self.repairs.into(),
            recorded_at: &stored.recorded_at,
            lineup: &stored.lineup,
            command: stored.command.as_deref(),
            hash: stored.hash.to_string(),
        }
    }
}

fn caused_json<'a>(event: &'a Event, changes: &[RecordedChange], tasks: &[Task]) -> CausedJson<'a> {
    let tasks = tasks.iter().enumerate().map(|(ordinal, task)| {
        json!({
            "id": task_id(event, ordinal),
            "kind": task.kind,
            "key": task.key,
            "data": json_text(&task.data),
            "not_before": task.not_before,
        })
    });
    CausedJson {
        event: CloudEvent(event),
        changes: changes.iter().map(change_json).collect(),
        tasks: tasks.collect(),
    }
}

/// JSON text as a JSON value; what is not JSON stays text.
pub fn json_text(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_else(|_| json!(text))
}

/// A value as JSON. A blob is an object, so that it cannot be taken for text.
pub fn json_of(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Integer(number) => json!(number),
        Value::Real(number) => json!(number),
        Value::Text(text) => json!(text),
        Value::Blob(bytes) => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            json!({ "blob": hex })
        }
    }
}

/// A row as a JSON object.
pub fn json_row<'a>(columns: impl IntoIterator<Item = &'a str>, row: &[Value]) -> Json {
    let members = columns
        .into_iter()
        .zip(row)
        .map(|(name, value)| (name.to_owned(), json_of(value)));
    Json::Object(members.collect::<Map<_, _>>())
}

/// The key of a row, by column.
pub fn json_key(layout: &TableLayout, row: &[Value]) -> Json {
    let parts = layout
        .key
        .iter()
        .map(|&at| (layout.columns[at].name.clone(), json_of(&row[at])));
    Json::Object(parts.collect())
}

fn change_json(change: &RecordedChange) -> Json {
    let layout = &change.layout;
    let names = || layout.columns.iter().map(|column| column.name.as_str());
    let row = |row: &Option<Row>| {
        row.as_ref()
            .map_or(Json::Null, |row| json_row(names(), row))
    };
    let there = change.after.as_ref().or(change.before.as_ref());
    json!({
        "table": format!("{}.{}", layout.plugin, layout.table),
        "operation": change.operation(),
        "key": there.map_or(Json::Null, |row| json_key(layout, row)),
        "before": row(&change.before),
        "after": row(&change.after),
    })
}
