//! `GET /openapi.json`: what may be asked, told from the loaded plugins and the routes.

mod operators;
mod tasks;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{Html, Response};
use serde_json::{Map, Value as Json, json};

use super::App;
use super::answer::{Tag, answer};
use super::asyncapi::rebase;
use super::problem::Problem;
use crate::engine::Program;
use crate::wire::{self, json_text};

/// The description as OpenAPI 3.1.
pub async fn get(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    let live = app.live();
    answer(&headers, &describe(&live.program), live.head, Tag::Body)
}

/// A page that shows the description, with nothing from elsewhere.
pub async fn page() -> Html<&'static str> {
    Html(include_str!("page.html"))
}

/// Statuses that any request may be answered with, and why.
const ANY: &[(&str, &str)] = &[
    (
        "400",
        "Not understood: malformed JSON, headers, parameters or body.",
    ),
    (
        "401",
        "Tokens are in force, and there is none, or it is no longer valid.",
    ),
    ("403", "The token's role or plugins do not allow this."),
    ("404", "No such type, table, row, event or path."),
    ("405", "Not with this method."),
    ("408", "The request came too slowly."),
    ("413", "The body is too large."),
    (
        "503",
        "Too much waits already, or the book is being closed; see Retry-After.",
    ),
];

/// What beside those a write may be answered with.
const WRITE: &[(&str, &str)] = &[
    (
        "409",
        "A row named in Daybook-Expect changed since it was read: `changed` says where.",
    ),
    (
        "412",
        "The subject is not at the position in If-Match: `position` says where it is.",
    ),
    ("415", "Events do not come in this media type."),
    (
        "422",
        "The plugin rejected it (`code`, `message`), it failed, its payload does not fit the schema (`pointer`), or its id was used for something else.",
    ),
];

/// What an operator's request may be answered with where a plugin's code is at fault.
const OPERATION_FAILED: (&str, &str) = (
    "422",
    "The plugin failed on an event of the log; nothing changed.",
);

const NOT_MODIFIED: (&str, &str) = ("304", "The client has it already.");

fn responses(good: &[(&str, &str)], more: &[(&str, &str)]) -> Json {
    let mut all = Map::new();
    for (status, what) in good {
        let content = json!({"application/json": {"schema": {"type": "object"}}});
        all.insert(
            (*status).to_owned(),
            json!({"description": what, "content": content}),
        );
    }
    for (status, what) in ANY.iter().chain(more) {
        let mut response = json!({ "description": what });
        if *status != NOT_MODIFIED.0 {
            let problem = json!({"$ref": "#/components/schemas/Problem"});
            response["content"] = json!({"application/problem+json": { "schema": problem }});
        }
        all.insert((*status).to_owned(), response);
    }
    Json::Object(all)
}

fn parameter(place: &str, name: &str, what: &str, schema: Json) -> Json {
    json!({"in": place, "name": name, "description": what, "schema": schema, "required": place == "path"})
}

fn text() -> Json {
    json!({"type": "string"})
}

/// Headers and parameters of every write.
fn write_parameters() -> Vec<Json> {
    vec![
        parameter(
            "query",
            "preview",
            "Run it in full, report what would happen, keep nothing.",
            json!({"type": "boolean"}),
        ),
        parameter(
            "header",
            "If-Match",
            "The seq of the subject's last event, quoted; \"0\" for none.",
            json!({"type": "string", "pattern": "^\"[0-9]{1,15}\"$"}),
        ),
        parameter(
            "header",
            "Daybook-Expect",
            "Rows as they were read: [{\"table\", \"key\", \"hashes\"}].",
            text(),
        ),
        parameter(
            "header",
            "traceparent",
            "W3C trace context: becomes correlation and causation ids of the events.",
            text(),
        ),
    ]
}

fn reads(summary: &str, parameters: Vec<Json>) -> Json {
    json!({"get": {
        "summary": summary,
        "tags": ["reads"],
        "parameters": parameters,
        "responses": responses(&[("200", "What was asked for, and in Daybook-Position where it was read.")],
                               &[NOT_MODIFIED, ("422", "It takes too long or gives too much.")]),
    }})
}

