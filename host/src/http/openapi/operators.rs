//! What operators do, as OpenAPI has it.

use serde_json::{Value as Json, json};

use super::{OPERATION_FAILED, parameter, reads, responses, text};
use crate::model::limits;

fn repair(id: &str, summary: &str, more: &[(&str, Json)]) -> Json {
    let mut properties = json!({
        "reason": {"type": ["string", "null"], "description": "Why; stays in the log. A preview needs none."},
        "preview": {"type": "boolean", "description": "Report what would change, keep nothing."},
    });
    for (name, schema) in more {
        properties[*name] = schema.clone();
    }
    json!({"post": {
        "operationId": id,
        "summary": summary,
        "tags": ["operators"],
        "parameters": [parameter("path", "event", "Its seq.", json!({"type": "integer", "minimum": 1}))],
        "requestBody": {"content": {"application/json": {"schema": {
            "type": "object", "properties": properties, "additionalProperties": false,
        }}}},
        "responses": responses(
            &[("200", "Done, or what would be.")],
            &[("409", "As things are it cannot be done; the detail says why."), OPERATION_FAILED],
        ),
    }})
}

/// Every path that is an operator's.
pub fn paths() -> Vec<(&'static str, Json)> {
    vec![
        ("/versions", versions_path()),
        ("/versions/{version}/activate", activate_path()),
        ("/verify", verify_path()),
        (
            "/events/{event}/amend",
            repair(
                "amend",
                "Replace an event's payload; the state follows, and the original is kept.",
                &[
                    ("data", json!({})),
                    (
                        "revert",
                        json!({"type": "boolean", "description": "Put the first payload back."}),
                    ),
                    (
                        "skip",
                        json!({"type": "boolean", "description": "Nobody handles the event any more."}),
                    ),
                ],
            ),
        ),
        (
            "/events/{event}/redact",
            repair(
                "redact",
                "Erase an event's payload for good, from everything that the book keeps.",
                &[("with", json!({}))],
            ),
        ),
        (
            "/events/{event}/undo",
            repair(
                "undo",
                "Take back an event's row changes, as an event of its own.",
                &[],
            ),
        ),
        (
            "/events/{event}/doom",
            repair(
                "remedy",
                "Take a way past an event of doom, or forecast where it would lead.",
                &[
                    (
                        "version",
                        json!({"type": ["string", "null"], "description": "Of a preview: what cannot materialize the event."}),
                    ),
                    (
                        "skip",
                        json!({"type": "boolean", "description": "Nobody handles the event any more."}),
                    ),
                    ("amend", json!({"description": "Another payload."})),
                    (
                        "pin",
                        json!({"type": ["string", "null"], "description": "This version handles the event, wherever versions are pinned."}),
                    ),
                    ("unpin", json!({"type": "boolean"})),
                ],
            ),
        ),
        (
            "/dooms",
            study(
                "dooms",
                "Events that a version cannot materialize, and what the plugin's other versions make of them.",
                json!({
                    "version": {"type": ["string", "null"]},
                    "keep_going": {"type": "boolean", "description": "Go on as if the first were skipped."},
                }),
                &[],
            ),
        ),
        (
            "/bisect",
            study(
                "bisect",
                "The first event on which two choices of logic part, with what each looked at.",
                json!({"base": side(), "candidate": side()}),
                &["base", "candidate"],
            ),
        ),
        ("/diff", diff_path()),
        (
            "/diff/commands",
            study(
                "diffCommands",
                "Past commands asked again of other creators.",
                json!({"base": side(), "candidate": side()}),
                &["base", "candidate"],
            ),
        ),
        (
            "/tasks/late",
            study(
                "lateTasks",
                "Tasks that what is in force asks for, of events that were handled before it was.",
                json!({"enqueue": {"type": "boolean", "description": "Have them carried out after all."}}),
                &[],
            ),
        ),
        (
            "/reconcile",
            study(
                "reconcile",
                "The live state beside what the log yields; with a reason it is put right.",
                json!({"reason": {"type": ["string", "null"]}}),
                &[],
            ),
        ),
        (
            "/versions/{version}/certify",
            operation(
                "certify",
                "Try a loaded version once more on the history there is now; or, with isolation `event`, try nothing and reuse none of its instances.",
                true,
                Some("isolation"),
                "What it came to, which is kept.",
            ),
        ),
        ("/shadows", shadows_path()),
        (
            "/shadows/{version}",
            json!({"delete": {
                "operationId": "dropShadow",
                "summary": "Give a shadow up.",
                "tags": ["operators"],
                "parameters": [version_parameter()],
                "responses": responses(&[("200", "It is gone.")], &[]),
            }}),
        ),
        ("/versions/{version}/promote", promote_path()),
        (
            "/versions/{version}/retire",
            operation(
                "retire",
                "Give a version up that nothing and nobody needs.",
                true,
                Some("reason"),
                "Nobody gets it any more.",
            ),
        ),
        (
            "/rollback",
            operation(
                "rollback",
                "Go back to what was live before: the standby.",
                false,
                Some("reason"),
                "In force: `seq` is the event that says so.",
            ),
        ),
        ("/snapshots", snapshots_path()),
        (
            "/changelog",
            reads(
                "What each version changed: in its author's words, and in what it declares.",
                vec![parameter("query", "plugin", "Only this plugin's.", text())],
            ),
        ),
    ]
}

fn versions_path() -> Json {
    let mut item = reads("Every version that was ever loaded.", Vec::new());
    item["post"] = json!({
        "operationId": "load",
        "summary": "Load a version: compiled and checked; it takes effect when it is activated.",
        "tags": ["operators"],
        "requestBody": {"required": true, "content": {"application/wasm": {
            "schema": {"type": "string", "format": "binary", "maxLength": limits::COMPONENT_BYTES_MAX},
        }}},
        "responses": responses(
            &[("200", "Exactly this was loaded before; nothing changed."), ("201", "Loaded.")],
            &[("415", "A component is application/wasm."), OPERATION_FAILED],
        ),
    });
    item
}

