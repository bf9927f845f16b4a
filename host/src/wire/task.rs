//! Tasks that events asked for, and what has become of them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::value::json_text;
use crate::book::ToldTask;
use crate::model::{JsonText, TaskStep};
use crate::store::TaskRow;
use crate::study;

/// Tasks in the order of the log, a page of them.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Tasks {
    pub tasks: Vec<Task>,
    /// Send it as `after` for those that follow; null at the end.
    pub next: Option<String>,
    /// Position of the log's last event.
    pub head: u64,
}

/// A task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Task {
    pub id: String,
    /// The event that asked for it.
    pub event: u64,
    /// Its place among the event's tasks; the first has 0.
    pub ordinal: u32,
    /// The event that enqueued it, where that was after its own was handled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late: Option<u64>,
    pub kind: String,
    /// Tasks of one key may have to be carried out in order.
    pub key: Option<String>,
    /// What is delivered.
    pub data: JsonText<'static>,
    /// Somebody put these data in the place of those that were asked for.
    pub edited: bool,
    /// RFC 3339; it is not carried out earlier.
    pub not_before: Option<String>,
    /// When its event came into the log; RFC 3339, UTC.
    pub recorded_at: String,
    /// `pending`, `running`, `retry`, `done`, `dead`, `expired`, `cancelled` or `dismissed`
    pub state: String,
    /// Deliveries that were begun since it was asked for, or put back.
    pub tries: u32,
    /// When the next delivery may begin; RFC 3339, UTC.
    pub due: Option<String>,
    /// What the one who carried it out said.
    pub result: Option<String>,
    /// Everything that happened to it; absent in a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<Vec<Step>>,
}

impl From<&TaskRow> for Task {
    fn from(row: &TaskRow) -> Task {
        let delivery = &row.delivery;
        let data = delivery.data.as_deref().unwrap_or(&row.data);
        Task {
            id: row.id.clone(),
            event: delivery.place.seq.0,
            ordinal: delivery.place.ordinal,
            late: row.late.map(|by| by.0),
            kind: delivery.kind.clone(),
            key: row.key.clone(),
            data: JsonText::of(data).into_owned(),
            edited: delivery.data.is_some(),
            not_before: row.not_before.clone(),
            recorded_at: row.recorded_at.clone(),
            state: delivery.state.to_string(),
            tries: delivery.tries,
            due: delivery.due.clone(),
            result: delivery.result.clone(),
            steps: None,
        }
    }
}

impl From<&ToldTask> for Task {
    fn from(told: &ToldTask) -> Task {
        Task {
            steps: Some(told.steps.iter().map(Into::into).collect()),
            ..(&told.row).into()
        }
    }
}

/// What has become of a task, beside what was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TaskHistory {
    /// `pending`, `running`, `retry`, `done`, `dead`, `expired`, `cancelled` or `dismissed`
    pub state: String,
    /// Deliveries that were begun since it was asked for, or put back.
    pub tries: u32,
    /// When the next delivery may begin; RFC 3339, UTC.
    pub due: Option<String>,
    /// What the one who carried it out said.
    pub result: Option<String>,
    /// Data that somebody put in the place of those that were asked for.
    pub edited_data: Option<Json>,
    /// Everything that happened to it.
    pub steps: Vec<Step>,
}

impl From<&ToldTask> for TaskHistory {
    fn from(told: &ToldTask) -> TaskHistory {
        let delivery = &told.row.delivery;
        TaskHistory {
            state: delivery.state.to_string(),
            tries: delivery.tries,
            due: delivery.due.clone(),
            result: delivery.result.clone(),
            edited_data: delivery.data.as_deref().map(json_text),
            steps: told.steps.iter().map(Into::into).collect(),
        }
    }
}

/// Something that happened to a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// `done`, `retry`, `dead`, `expired`, `interrupted`; `retried`, `edited`, `cancelled`, `dismissed` by somebody
    pub what: String,
    /// When the delivery began; RFC 3339, UTC.
    pub begun_at: Option<String>,
    /// When it ended, or was done; RFC 3339, UTC.
    pub at: String,
    pub tries: u32,
    /// What was answered, or why somebody did it.
    pub said: Option<String>,
    /// Who did it.
    pub actor: Option<String>,
}

impl From<&TaskStep> for Step {
    fn from(step: &TaskStep) -> Step {
        Step {
            what: step.what.clone(),
            begun_at: step.begun_at.clone(),
            at: step.at.clone(),
            tries: step.tries,
            said: step.said.clone(),
            actor: step.actor.clone(),
        }
    }
}

/// Something that happened to a task, as subscribers get it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FollowedStep {
    /// Where to resume after it.
    pub step: u64,
    /// The task's id.
    pub id: String,
    pub kind: String,
    /// The event that asked for the task.
    pub event: u64,
    /// The task's place among the event's tasks.
    pub ordinal: u32,
    #[serde(flatten)]
    pub what: Step,
}

impl FollowedStep {
    /// One line of JSON.
    pub fn line((number, kind, id, step): (u64, String, String, TaskStep)) -> String {
        let followed = FollowedStep {
            step: number,
            id,
            kind,
            event: step.place.seq.0,
            ordinal: step.place.ordinal,
            what: (&step).into(),
        };
        // Texts and numbers: there is nothing in it that cannot be written.
        serde_json::to_string(&followed).unwrap_or_default()
    }
}

/// Why something is done to a task.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskReason {
    /// It stays with the task.
    #[schemars(length(min = 1, max = 1_000))]
    pub reason: String,
}

/// Other data for a task.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EditTask {
    /// It stays with the task.
    #[schemars(length(min = 1, max = 1_000))]
    pub reason: String,
    /// What is delivered in place of what was asked for.
    pub data: JsonText<'static>,
}

/// Whether late tasks are carried out after all.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LateTasksRequest {
    /// Have them carried out.
    #[serde(default)]
    pub enqueue: bool,
}

/// Tasks that what is in force asks for, of events that were handled before it was.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LateTasks {
    /// All of them.
    pub total: u64,
    /// At most 1000 of them.
    pub tasks: Vec<LateTask>,
    /// How many were enqueued; null where that was not wanted.
    pub enqueued: Option<u64>,
    /// The event that says so.
    pub seq: Option<u64>,
}

/// A task that an event asks for now, and did not when it was handled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LateTask {
    /// The event.
    pub event: u64,
    pub kind: String,
    pub key: Option<String>,
    pub data: JsonText<'static>,
    /// RFC 3339; it is not carried out earlier.
    pub not_before: Option<String>,
}

/// Late tasks that are told one by one.
const TOLD_MAX: usize = 1_000;

impl LateTasks {
    /// `enqueued`: what `Book::enqueue_late` gave.
    pub fn new(
        found: &[study::LateTask],
        enqueued: Option<(u64, Option<crate::model::Seq>)>,
    ) -> LateTasks {
        let tasks = found.iter().take(TOLD_MAX).map(|late| LateTask {
            event: late.event.0,
            kind: late.task.kind.clone(),
            key: late.task.key.clone(),
            data: JsonText::of(&late.task.data).into_owned(),
            not_before: late.task.not_before.clone(),
        });
        LateTasks {
            total: found.len() as u64,
            tasks: tasks.collect(),
            enqueued: enqueued.map(|(many, _)| many),
            seq: enqueued.and_then(|(_, seq)| Some(seq?.0)),
        }
    }
}
