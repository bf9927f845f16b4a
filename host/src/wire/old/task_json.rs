//! Tasks, and how they are carried out, as JSON.

use serde_json::{Value as Json, json};

use crate::book::ToldTask;
use crate::book::json_text;
use crate::model::TaskStep;
use crate::store::TaskRow;
use crate::tasks::GatewayKind;

/// A task of a listing.
pub fn task_json(row: &TaskRow) -> Json {
    let delivery = &row.delivery;
    json!({
        "id": row.id,
        "event": delivery.place.seq.0,
        "ordinal": delivery.place.ordinal,
        "kind": delivery.kind,
        "key": row.key,
        "data": json_text(delivery.data.as_deref().unwrap_or(&row.data)),
        "edited": delivery.data.is_some(),
        "not_before": row.not_before,
        "recorded_at": row.recorded_at,
        "state": delivery.state.as_str(),
        "tries": delivery.tries,
        "due": delivery.due,
        "result": delivery.result,
    })
}

/// What has become of a task, as it is shown beside what was asked for.
pub fn told_json(told: &ToldTask) -> Json {
    let delivery = &told.row.delivery;
    json!({
        "state": delivery.state.as_str(),
        "tries": delivery.tries,
        "due": delivery.due,
        "result": delivery.result,
        "edited": delivery.data.as_deref().map(json_text),
        "steps": told.steps.iter().map(step_json).collect::<Vec<_>>(),
    })
}

pub fn step_json(step: &TaskStep) -> Json {
    json!({
        "what": step.what,
        "begun_at": step.begun_at,
        "at": step.at,
        "tries": step.tries,
        "said": step.said,
        "actor": step.actor,
    })
}

/// How a kind is carried out.
pub fn gateway_json(kind: &GatewayKind) -> Json {
    json!({
        "kind": kind.kind,
        "config": kind.config.as_ref().map(|config| config.json()),
        "changed_at": kind.changed_at,
        "actor": kind.actor,
    })
}
