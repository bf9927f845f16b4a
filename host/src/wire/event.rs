//! Events: listed, with their effects, as they were recorded, and what appending them is answered with. What the server
//! writes often borrows what it shows.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::story::EventStory;
use super::task::TaskHistory;
use super::value::Row;
use crate::book::{self, Admitted, CloudEvent, Receipt, Shown, ToldTask};
use crate::engine::task_id;
use crate::model::effects::RecordedChange;
use crate::model::{Event, Formats, JsonText, LogLine, Seq, Task};

/// Events of the log, a page of them.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Events<'a> {
    pub events: Vec<CloudEvent<'a>>,
    /// Send it as `after` for those that follow; null at the end.
    pub next: Option<u64>,
    /// Position of the last event that can be read.
    pub head: u64,
}

/// Events with everything recorded about them, a page of them.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RecordedEvents<'a> {
    pub events: Vec<RecordedEvent<'a>>,
    /// Send it as `after` for those that follow; null at the end.
    pub next: Option<u64>,
    /// Position of the last event that can be read.
    pub head: u64,
}

/// Events of the log, as they were asked for: alone, or with their effects.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum ListedEvents<'a> {
    Alone(Events<'a>),
    Recorded(RecordedEvents<'a>),
}

/// What an event did to one row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Change<'a> {
    /// `plugin.table`
    pub table: Cow<'a, str>,
    /// `insert`, `update` or `delete`
    pub operation: Cow<'a, str>,
    pub key: Option<Row<'a>>,
    /// The row before the event; null where there was none.
    pub before: Option<Row<'a>>,
    /// The row after the event; null where there is none.
    pub after: Option<Row<'a>>,
    /// What the values of columns mean: `{"balance": "money(CZK,2)"}`. The rows hold them as they are kept.
    #[serde(default, skip_serializing_if = "Formats::is_empty")]
    #[schemars(with = "std::collections::BTreeMap<String, String>")]
    pub formats: Formats,
}

impl<'a> From<&'a RecordedChange> for Change<'a> {
    fn from(change: &'a RecordedChange) -> Change<'a> {
        let layout = &*change.layout;
        let row = change.after.as_deref().or(change.before.as_deref());
        Change {
            table: layout.name().into(),
            operation: change.operation().into(),
            key: row.map(|row| Row::Key(layout, row)),
            formats: layout.formats.clone(),
            before: { change.before.as_deref() }.map(|row| Row::Whole(layout, row)),
            after: change.after.as_deref().map(|row| Row::Whole(layout, row)),
        }
    }
}

impl Change<'_> {
    pub fn into_owned(self) -> Change<'static> {
        Change {
            table: self.table.into_owned().into(),
            operation: self.operation.into_owned().into(),
            key: self.key.map(Row::into_owned),
            formats: self.formats,
            before: self.before.map(Row::into_owned),
            after: self.after.map(Row::into_owned),
        }
    }
}

/// A task that an event asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AskedTask<'a> {
    pub id: String,
    pub kind: Cow<'a, str>,
    /// Tasks of one key may have to be carried out in order.
    pub key: Option<Cow<'a, str>>,
    pub data: JsonText<'a>,
    /// RFC 3339; it is not carried out earlier.
    pub not_before: Option<Cow<'a, str>>,
    /// The event that enqueued it, where that was after its own was handled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late: Option<u64>,
    /// What has become of it, where that is known and asked for.
    #[serde(flatten)]
    pub history: Option<TaskHistory>,
}

impl<'a> AskedTask<'a> {
    fn new(id: String, task: &'a Task, history: Option<TaskHistory>) -> AskedTask<'a> {
        AskedTask {
            id,
            kind: (&*task.kind).into(),
            key: task.key.as_deref().map(Cow::from),
            data: JsonText::of(&task.data),
            not_before: task.not_before.as_deref().map(Cow::from),
            late: None,
            history,
        }
    }

    /// One that was enqueued after its event was handled.
    fn late(told: &'a ToldTask) -> AskedTask<'a> {
        let row = &told.row;
        AskedTask {
            id: row.id.clone(),
            kind: (&*row.delivery.kind).into(),
            key: row.key.as_deref().map(Cow::from),
            data: JsonText::of(&row.data),
            not_before: row.not_before.as_deref().map(Cow::from),
            late: row.late.map(|by| by.0),
            history: Some(told.into()),
        }
    }

    pub fn into_owned(self) -> AskedTask<'static> {
        AskedTask {
            id: self.id,
            kind: self.kind.into_owned().into(),
            key: self.key.map(|key| key.into_owned().into()),
            data: self.data.into_owned(),
            not_before: self.not_before.map(|time| time.into_owned().into()),
            late: self.late,
            history: self.history,
        }
    }
}

/// An event with its effects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EventWithEffects<'a> {
    pub event: CloudEvent<'a>,
    /// Rows that it changed.
    pub changes: Vec<Change<'a>>,
    /// Tasks that it asked for.
    pub tasks: Vec<AskedTask<'a>>,
    /// What the handlers logged: of a preview alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<Cow<'a, str>>,
}

