//! `GET /asyncapi.json`: what `/subscribe` sends, as AsyncAPI 3.0, made from the versions that are active.

use std::collections::BTreeMap;

use axum::http::{StatusCode, header};
use schemars::JsonSchema;
use serde_json::{Map, Value as Json, json};

use super::answer::{Answer, told};
use super::problem::Problem;
use super::route::{Authorized, Route};
use super::scopes::{AnyPlugin, Read};
use crate::engine::Program;
use crate::model::event::SYSTEM_TYPES;

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/asyncapi.json", "asyncapi", get)
            .says("What /subscribe sends, as AsyncAPI 3.0.")
            .any_query()
            .good(200, "The document."),
    ]
}

/// What an AsyncAPI document has.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it is described, not made")]
struct AsyncApi {
    /// `3.0.0`
    asyncapi: String,
    info: Map<String, Json>,
    channels: Map<String, Json>,
    operations: Map<String, Json>,
    components: Map<String, Json>,
}

async fn get(door: Authorized<Read, AnyPlugin>) -> Result<Answer<AsyncApi>, Problem> {
    let host = { door.headers().get(header::HOST) }.and_then(|host| host.to_str().ok());
    let document = document(&door.book().live().program, host);
    told(StatusCode::OK, &document).map(Answer::described_as)
}

/// An event type with the schemas of its payload: the newest version's first, then those under which older events came.
struct Declared<'a> {
    description: &'a str,
    /// `bank@1994-01-01` and the schema as text.
    schemas: Vec<(String, &'a str)>,
}

fn declared(program: &Program) -> BTreeMap<&str, Declared<'_>> {
    let mut types: BTreeMap<&str, Declared<'_>> = BTreeMap::new();
    for link in program.plugins.iter().flat_map(|plugin| &plugin.chain) {
        for event in &link.code.manifest.events {
            let known = types.entry(&event.name).or_insert_with(|| Declared {
                description: &event.description,
                schemas: Vec::new(),
            });
            let is_new = known.schemas.iter().all(|(_, text)| *text != event.schema);
            if is_new {
                let version = link.code.version.to_string();
                known.schemas.push((version, &event.schema));
            }
        }
    }
    types
}

fn document(program: &Program, host: Option<&str>) -> Json {
    let mut schemas = shared_schemas();
    let mut messages = Map::new();
    for (name, declared) in declared(program) {
        let mut references = Vec::new();
        for (version, text) in &declared.schemas {
            // Names of components have no '@'.
            let component = format!("{name}-{}", version.replace('@', "-"));
            let base = format!("#/components/schemas/{component}");
            // A version whose schema is not JSON cannot be loaded.
            let mut schema = serde_json::from_str(text).unwrap_or(Json::Bool(true));
            rebase(&mut schema, &base);
            schemas.insert(component, schema);
            references.push(json!({ "$ref": base }));
        }
        let message = json!({
            "name": name,
            "title": name,
            "summary": declared.description,
            "contentType": "application/json",
            "payload": event_schema(name, references),
            "x-daybook-versions": declared.schemas.iter().map(|(version, _)| version).collect::<Vec<_>>(),
        });
        messages.insert(name.to_owned(), message);
    }
    for (name, summary) in SYSTEM_TYPES {
        let message = json!({
            "name": name,
            "title": name,
            "summary": summary,
            "contentType": "application/json",
            "payload": event_schema(name, vec![json!({ "type": "object" })]),
        });
        messages.insert((*name).to_owned(), message);
    }
    let position = json!({
        "name": "position",
        "title": "position",
        "summary": "Where to resume: everything up to here was sent, or was not asked for",
        "contentType": "application/json",
        "payload": { "$ref": "#/components/schemas/position" },
    });
    messages.insert("position".to_owned(), position);
    let task = json!({
        "name": "task",
        "title": "task",
        "summary": "Something happened to a task; only where `tasks` asks for it. Over WebSocket it is the member `task`",
        "contentType": "application/json",
        "payload": { "type": "object", "properties": {
            "step": { "type": "integer", "minimum": 1, "description": "its number, to resume after" },
            "id": { "type": "string" },
            "kind": { "type": "string" },
            "event": { "type": "integer", "minimum": 1 },
            "what": { "type": "string" },
        } },
    });
    messages.insert("task".to_owned(), task);
    let of_channel: Map<String, Json> = messages
        .keys()
        .map(|name| {
            let reference = json!({ "$ref": format!("#/components/messages/{name}") });
            (name.clone(), reference)
        })
        .collect();
    let mut document = json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Daybook: the events of a book",
            "version": env!("CARGO_PKG_VERSION"),
            "description": format!("Events with their effects from any position, as Server-Sent Events or over WebSocket. Lineup: {}", program.stamp),
        },
        "defaultContentType": "application/json",
        "channels": { "subscribe": {
            "address": "/subscribe",
            "title": "Events with their effects",
            "description": "GET answers with Server-Sent Events: `id` is the seq, `event` the type, `data` one of these messages. \
                            With `Upgrade: websocket` each message is a text message. `Last-Event-ID` resumes after a seq. A client \
                            that takes nothing is cut off (WebSocket: 1013, with its position as the reason) and may resume.",
            "messages": of_channel,
            "bindings": { "ws": { "method": "GET", "query": query_schema(), "bindingVersion": "0.1.0" } },
        } },
        "operations": { "subscribe": {
            "action": "send",
            "channel": { "$ref": "#/channels/subscribe" },
            "summary": "What was committed, in order, each once",
            "bindings": { "http": { "method": "GET", "query": query_schema(), "bindingVersion": "0.3.0" } },
        } },
        "components": { "messages": messages, "schemas": schemas },
    });
    if let Some(host) = host {
        document["servers"] = json!({
            "sse": { "host": host, "protocol": "http" },
            "ws": { "host": host, "protocol": "ws" },
        });
    }
    document
}

