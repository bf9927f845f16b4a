//! `GET /openapi.json`: what may be asked, made from what the routes declare and from the loaded plugins.

use axum::http::{HeaderValue, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value as Json, json};

use super::answer::{Answer, Tag, answer, header_value};
use super::asyncapi::rebase;
use super::commands::COMMAND;
use super::declared::{BodyDeclared, Declared, Kind, Parameter, Place, Touches};
use super::problem::Problem;
use super::route::{Authorized, Route};
use super::scopes::{AnyPlugin, Anybody, Read};
use super::subscribe::SUBSCRIBE;
use super::usual;
use crate::engine::Program;
use crate::model::{Digest, TaskState};
use crate::store::TokenRole;
use crate::wire::{self, json_text};

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/openapi.json", "openapi", get)
            .says("What may be asked, as OpenAPI 3.1.")
            .any_query()
            .and(usual::read),
        Route::get("/api", "page", page)
            .says("A page that shows the description, with nothing from elsewhere.")
            .any_query()
            .media("text/html")
            .good(200, "The page."),
    ]
}

/// What an OpenAPI document has.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it is described, not made")]
struct OpenApi {
    /// `3.1.0`
    openapi: String,
    info: Map<String, Json>,
    paths: Map<String, Json>,
    components: Map<String, Json>,
}

/// The description as OpenAPI 3.1.
async fn get(door: Authorized<Read, AnyPlugin>) -> Result<Answer<OpenApi>, Problem> {
    let live = door.book().live();
    let routes = door.routes().iter().map(AsRef::as_ref);
    let description = describe(&live.program, routes);
    answer(door.headers(), &description, live.head, Tag::Body).map(Answer::described_as)
}

const PAGE: &str = include_str!("page.html");

/// The page holds nothing of the book, and asks for a token by itself: a browser has no other way to show one.
async fn page(_: Authorized<Anybody, AnyPlugin>) -> Result<Answer<String>, Problem> {
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    let own = |tag: &str| {
        let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
        let rest = PAGE.split(&open).nth(1).unwrap_or_default();
        let text = rest.split(&close).next().unwrap_or_default();
        STANDARD.encode(Digest::of(text.as_bytes()).0)
    };
    // Its own script and style, and nothing else.
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        own("script"),
        own("style")
    );
    let page = Answer::of(PAGE).with(header::CONTENT_TYPE, kind);
    Ok(page.with(header::CONTENT_SECURITY_POLICY, header_value(&policy)?))
}

/// Statuses that any request may be answered with, and why.
const ANY: &[(u16, &str)] = &[
    (
        400,
        "Not understood: malformed JSON, headers, parameters or body.",
    ),
    (
        401,
        "Tokens are in force, and there is none, or it is no longer valid.",
    ),
    (403, "The token's role or plugins do not allow this."),
    (404, "No such type, table, row, event or path."),
    (405, "Not with this method."),
    (408, "The request came too slowly."),
    (413, "The body is too large."),
    (
        503,
        "Too much waits already, or the book is being closed; see Retry-After.",
    ),
];

const NOT_MODIFIED: u16 = 304;

fn describe<'a>(program: &Program, routes: impl Iterator<Item = &'a Declared>) -> Json {
    let settings = SchemaSettings::draft2020_12()
        .with(|settings| settings.definitions_path = "/components/schemas".into());
    let mut describing = Describing {
        program,
        generator: settings.into_generator(),
        paths: Map::new(),
        schemas: Map::new(),
    };
    describing.payloads();
    for route in routes {
        match route.id {
            COMMAND => describing.commands(route),
            SUBSCRIBE => {}
            _ => describing.route(route),
        }
    }
    describing.document()
}

/// A description in the making.
struct Describing<'a> {
    program: &'a Program,
    generator: SchemaGenerator,
    paths: Map<String, Json>,
    /// Schemas beside those that the generator keeps.
    schemas: Map<String, Json>,
}