impl<'a> From<&'a book::EventWithEffects> for EventWithEffects<'a> {
    fn from(caused: &'a book::EventWithEffects) -> EventWithEffects<'a> {
        let id = |ordinal: usize| caused.task_ids.get(ordinal).cloned().flatten();
        EventWithEffects {
            event: (&caused.event).into(),
            changes: changes(&caused.changes),
            tasks: tasks(&caused.event, &caused.tasks, id, |_| None),
            log: Vec::new(),
        }
    }
}

impl<'a> EventWithEffects<'a> {
    /// With what the handlers logged.
    pub fn with_log(caused: &'a book::EventWithEffects) -> EventWithEffects<'a> {
        EventWithEffects {
            log: messages(&caused.log),
            ..caused.into()
        }
    }

    pub fn into_owned(self) -> EventWithEffects<'static> {
        EventWithEffects {
            event: self.event.into_owned(),
            changes: self.changes.into_iter().map(Change::into_owned).collect(),
            tasks: self.tasks.into_iter().map(AskedTask::into_owned).collect(),
            log: owned(self.log),
        }
    }
}

/// Everything recorded about an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecordedEvent<'a> {
    pub event: CloudEvent<'a>,
    /// Rows that it changed.
    pub changes: Vec<Change<'a>>,
    /// Tasks that it asked for, each with what has become of it.
    pub tasks: Vec<AskedTask<'a>>,
    /// The event that replaced the payload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amended: Option<u64>,
    /// The event that erased the payload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redacted: Option<u64>,
    /// The event that took the row changes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone: Option<u64>,
    /// When it came into the log; RFC 3339, UTC.
    pub recorded_at: Cow<'a, str>,
    /// The versions that handled it: `bank@1994-01-01 poker@2019-08-01`.
    pub lineup: Cow<'a, str>,
    /// Id of the command that it is of.
    pub command: Option<Cow<'a, str>>,
    /// SHA-256 of the log up to here.
    pub hash: String,
    /// What became of it, and because of it; where one event is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub story: Option<Box<EventStory>>,
}

impl<'a> From<&'a Shown> for RecordedEvent<'a> {
    fn from(shown: &'a Shown) -> RecordedEvent<'a> {
        let stored = &shown.stored;
        let told = |ordinal: usize| shown.told.get(ordinal)?.as_ref();
        let id = |ordinal: usize| told(ordinal).map(|told| told.row.id.clone());
        let history =
            |ordinal: usize| { told(ordinal).filter(|_| shown.tells_steps) }.map(Into::into);
        let mut with_late = tasks(&stored.event, &shown.tasks, id, history);
        with_late.extend(shown.late.iter().map(AskedTask::late));
        RecordedEvent {
            event: (&stored.event).into(),
            changes: changes(&shown.changes),
            tasks: with_late,
            amended: shown.repairs.amended.map(|seq| seq.0),
            redacted: shown.repairs.redacted.map(|seq| seq.0),
            undone: shown.repairs.undone.map(|seq| seq.0),
            recorded_at: (&*stored.recorded_at).into(),
            lineup: (&*stored.lineup).into(),
            command: stored.command.as_deref().map(Cow::from),
            hash: stored.hash.to_string(),
            story: { shown.story.as_deref() }.map(|story| Box::new(story.into())),
        }
    }
}

impl RecordedEvent<'_> {
    pub fn into_owned(self) -> RecordedEvent<'static> {
        RecordedEvent {
            event: self.event.into_owned(),
            changes: self.changes.into_iter().map(Change::into_owned).collect(),
            tasks: self.tasks.into_iter().map(AskedTask::into_owned).collect(),
            amended: self.amended,
            redacted: self.redacted,
            undone: self.undone,
            recorded_at: self.recorded_at.into_owned().into(),
            lineup: self.lineup.into_owned().into(),
            command: self.command.map(|id| id.into_owned().into()),
            hash: self.hash,
            story: self.story,
        }
    }
}

/// An event as subscribers get it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct FollowedEvent<'a> {
    /// Where to resume after it.
    pub seq: u64,
    #[serde(flatten)]
    pub recorded: RecordedEvent<'a>,
}