fn describe(program: &Program) -> Json {
    let mut paths = Map::new();
    let mut schemas = wire::schemas();
    let mut events = Vec::new();
    for plugin in &program.plugins {
        // Newest first: the first that declares a type is the one in force.
        for link in &plugin.chain {
            let version = &link.code.version;
            for event in &link.code.manifest.events {
                let name = format!("{}-{}", event.name, version.date);
                schemas.insert(name.clone(), bare(&event.schema, &name));
                let known =
                    |event_type: &Json| event_type["properties"]["type"]["const"] == event.name;
                if !events.iter().any(known) {
                    events.push(event_schema(&event.name, &name));
                }
            }
            for command in &link.code.manifest.commands {
                let name = format!("{}-{}", command.name, version.date);
                schemas.insert(name.clone(), bare(&command.schema, &name));
                let path = format!("/commands/{}", command.name);
                let operation = paths.entry(path).or_insert_with(|| {
                    command_operation(&command.name, &command.description, &name)
                });
                if let Some(versions) = operation["post"]["x-daybook-versions"].as_array_mut() {
                    versions.push(json!(version.date.to_string()));
                }
            }
        }
    }
    paths.insert("/events".to_owned(), events_path(events));
    for (path, item) in fixed_paths(program) {
        paths.insert(path.to_owned(), item);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Daybook",
            "version": env!("CARGO_PKG_VERSION"),
            "description": format!("A book online. In force: {}", program.stamp),
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    })
}

/// A payload's schema as part of another document, where its own root is somewhere else.
fn bare(schema: &str, name: &str) -> Json {
    let mut schema = json_text(schema);
    rebase(&mut schema, &format!("#/components/schemas/{name}"));
    schema
}

fn command_operation(name: &str, doc: &str, schema: &str) -> Json {
    let mut parameters = write_parameters();
    parameters.push(parameter(
        "query",
        "subject",
        "What the command is about; its events inherit it.",
        text(),
    ));
    parameters.push(parameter(
        "header",
        "Idempotency-Key",
        "The same request again gets the first answer.",
        json!({"type": "string", "minLength": 1, "maxLength": 255}),
    ));
    parameters.push(parameter(
        "header",
        "Daybook-Version",
        "The newest version up to this date answers.",
        json!({"type": "string", "format": "date"}),
    ));
    parameters.push(parameter(
        "query",
        "actor",
        "Who asks; with a token it can only be the token's name.",
        text(),
    ));
    json!({"post": {
        "operationId": name,
        "summary": doc,
        "tags": ["commands"],
        "x-daybook-versions": [],
        "parameters": parameters,
        "requestBody": {"required": true, "content": {"application/json": {
            "schema": {"$ref": format!("#/components/schemas/{}", schema)},
        }}},
        "responses": responses(&[("200", "A preview, or nothing had to change."), ("201", "Kept: the events with all they caused.")], WRITE),
    }})
}

fn event_schema(name: &str, schema: &str) -> Json {
    json!({
        "type": "object",
        "required": ["specversion", "type", "data"],
        "properties": {
            "specversion": {"const": "1.0"},
            "type": {"const": name},
            "id": {"type": "string", "minLength": 1, "maxLength": 200},
            "source": {"type": "string", "minLength": 1, "maxLength": 200},
            "subject": {"type": "string", "minLength": 1, "maxLength": 200},
            "data": {"$ref": format!("#/components/schemas/{schema}")},
        },
        "additionalProperties": false,
    })
}

fn events_path(events: Vec<Json>) -> Json {
    let seq = || json!({"type": "integer", "minimum": 0, "maximum": 1_000_000_000_000_u64});
    let mut item = reads(
        "Events of the log, in order, a page at a time.",
        vec![
            parameter("query", "from", "The first seq.", seq()),
            parameter("query", "to", "The last seq.", seq()),
            parameter("query", "type", "Only events of this type.", text()),
            parameter(
                "query",
                "subject",
                "Only events about this; the ETag is what If-Match takes.",
                text(),
            ),
            parameter(
                "query",
                "order",
                "Oldest or newest first.",
                json!({"enum": ["seq", "-seq"]}),
            ),
            parameter(
                "query",
                "limit",
                "Events of a page.",
                json!({"type": "integer", "minimum": 1, "maximum": 1_000}),
            ),
            parameter("query", "after", "`next` of the page before.", seq()),
        ],
    );
    let any = match events.is_empty() {
        true => json!({"type": "object"}),
        false => json!({ "oneOf": events }),
    };
    let mut parameters = write_parameters();
    parameters.push(parameter(
        "header",
        "Prefer",
        "return=minimal: seq and id of each event, and not what it caused.",
        text(),
    ));
    item["post"] = json!({
        "operationId": "append",
        "summary": "Append one event or an array of them, all or none.",
        "tags": ["events"],
        "parameters": parameters,
        "requestBody": {"required": true, "content": {
            "application/cloudevents+json": {"schema": any},
            "application/cloudevents-batch+json": {"schema": {"type": "array", "items": any}},
        }},
        "responses": responses(&[("200", "A preview, or all of them were there before."), ("201", "Kept: the events with all they caused.")], WRITE),
    });
    item
}