fn activate_path() -> Json {
    json!({"post": {
        "operationId": "activate",
        "summary": "Put a loaded version in force. Who reads sees the old state or the new one, never a mixture.",
        "tags": ["operators"],
        "parameters": [version_parameter()],
        "requestBody": {"required": true, "content": {"application/json": {"schema": {
            "type": "object",
            "required": ["policy"],
            "properties": {"policy": {
                "enum": ["pinned", "recorded"],
                "description": "pinned: all of history is materialized again. recorded: state stays as it is.",
            }},
            "additionalProperties": false,
        }}}},
        "responses": responses(
            &[("200", "In force: `seq` is the event that says so.")],
            &[("409", "It is active already."), OPERATION_FAILED],
        ),
    }})
}

/// What is done to a version that a path names, or to the book, with a small body that may be left out.
fn operation(
    id: &str,
    summary: &str,
    takes_version: bool,
    field: Option<&str>,
    done: &str,
) -> Json {
    let mut post = json!({
        "operationId": id,
        "summary": summary,
        "tags": ["operators"],
        "responses": responses(
            &[("200", done)],
            &[("409", "As things are it cannot be done; the detail says why."), OPERATION_FAILED],
        ),
    });
    if takes_version {
        post["parameters"] = json!([version_parameter()]);
    }
    if let Some(field) = field {
        post["requestBody"] = json!({"content": {"application/json": {"schema": {
            "type": "object",
            "properties": {field: {"type": ["string", "null"]}},
            "additionalProperties": false,
        }}}});
    }
    json!({ "post": post })
}

fn promote_path() -> Json {
    let mut item = operation(
        "promote",
        "Put a shadow in force: a pointer switch between two commits. What was live becomes the standby.",
        true,
        Some("force"),
        "In force: `seq` is the event that says so.",
    );
    let properties =
        &mut item["post"]["requestBody"]["content"]["application/json"]["schema"]["properties"];
    properties["patch"] = json!({
        "type": "boolean",
        "description": "Write the rows that differ into the live state instead of switching to the shadow's.",
    });
    properties["preview"] =
        json!({"type": "boolean", "description": "Of a patch: tell the rows, keep nothing."});
    item
}

/// One side of a comparison.
fn side() -> Json {
    json!({"type": "string", "description": "`plugin@date`, several with spaces between, or `recorded`."})
}

/// What is looked at beside the writer.
fn study(id: &str, summary: &str, properties: Json, required: &[&str]) -> Json {
    json!({"post": {
        "operationId": id,
        "summary": summary,
        "tags": ["operators"],
        "requestBody": {"content": {"application/json": {"schema": {
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        }}}},
        "responses": responses(
            &[("200", "What was found, as of the moment it was asked for.")],
            &[("409", "As things are it cannot be done; the detail says why."), OPERATION_FAILED],
        ),
    }})
}

fn diff_path() -> Json {
    let properties = json!({
        "base": side(),
        "candidate": side(),
        "from": {"type": ["integer", "null"], "minimum": 1},
        "to": {"type": ["integer", "null"], "minimum": 0},
        "expect": {"type": "string", "description": "An expectation file: what is wanted (TOML)."},
    });
    let mut item = study(
        "diff",
        "All differences of two choices of logic, a line for each, the summary last. An answer without it was cut short.",
        properties,
        &["base", "candidate"],
    );
    item["post"]["responses"]["200"]["content"] =
        json!({"application/jsonl": {"schema": {"type": "string"}}});
    item
}

fn version_parameter() -> Json {
    parameter(
        "path",
        "version",
        "plugin@date",
        json!({
            "type": "string", "pattern": "^[a-z][a-z0-9]{0,47}@[0-9]{4}-[0-9]{2}-[0-9]{2}$",
        }),
    )
}

fn shadows_path() -> Json {
    let conflict = ("409", "It is active already.");
    json!({
        "get": {
            "operationId": "shadows",
            "summary": "How the shadows and the standby stand: position, lag, differences by event type and column.",
            "tags": ["operators"],
            "responses": responses(&[("200", "All of them.")], &[]),
        },
        "post": {
            "operationId": "shadow",
            "summary": "Try a version beside the live state. It follows the log, and what differs is counted.",
            "tags": ["operators"],
            "requestBody": {"required": true, "content": {"application/json": {"schema": {
                "type": "object",
                "required": ["version"],
                "properties": {
                    "version": {"type": "string"},
                    "policy": {"enum": ["pinned", "recorded", null]},
                    "expect": {"type": "string", "description": "An expectation file: what is wanted (TOML)."},
                },
                "additionalProperties": false,
            }}}},
            "responses": responses(&[("202", "It follows the log from now on.")], &[conflict, OPERATION_FAILED]),
        },
    })
}

fn snapshots_path() -> Json {
    let mut item = reads("The snapshots of the live state.", Vec::new());
    item["post"] = json!({
        "operationId": "snapshot",
        "summary": "Keep a copy of the live state, for replays to start from.",
        "tags": ["operators"],
        "responses": responses(&[("201", "Made, or there already.")], &[]),
    });
    item
}

fn verify_path() -> Json {
    json!({"post": {
        "operationId": "verify",
        "summary": "Replay everything and compare, while commands go on. `problem` is null when all of it holds.",
        "tags": ["operators"],
        "responses": responses(&[("200", "What was found, as of the moment it was asked for.")], &[]),
    }})
}