fn event_schema(name: &str, payloads: Vec<Json>) -> Json {
    json!({
        "allOf": [
            { "$ref": "#/components/schemas/recorded" },
            { "type": "object", "properties": { "event": { "type": "object", "properties": {
                "type": { "const": name },
                "data": { "anyOf": payloads },
            } } } },
        ]
    })
}

fn query_schema() -> Json {
    let many = |description: &str| json!({ "type": "array", "items": { "type": "string" }, "description": description });
    json!({
        "type": "object",
        "properties": {
            "from": { "type": "integer", "minimum": 0, "description": "the first event wanted; without it, the next one to come" },
            "type": many("event types; each by itself"),
            "subject": many("subjects; each by itself"),
            "table": many("plugin.table: events with a change there; each by itself"),
            "tasks": { "type": "string", "pattern": "^(now|[0-9]{1,15})$", "description": "what happens to tasks too: from now on, or after this step" },
        },
        "additionalProperties": false,
    })
}

fn shared_schemas() -> Map<String, Json> {
    let seq = || json!({ "type": "integer", "minimum": 1 });
    let text = || json!({ "type": "string" });
    let row = || json!({ "type": ["object", "null"] });
    let recorded = json!({
        "type": "object",
        "description": "An event as a CloudEvent, with everything that happened because of it",
        "required": ["seq", "event", "changes", "tasks", "recorded_at", "lineup", "command", "hash"],
        "properties": {
            "seq": seq(),
            "amended": { "type": "integer", "description": "the event that gave it another payload" },
            "redacted": { "type": "integer", "description": "the event that erased its payload" },
            "undone": { "type": "integer", "description": "the event that took its row changes back" },
            "event": {
                "type": "object",
                "required": ["specversion", "id", "source", "type", "time", "seq"],
                "properties": {
                    "specversion": { "const": "1.0" },
                    "id": text(), "source": text(), "type": text(), "subject": text(),
                    "time": { "type": "string", "format": "date-time" },
                    "datacontenttype": { "const": "application/json" },
                    "seq": seq(), "version": { "type": "string", "format": "date" },
                    "data": { "description": "absent once it is redacted" },
                },
            },
            "changes": { "type": "array", "items": {
                "type": "object",
                "required": ["table", "operation", "key", "before", "after"],
                "properties": {
                    "table": text(), "operation": { "enum": ["insert", "update", "delete"] },
                    "key": { "type": "object" }, "before": row(), "after": row(),
                },
            } },
            "tasks": { "type": "array", "items": {
                "type": "object",
                "required": ["id", "kind", "key", "data", "not_before"],
                "properties": {
                    "id": text(), "kind": text(), "key": { "type": ["string", "null"] }, "data": true,
                    "not_before": { "type": ["string", "null"] },
                },
            } },
            "recorded_at": { "type": "string", "format": "date-time" },
            "lineup": text(),
            "command": { "type": ["string", "null"] },
            "hash": text(),
        },
    });
    let position = json!({
        "type": "object",
        "required": ["position"],
        "properties": { "position": { "type": "integer", "minimum": 0 } },
        "additionalProperties": false,
    });
    Map::from_iter([
        ("position".to_owned(), position),
        ("recorded".to_owned(), recorded),
    ])
}

/// A schema's references within itself, once it is a part of this document.
pub fn rebase(schema: &mut Json, base: &str) {
    match schema {
        Json::Object(members) => {
            // They would name another document than this one.
            members.remove("$id");
            members.remove("$schema");
            for (name, member) in members {
                match member {
                    Json::String(target) if name == "$ref" => {
                        if let Some(inner) = target.strip_prefix('#') {
                            *target = format!("{base}{inner}");
                        }
                    }
                    // Data, in which a '$ref' is not a reference.
                    _ if ["const", "enum", "default", "examples"].contains(&name.as_str()) => {}
                    member => rebase(member, base),
                }
            }
        }
        Json::Array(items) => items.iter_mut().for_each(|item| rebase(item, base)),
        _ => {}
    }
}
