//! An event with what it caused, recorded or only just worked out, and its form as JSON.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json, json};

use super::cloud_event::CloudEvent;
use super::command::{Decision, Reply};
use super::reader::Shown;
use super::told_tasks::ToldTask;
use crate::engine::Outcome;
use crate::engine::Usage;
use crate::engine::task_id;
use crate::history::RepairNote;
use crate::model::effects::RecordedChange;
use crate::model::{Event, Layouts, LogLine, Rejection, TableLayout, Task, Value};
use crate::wire::old::told_json;

#[derive(Debug, Clone)]
pub struct Caused {
    pub event: Event,
    pub changes: Vec<RecordedChange>,
    pub tasks: Vec<Task>,
    /// Their ids, where they are known and not only to be derived: those of the past may have been made in another way.
    pub task_ids: Vec<Option<String>>,
    /// What the handlers logged; nothing for an event of the past.
    pub log: Vec<LogLine>,
    /// What that cost; nothing for an event of the past.
    pub usage: Usage,
}

impl Caused {
    /// Gives each change the layout of its table.
    pub(crate) fn now(event: Event, outcome: Outcome, layouts: &Layouts) -> Caused {
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
            task_ids: Vec::new(),
            log: outcome.log,
            usage: outcome.usage,
        }
    }

    /// The event as a CloudEvent, with its changes and tasks beside it.
    pub fn json(&self) -> CausedJson<'_> {
        let id = |ordinal: usize| self.task_ids.get(ordinal).cloned().flatten();
        let asked = AskedTasks {
            tasks: &self.tasks,
            id: &id,
            told: &[],
        };
        caused_json(&self.event, &self.changes, &asked)
    }

    /// The same with what the handlers logged.
    fn json_with_log(&self) -> CausedJson<'_> {
        CausedJson {
            log: messages(&self.log),
            ..self.json()
        }
    }
}

/// An event, its changes and its tasks, to be serialized.
#[derive(Serialize)]
pub struct CausedJson<'a> {
    event: CloudEvent<'a>,
    changes: Vec<ChangeJson<'a>>,
    tasks: Vec<TaskJson<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    log: Vec<&'a str>,
}

#[derive(Serialize)]
struct ChangeJson<'a> {
    table: String,
    operation: &'static str,
    key: Option<KeyJson<'a>>,
    before: Option<RowJson<'a>>,
    after: Option<RowJson<'a>>,
}

/// A row as a JSON object whose members are in the order of the columns.
struct RowJson<'a>(&'a TableLayout, &'a [Value]);

/// The key of a row, its columns in the key's order.
struct KeyJson<'a>(&'a TableLayout, &'a [Value]);

#[derive(Serialize)]
struct TaskJson<'a> {
    id: String,
    kind: &'a str,
    key: Option<&'a str>,
    data: RawJson<'a>,
    not_before: Option<&'a str>,
    /// What has become of it.
    #[serde(flatten)]
    told: Option<Json>,
}

/// JSON text, kept as it is; what is not JSON becomes a JSON string.
struct RawJson<'a>(&'a str);

impl Serialize for RowJson<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let cells = self.0.columns.iter().zip(self.1);
        to.collect_map(cells.map(|(column, value)| (&column.name, ValueJson(value))))
    }
}

impl Serialize for KeyJson<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.0.key.len()))?;
        for &at in &self.0.key {
            map.serialize_entry(&self.0.columns[at].name, &ValueJson(&self.1[at]))?;
        }
        map.end()
    }
}

/// As `json_of`, written at once.
struct ValueJson<'a>(&'a Value);

impl Serialize for ValueJson<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => to.serialize_unit(),
            Value::Integer(number) => to.serialize_i64(*number),
            Value::Real(number) => to.serialize_f64(*number),
            Value::Text(text) => to.serialize_str(text),
            Value::Blob(_) => json_of(self.0).serialize(to),
        }
    }
}

impl Serialize for RawJson<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match serde_json::from_str::<&RawValue>(self.0) {
            Ok(raw) => raw.serialize(to),
            Err(_) => to.serialize_str(self.0),
        }
    }
}

fn messages(log: &[LogLine]) -> Vec<&str> {
    log.iter().map(|line| line.message.as_str()).collect()
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
    /// What the creator logged: of a preview alone, since a command that comes again gets the very answer it got.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    log: Vec<&'a str>,
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
                let json = match self.preview {
                    true => Caused::json_with_log,
                    false => Caused::json,
                };
                let events = events.iter().map(json).collect();
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
            log: match self.preview {
                true => messages(&self.log),
                false => Vec::new(),
            },
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
            event: CloudEvent::from(event),
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
        let id = |ordinal: usize| {
            let told = self.told.get(ordinal)?.as_ref()?;
            Some(told.row.id.clone())
        };
        let asked = AskedTasks {
            tasks: &self.tasks,
            id: &id,
            told: match self.tells_steps {
                true => &self.told,
                false => &[],
            },
        };
        ShownJson {
            caused: caused_json(&stored.event, &self.changes, &asked),
            repairs: self.repairs.into(),
            recorded_at: &stored.recorded_at,
            lineup: &stored.lineup,
            command: stored.command.as_deref(),
            hash: stored.hash.to_string(),
        }
    }
}

/// An event's tasks, with what is known of them.
struct AskedTasks<'a, 'b> {
    tasks: &'a [Task],
    id: &'b dyn Fn(usize) -> Option<String>,
    told: &'b [Option<ToldTask>],
}

fn caused_json<'a>(
    event: &'a Event,
    changes: &'a [RecordedChange],
    asked: &AskedTasks<'a, '_>,
) -> CausedJson<'a> {
    let tasks = asked.tasks.iter().enumerate();
    let tasks = tasks.map(|(ordinal, task)| TaskJson {
        id: (asked.id)(ordinal).unwrap_or_else(|| task_id(event, ordinal)),
        kind: &task.kind,
        key: task.key.as_deref(),
        data: RawJson(&task.data),
        not_before: task.not_before.as_deref(),
        told: asked
            .told
            .get(ordinal)
            .and_then(|told| told.as_ref().map(told_json)),
    });
    CausedJson {
        event: CloudEvent::from(event),
        changes: changes.iter().map(change_json).collect(),
        tasks: tasks.collect(),
        log: Vec::new(),
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

fn change_json(change: &RecordedChange) -> ChangeJson<'_> {
    let layout = &*change.layout;
    let there = change.after.as_deref().or(change.before.as_deref());
    ChangeJson {
        table: layout.name(),
        operation: change.operation(),
        key: there.map(|row| KeyJson(layout, row)),
        before: change.before.as_deref().map(|row| RowJson(layout, row)),
        after: change.after.as_deref().map(|row| RowJson(layout, row)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_written_as_the_json_that_it_is() {
        for value in [
            Value::Null,
            Value::Integer(i64::MIN),
            Value::Real(1.0),
            Value::Real(1e300),
            Value::Real(-0.1),
            Value::Text("a \"b\" \u{1} ž".into()),
            Value::Blob(vec![0, 255]),
        ] {
            let written = serde_json::to_string(&ValueJson(&value)).unwrap();
            assert_eq!(written, json_of(&value).to_string());
        }
    }
}