fn fixed_paths(program: &Program) -> Vec<(&'static str, Json)> {
    let tables: Vec<_> = { program.layouts.tables.iter() }
        .map(|table| table.name())
        .collect();
    let tables = match tables.is_empty() {
        true => text(),
        false => json!({ "enum": tables }),
    };
    let columns = || {
        parameter(
            "query",
            "columns",
            "Only these, separated by commas.",
            text(),
        )
    };
    let as_of = || {
        parameter(
            "query",
            "as_of",
            "The state after this event (its seq), or at this time; built from the log where it is not known yet.",
            text(),
        )
    };
    let table = || parameter("path", "table", "plugin.table", tables.clone());
    let query = json!({"post": {
        "operationId": "query",
        "summary": "One read-only SELECT over the tables plugin_table.",
        "tags": ["reads"],
        "requestBody": {"required": true, "content": {"application/json": {"schema": {
            "type": "object",
            "required": ["sql"],
            "properties": {
                "sql": text(),
                "parameters": {"type": "array", "items": {"type": ["string", "number", "boolean", "null"]}},
                "limit": {"type": "integer", "minimum": 1, "maximum": 10_000},
                "as_of": {"type": ["integer", "string", "null"], "description": "The state after this event, or at this time."},
            },
            "additionalProperties": false,
        }}}},
        "responses": responses(&[("200", "Columns and rows, and whether there are more.")],
                               &[("422", "It takes too long or gives too much.")]),
    }});
    let simple = |summary: &str, kind: &str| {
        let content = json!({kind: {"schema": {"type": "string"}}});
        json!({"get": {"summary": summary, "tags": ["supervision"], "responses": {
            "200": {"description": "Yes.", "content": content},
            "401": {"description": "Tokens are in force."}, "403": {"description": "Not with this token."},
            "405": {"description": "Not with this method."},
            "503": {"description": "Not now.", "content": content},
        }}})
    };
    let mut paths = vec![
        (
            "/events/{event}",
            reads(
                "An event with everything that happened because of it.",
                vec![
                    parameter("path", "event", "Its seq or its id.", text()),
                    parameter(
                        "query",
                        "source",
                        "Where an id is of several sources.",
                        text(),
                    ),
                ],
            ),
        ),
        ("/state", reads("The tables of the live state.", Vec::new())),
        (
            "/state/{table}",
            reads(
                "Rows of a table. Further parameters filter: column=value, column.lt, .lte, .gt, .gte, .ne, .null.",
                vec![
                    table(),
                    columns(),
                    parameter(
                        "query",
                        "order",
                        "A column, or -column for the largest first; ties by key.",
                        text(),
                    ),
                    parameter(
                        "query",
                        "limit",
                        "Rows of a page.",
                        json!({"type": "integer", "minimum": 1, "maximum": 1_000}),
                    ),
                    parameter("query", "after", "`next` of the page before.", text()),
                    as_of(),
                ],
            ),
        ),
        (
            "/state/{table}/{key}",
            reads(
                "One row, with the hashes that Daybook-Expect takes.",
                vec![
                    table(),
                    parameter(
                        "path",
                        "key",
                        "The parts of the key, separated by commas.",
                        text(),
                    ),
                    columns(),
                    as_of(),
                ],
            ),
        ),
        ("/query", query),
        ("/healthz", simple("The process is alive.", "text/plain")),
        ("/readyz", simple("The book takes requests.", "text/plain")),
        (
            "/metrics",
            simple("Counters for Prometheus.", "application/openmetrics-text"),
        ),
    ];
    paths.extend(operators::paths());
    paths.extend(tasks::paths());
    paths
}