impl Describing<'_> {
    fn route(&mut self, route: &Declared) {
        let operation = self.operation(route, route.id, route.summary, None);
        self.add(route.path, route, operation);
    }

    fn add(&mut self, path: &str, route: &Declared, operation: Json) {
        let item = self.paths.entry(path).or_insert_with(|| json!({}));
        item[route.method.name().to_lowercase()] = operation;
    }

    /// A path for each command that there is, with the schema of its newest version.
    fn commands(&mut self, route: &Declared) {
        for plugin in &self.program.plugins {
            for link in &plugin.chain {
                let date = link.code.version.date.to_string();
                for command in &link.code.manifest.commands {
                    let path = route.path.replace("{type}", &command.name);
                    // Newest first: the first that declares a type is the one in force.
                    if !self.paths.contains_key(&path) {
                        let schema = reference(&format!("{}-{date}", command.name));
                        let (name, says) = (&command.name, &command.description);
                        let mut operation = self.operation(route, name, says, Some(schema));
                        operation["x-daybook-versions"] = json!([]);
                        self.add(&path, route, operation);
                    }
                    let versions = &mut self.paths[&path]["post"]["x-daybook-versions"];
                    if let Some(versions) = versions.as_array_mut() {
                        versions.push(json!(date));
                    }
                }
            }
        }
    }

    /// The schemas of all payloads, and of an event of any type.
    fn payloads(&mut self) {
        let mut events: Vec<Json> = Vec::new();
        for plugin in &self.program.plugins {
            for link in &plugin.chain {
                let date = link.code.version.date;
                let manifest = &link.code.manifest;
                for event in &manifest.events {
                    let name = format!("{}-{date}", event.name);
                    let is_known =
                        |known: &Json| known["properties"]["type"]["const"] == event.name;
                    if !events.iter().any(is_known) {
                        events.push(event_schema(
                            json!({ "const": event.name }),
                            reference(&name),
                        ));
                    }
                    let schema = bare(&event.schema, &name);
                    self.schemas.insert(name, schema);
                }
                for command in &manifest.commands {
                    let name = format!("{}-{date}", command.name);
                    let schema = bare(&command.schema, &name);
                    self.schemas.insert(name, schema);
                }
            }
        }
        let any = match events.is_empty() {
            true => event_schema(json!({"type": "string"}), json!(true)),
            false => json!({ "oneOf": events }),
        };
        self.schemas.insert("NewEvent".to_owned(), any);
    }

    fn operation(&mut self, route: &Declared, id: &str, says: &str, payload: Option<Json>) -> Json {
        let is_shown = |it: &&Parameter| payload.is_none() || it.place != Place::Path;
        let parameters = route.parameters.iter().filter(is_shown);
        let parameters: Vec<Json> = parameters.map(|it| self.parameter(it)).collect();
        let mut operation = json!({
            "operationId": id,
            "summary": says,
            "tags": [tag(route)],
            "parameters": parameters,
            "responses": self.responses(route),
            "x-daybook-role": route.role.map(|role| role.name()),
            "x-daybook-scope": match route.touches {
                Touches::Nothing => "any",
                Touches::Book => "book",
                Touches::Plugin(named) => named,
            },
        });
        if route.role.is_none() {
            operation["security"] = json!([]);
        }
        if let Some(body) = &route.body {
            operation["requestBody"] = self.body(body, payload);
        }
        operation
    }

    fn body(&mut self, body: &BodyDeclared, payload: Option<Json>) -> Json {
        let schema = payload.unwrap_or_else(|| (body.schema)(&mut self.generator).to_value());
        let mut content = json!({});
        if body.media == super::cloud_events::ONE {
            let batch = json!({"type": "array", "items": schema});
            content[super::cloud_events::BATCH] = json!({ "schema": batch });
        }
        content[body.media] = json!({ "schema": schema });
        json!({"required": body.is_required, "content": content})
    }

    fn responses(&mut self, route: &Declared) -> Json {
        let problem = json!({"application/problem+json": {"schema": reference("Problem")}});
        let mut all = Map::new();
        for &(status, what) in ANY.iter().chain(&route.refusals) {
            let mut response = json!({ "description": what });
            if status != NOT_MODIFIED {
                response["content"] = problem.clone();
            }
            all.insert(status.to_string(), response);
        }
        let schema = (route.reply)(&mut self.generator).to_value();
        for &(status, what) in &route.good {
            let content = json!({route.media: {"schema": schema}});
            let response = json!({"description": what, "content": content});
            all.insert(status.to_string(), response);
        }
        Json::Object(all)
    }

    fn parameter(&self, parameter: &Parameter) -> Json {
        json!({
            "in": parameter.place.name(),
            "name": parameter.name,
            "description": parameter.what,
            "required": parameter.place == Place::Path,
            "schema": self.schema_of(parameter.kind),
        })
    }

    fn schema_of(&self, kind: Kind) -> Json {
        match kind {
            Kind::Text => json!({"type": "string"}),
            Kind::Version => {
                json!({"type": "string", "pattern": "^[a-z][a-z0-9]{0,47}@[0-9]{4}-[0-9]{2}-[0-9]{2}$"})
            }
            Kind::Bounded(min, max) => {
                json!({"type": "string", "minLength": min, "maxLength": max})
            }
            Kind::Pattern(pattern) => json!({"type": "string", "pattern": pattern}),
            Kind::Choice(choices) => json!({ "enum": choices }),
            Kind::Many(of) => {
                json!({"type": "array", "items": {"type": "string", "description": of}})
            }
            Kind::Flag => json!({"type": "boolean"}),
            Kind::TaskState => json!({ "enum": TaskState::ALL.map(TaskState::as_str) }),
            Kind::Seq => json!({"type": "integer", "minimum": 0, "maximum": 1_000_000_000_000_u64}),
            Kind::Event => json!({"type": "integer", "minimum": 1}),
            Kind::Limit(max) => json!({"type": "integer", "minimum": 1, "maximum": max}),
            Kind::Date => json!({"type": "string", "format": "date"}),
            Kind::Table => {
                let tables = self.program.layouts.tables.iter();
                let names: Vec<_> = tables.map(|table| table.name()).collect();
                match names.is_empty() {
                    true => json!({"type": "string"}),
                    false => json!({ "enum": names }),
                }
            }
        }
    }

    fn document(mut self) -> Json {
        // All messages, also those that no route names: what a stream sends, and members of problems.
        let mut schemas = wire::schemas();
        schemas.append(&mut self.generator.take_definitions(true));
        schemas.append(&mut self.schemas);
        for table in &self.program.layouts.tables {
            schemas.insert(
                format!("Row.{}", table.name()),
                wire::shown_row_schema(table),
            );
        }
        json!({
            "openapi": "3.1.0",
            "info": {
                "title": "Daybook",
                "version": env!("CARGO_PKG_VERSION"),
                "description": format!("A book online. In force: {}", self.program.stamp),
            },
            "paths": self.paths,
            "components": {
                "schemas": schemas,
                "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            },
            "security": [{}, {"token": []}],
        })
    }
}

fn reference(name: &str) -> Json {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// Under which heading a route stands.
fn tag(route: &Declared) -> &'static str {
    match route.role {
        None => "supervision",
        Some(TokenRole::Reader) => "reads",
        Some(TokenRole::Writer) => "writes",
        Some(TokenRole::Operator) => "operators",
    }
}

/// A payload's schema as part of another document, where its own root is somewhere else.
fn bare(schema: &str, name: &str) -> Json {
    let mut schema = json_text(schema);
    rebase(&mut schema, &format!("#/components/schemas/{name}"));
    schema
}

fn event_schema(event_type: Json, data: Json) -> Json {
    let text = json!({"type": "string", "minLength": 1, "maxLength": 200});
    json!({
        "type": "object",
        "required": ["specversion", "type", "data"],
        "properties": {
            "specversion": {"const": "1.0"},
            "type": event_type,
            "id": text,
            "source": text,
            "subject": text,
            "data": data,
        },
        "additionalProperties": false,
    })
}
