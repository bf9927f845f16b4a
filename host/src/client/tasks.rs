//! Tasks at a server, and how they are carried out there.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};
use ureq::http::Request;

use super::Client;
use super::replies::unreadable;
use super::verbs::encoded;
use crate::book::ToldTask;
use crate::gateway::KindConfig;
use crate::model::{Act, Delivery, Place, Result, Seq, TaskStep};
use crate::store::{TaskFilter, TaskRow};
use crate::tasks::GatewayKind;

/// Tasks of one page that are asked for.
const TASKS_MAX: usize = 1_000;

#[derive(Deserialize)]
struct TasksReply {
    tasks: Vec<TaskReply>,
}

#[derive(Deserialize)]
struct TaskReply {
    id: String,
    event: u64,
    ordinal: u32,
    kind: String,
    key: Option<String>,
    data: Box<RawValue>,
    edited: bool,
    not_before: Option<String>,
    recorded_at: String,
    state: String,
    tries: u32,
    due: Option<String>,
    result: Option<String>,
    #[serde(default)]
    steps: Vec<StepReply>,
}

#[derive(Deserialize)]
pub struct StepReply {
    what: String,
    begun_at: Option<String>,
    at: String,
    tries: u32,
    said: Option<String>,
    actor: Option<String>,
}

impl StepReply {
    pub fn step(&self, place: Place) -> TaskStep {
        TaskStep {
            place,
            what: self.what.clone(),
            begun_at: self.begun_at.clone(),
            at: self.at.clone(),
            tries: self.tries,
            said: self.said.clone(),
            actor: self.actor.clone(),
        }
    }
}

impl TaskReply {
    fn told(self) -> Result<ToldTask> {
        let place = Place {
            seq: Seq(self.event),
            ordinal: self.ordinal,
        };
        let data = self.data.get().to_owned();
        Ok(ToldTask {
            steps: self.steps.iter().map(|step| step.step(place)).collect(),
            row: TaskRow {
                id: self.id,
                key: self.key,
                not_before: self.not_before,
                recorded_at: self.recorded_at,
                event_type: String::new(),
                delivery: Delivery {
                    state: self.state.parse().map_err(unreadable)?,
                    tries: self.tries,
                    due: self.due,
                    result: self.result,
                    data: self.edited.then(|| data.clone()),
                    ..Delivery::untouched(place, &self.kind)
                },
                data,
            },
        })
    }
}

#[derive(Deserialize)]
struct KindsReply {
    kinds: Vec<KindReply>,
}

#[derive(Deserialize)]
struct KindReply {
    kind: String,
    config: Option<KindConfig>,
    changed_at: Option<String>,
    actor: Option<String>,
}

impl Client {
    /// Tasks in the order of the log.
    pub fn tasks(&self, filter: &TaskFilter, count_max: usize) -> Result<Vec<TaskRow>> {
        let mut path = format!("/tasks?limit={}", count_max.clamp(1, TASKS_MAX));
        let texts = [
            ("kind", filter.kind.clone()),
            ("state", filter.state.map(|state| state.to_string())),
            ("event", filter.event.map(|seq| seq.to_string())),
            ("after", filter.after.map(|place| place.to_string())),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                path.push_str(&format!("&{name}={}", encoded(&text)));
            }
        }
        let reply: TasksReply = self.get(&path)?;
        let rows = reply.tasks.into_iter().map(|task| Ok(task.told()?.row));
        rows.collect()
    }

    /// A task with everything that happened to it.
    pub fn task(&self, id: &str) -> Result<ToldTask> {
        self.get::<TaskReply>(&format!("/tasks/{}", encoded(id)))?
            .told()
    }

    /// Does to a task what an operator says.
    pub fn act_on_task(&self, id: &str, act: &Act, reason: &str) -> Result<ToldTask> {
        let path = format!("/tasks/{}/{}", encoded(id), act.name());
        let mut body = json!({ "reason": reason });
        if let Act::Edit(data) = act {
            body["data"] = serde_json::from_str::<Json>(data).map_err(|error| {
                crate::model::Error::refused(format!("the data is not JSON: {error}"))
            })?;
        }
        let headers = [("content-type", "application/json")];
        let answer = self.post(&path, &headers, body.to_string().into_bytes())?;
        answer.read::<TaskReply>()?.told()
    }

    /// How kinds are carried out.
    pub fn gateway_kinds(&self) -> Result<Vec<GatewayKind>> {
        let reply: KindsReply = self.get("/gateway")?;
        let kind = |reply: KindReply| GatewayKind {
            kind: reply.kind,
            config: reply.config,
            changed_at: reply.changed_at,
            actor: reply.actor,
        };
        Ok(reply.kinds.into_iter().map(kind).collect())
    }

    /// Says how a kind is carried out from now on.
    pub fn set_gateway_kind(&self, kind: &str, config: &KindConfig) -> Result<()> {
        let request = Request::put(format!("{}/gateway/{}", self.url, encoded(kind)))
            .header("content-type", "application/json");
        let body = config.json().to_string().into_bytes();
        self.ask(request, Some(body))?.read::<Json>().map(drop)
    }

    /// Nobody carries a kind out any more.
    pub fn unset_gateway_kind(&self, kind: &str) -> Result<()> {
        let request = Request::delete(format!("{}/gateway/{}", self.url, encoded(kind)));
        self.ask(request, None)?.read::<Json>().map(drop)
    }
}
