//! Tasks and how they are carried out, as OpenAPI has it.

use serde_json::{Value as Json, json};

use super::{parameter, reads, responses, text};
use crate::model::{TaskState, limits};

const CONFLICT: (&str, &str) = (
    "409",
    "In the task's state this is not possible: the detail says which it is.",
);

fn id() -> Json {
    parameter("path", "id", "The task's id.", text())
}

fn kind() -> Json {
    let schema =
        json!({"type": "string", "minLength": 1, "maxLength": limits::ENVELOPE_TEXT_BYTES_MAX});
    parameter(
        "path",
        "kind",
        "The kind of task, as plugins name it.",
        schema,
    )
}

fn act(name: &str, summary: &str, takes_data: bool) -> Json {
    let mut properties = json!({
        "reason": {"type": "string", "minLength": 1, "maxLength": 1_000, "description": "Why; stays with the task."},
    });
    let mut required = vec!["reason"];
    if takes_data {
        properties["data"] =
            json!({"description": "What is delivered in place of what was asked for."});
        required.push("data");
    }
    json!({"post": {
        "operationId": format!("{name}Task"),
        "summary": summary,
        "tags": ["operators"],
        "parameters": [id()],
        "requestBody": {"required": true, "content": {"application/json": {"schema": {
            "type": "object", "required": required, "properties": properties, "additionalProperties": false,
        }}}},
        "responses": responses(&[("200", "Done: the task as it is now.")], &[CONFLICT]),
    }})
}

fn secret() -> Json {
    json!({"oneOf": [
        {"type": "object", "required": ["env"], "properties": {"env": text()}, "additionalProperties": false},
        {"type": "object", "required": ["file"], "properties": {"file": text()}, "additionalProperties": false},
    ], "description": "The variable of the server's environment, or the file, that holds it."})
}

/// A driver by its name, with its options and those of them that are needed.
fn driver(name: &str, options: Json, required: &[&str]) -> Json {
    json!({"type": "object", "required": [name], "additionalProperties": false, "properties": {name: {
        "type": "object", "required": required, "properties": options, "additionalProperties": false,
    }}})
}

fn config() -> Json {
    let span = || json!({"type": "string", "pattern": "^[1-9][0-9]{0,6}(ms|s|m|h)$"});
    let url = |pattern: &str| json!({"type": "string", "pattern": pattern});
    let drivers = [
        driver(
            "webhook",
            json!({"url": url("^https?://[a-z0-9.]+$"), "secret": secret()}),
            &["url"],
        ),
        driver(
            "mail",
            json!({
                "url": url("^smtps?://[a-z0-9.]+$"), "password": secret(), "from": text(), "to": text(),
                "subject": text(), "body": text(),
            }),
            &["url", "from", "to", "subject", "body"],
        ),
        driver(
            "object",
            json!({
                "url": url("^(s3://|file:///)[a-z0-9]+$"), "endpoint": text(), "region": text(),
                "access_key": text(), "secret": secret(), "name": text(), "content": text(),
            }),
            &["url"],
        ),
        driver("command", json!({}), &[]),
        driver("file", json!({"path": url("^/")}), &["path"]),
        driver("stdout", json!({}), &[]),
    ];
    json!({
        "type": "object",
        "required": ["driver"],
        "properties": {
            "driver": {"oneOf": drivers},
            "at_a_time": {"type": "integer", "minimum": 1, "maximum": limits::TASKS_AT_A_TIME_MAX},
            "ordered": {"type": "boolean", "description": "Tasks of one key one after another, in the order of the log."},
            "tries": {"type": "integer", "minimum": 1, "maximum": limits::TASK_TRIES_MAX},
            "backoff": {"type": "string", "pattern": "^[1-9]ms\\.\\.[1-9]s$", "description": "The first pause and the longest: 1s..10m."},
            "timeout": span(),
            "expires": span(),
        },
        "additionalProperties": false,
    })
}

/// Every path about tasks.
pub fn paths() -> Vec<(&'static str, Json)> {
    let states = TaskState::ALL.map(TaskState::as_str);
    let list = reads(
        "Tasks that events asked for, in the order of the log, a page at a time.",
        vec![
            parameter("query", "kind", "Only those of this kind.", text()),
            parameter(
                "query",
                "state",
                "Only those in this state.",
                json!({"enum": states}),
            ),
            parameter(
                "query",
                "event",
                "Only those that this event asked for: its seq.",
                json!({"type": "integer", "minimum": 0, "maximum": 1_000_000_000_000_u64}),
            ),
            parameter(
                "query",
                "limit",
                "Tasks of a page.",
                json!({"type": "integer", "minimum": 1, "maximum": 1_000}),
            ),
            parameter(
                "query",
                "after",
                "`next` of the page before.",
                json!({"type": "string", "pattern": "^[0-9]{1,15}\\.[0-9]{1,5}$"}),
            ),
        ],
    );
    let mut one_kind = reads("How a kind of task is carried out.", vec![kind()]);
    one_kind["put"] = json!({
        "operationId": "setKind",
        "summary": "Carry out a kind of task like this from now on, those that wait already first.",
        "tags": ["operators"],
        "parameters": [kind()],
        "requestBody": {"required": true, "content": {"application/json": {"schema": config()}}},
        "responses": responses(&[("200", "As it is now.")], &[]),
    });
    one_kind["delete"] = json!({
        "operationId": "unsetKind",
        "summary": "Carry a kind out no more: its tasks wait.",
        "tags": ["operators"],
        "parameters": [kind()],
        "responses": responses(&[("200", "Nobody carries it out.")], &[]),
    });
    vec![
        ("/tasks", list),
        (
            "/tasks/{id}",
            reads("A task with everything that happened to it.", vec![id()]),
        ),
        (
            "/tasks/{id}/retry",
            act("retry", "Deliver a task again, now.", false),
        ),
        (
            "/tasks/{id}/edit",
            act("edit", "Deliver other data in a task's place.", true),
        ),
        (
            "/tasks/{id}/dismiss",
            act(
                "dismiss",
                "Leave a dead task be: those behind it go on.",
                false,
            ),
        ),
        (
            "/tasks/{id}/cancel",
            act("cancel", "Do not deliver a task.", false),
        ),
        (
            "/gateway",
            reads("How every kind of task is carried out.", Vec::new()),
        ),
        ("/gateway/{kind}", one_kind),
    ]
}