impl FollowedEvent<'_> {
    /// One line of JSON.
    pub fn line(seq: Seq, shown: &Shown) -> crate::model::Result<String> {
        let followed = FollowedEvent {
            seq: seq.0,
            recorded: shown.into(),
        };
        let mut text = serde_json::to_string(&followed).map_err(|error| {
            crate::model::Error::internal(format!("event {seq} as JSON: {error}"))
        })?;
        // A payload keeps its text, line breaks between its tokens too; inside of strings JSON has none.
        if text.contains(['\n', '\r']) {
            text = text.replace(['\n', '\r'], " ");
        }
        Ok(text)
    }
}

/// What appending was answered with.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Appended<'a> {
    pub preview: bool,
    /// In the order of the request.
    pub events: Vec<AppendedEvent<'a>>,
}

/// One event of an answer to appending.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AppendedEvent<'a> {
    pub seq: u64,
    pub id: Cow<'a, str>,
    /// It had been there before; nothing was added.
    pub duplicate: bool,
    /// The event; absent where `Prefer: return=minimal` asked for nothing more, as are the members after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<CloudEvent<'a>>,
    /// Rows that it changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<Vec<Change<'a>>>,
    /// Tasks that it asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tasks: Option<Vec<AskedTask<'a>>>,
    /// The events of its blocking reactions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<EventWithEffects<'a>>,
}

impl<'a> From<&'a Admitted> for AppendedEvent<'a> {
    fn from(admitted: &'a Admitted) -> AppendedEvent<'a> {
        let caused = admitted.caused.as_ref().map(EventWithEffects::from);
        let (event, changes, tasks) = match caused {
            Some(caused) => (Some(caused.event), Some(caused.changes), Some(caused.tasks)),
            None => (None, None, None),
        };
        AppendedEvent {
            seq: admitted.receipt.seq.0,
            id: (&*admitted.receipt.id).into(),
            duplicate: admitted.receipt.duplicate,
            event,
            changes,
            tasks,
            reactions: admitted.reactions.iter().map(Into::into).collect(),
        }
    }
}

/// As `Prefer: return=minimal` asks for it.
impl From<Receipt> for AppendedEvent<'static> {
    fn from(receipt: Receipt) -> AppendedEvent<'static> {
        AppendedEvent {
            seq: receipt.seq.0,
            id: receipt.id.into(),
            duplicate: receipt.duplicate,
            event: None,
            changes: None,
            tasks: None,
            reactions: Vec::new(),
        }
    }
}

/// What appending a file came to.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct AppendedFile {
    /// Events that are new in the log.
    pub appended: u64,
    /// Events that had been there before.
    pub known: u64,
    /// Position of the first new event.
    pub first: Option<u64>,
    /// Position of the log's last event.
    pub head: u64,
}

/// What plugins logged, without the levels.
pub(super) fn messages(log: &[LogLine]) -> Vec<Cow<'_, str>> {
    log.iter().map(|line| (&*line.message).into()).collect()
}

pub(super) fn owned(lines: Vec<Cow<'_, str>>) -> Vec<Cow<'static, str>> {
    let lines = lines.into_iter();
    lines.map(|line| Cow::Owned(line.into_owned())).collect()
}

fn changes(changes: &[RecordedChange]) -> Vec<Change<'_>> {
    changes.iter().map(Change::from).collect()
}

/// An event's tasks, with the ids that are known; the others derive from the event.
fn tasks<'a>(
    event: &Event,
    tasks: &'a [Task],
    id: impl Fn(usize) -> Option<String>,
    history: impl Fn(usize) -> Option<TaskHistory>,
) -> Vec<AskedTask<'a>> {
    let tasks = tasks.iter().enumerate().map(|(ordinal, task)| {
        let id = id(ordinal).unwrap_or_else(|| task_id(event, ordinal));
        AskedTask::new(id, task, history(ordinal))
    });
    tasks.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Value;

    #[test]
    fn a_change_keeps_its_columns_in_their_order_and_its_key() {
        let text = r#"{"table":"bank.line","operation":"update","key":{"n":2,"account":7},"before":{"zeta":"a","account":7,"n":2},"after":{"zeta":"b","account":7,"n":2}}"#;
        let change: Change<'static> = serde_json::from_str(text).unwrap();
        let names = |row: &Option<Row<'_>>| -> Vec<String> {
            let members = row.as_ref().unwrap().members();
            members.iter().map(|(name, _)| (*name).to_owned()).collect()
        };
        assert_eq!(names(&change.after), ["zeta", "account", "n"]);
        assert_eq!(names(&change.key), ["n", "account"]);
        assert_eq!(
            change.after.as_ref().unwrap().get("zeta"),
            Some(&Value::Text("b".into()))
        );
        assert_eq!(serde_json::to_string(&change).unwrap(), text);
    }
}
