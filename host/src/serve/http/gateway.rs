//! How each kind of task is carried out: what is configured, and changes of it. Kinds are no plugin's.

use axum::http::{HeaderMap, StatusCode};
use schemars::Schema;
use serde_json::{Value as Json, json};

use super::answer::{Answer, Tag, answer, told};
use super::declared::{BodyDeclared, Kind};
use super::input::{Input, text};
use super::problem::Problem;
use super::route::{Authorized, Route};
use super::scopes::{Operate, Read, WholeBook};
use super::usual;
use crate::book::Reader;
use crate::gateway::KindConfig;
use crate::model::error::{Problem as Detail, shown};
use crate::model::{Error, limits};
use crate::serve::hosted::Hosted;
use crate::tasks::GatewayKind;
use crate::wire::gateway_json;

pub fn routes() -> Vec<Route> {
    let named = |route: Route| {
        let kind = Kind::Bounded(1, limits::ENVELOPE_TEXT_BYTES_MAX);
        route.path("kind", kind, "The kind of task, as plugins name it.")
    };
    vec![
        Route::get("/gateway", "kinds", kinds)
            .says("How every kind of task is carried out.")
            .and(usual::read),
        Route::get("/gateway/{kind}", "kind", kind)
            .says("How a kind of task is carried out.")
            .and(named)
            .and(usual::read),
        Route::put("/gateway/{kind}", "setKind", set)
            .says("Carry out a kind of task like this from now on, those that wait already first.")
            .and(named)
            .good(200, "As it is now."),
        Route::delete("/gateway/{kind}", "unsetKind", unset)
            .says("Carry a kind out no more: its tasks wait.")
            .and(named)
            .good(200, "Nobody carries it out."),
    ]
}

fn secret() -> Json {
    let text = || json!({"type": "string"});
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

/// What `PUT /gateway/{kind}` takes; `KindConfig::parse` is what reads it.
fn kind_config() -> Schema {
    let text = || json!({"type": "string"});
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
    schemars::json_schema!({
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

/// How a kind is to be carried out, checked.
struct Config(KindConfig);

impl Input for Config {
    fn declared() -> Option<BodyDeclared> {
        Some(BodyDeclared {
            media: "application/json",
            schema: |_| kind_config(),
            is_required: true,
        })
    }

    fn read(_: &HeaderMap, bytes: Vec<u8>) -> Result<Self, Problem> {
        Ok(Config(KindConfig::parse(&text(bytes)?)?))
    }
}

/// How every kind is carried out.
async fn kinds(door: Authorized<Read, WholeBook>) -> Result<Answer<Json>, Problem> {
    let head = door.book().live().head;
    let kinds = door.book().read_log(Reader::gateway_kinds).await?;
    let body = json!({
        "gateway": door.book().gateway().is_some(),
        "kinds": kinds.iter().map(gateway_json).collect::<Vec<_>>(),
    });
    answer(door.headers(), &body, head, Tag::Body)
}

/// How one is.
async fn kind(door: Authorized<Read, WholeBook>) -> Result<Answer<Json>, Problem> {
    let name = door.path("kind")?;
    let head = door.book().live().head;
    let found = find(door.book(), &name).await?;
    let found = found.ok_or_else(|| {
        let text = format!("no event ever asked for a task of kind '{}'", shown(&name));
        Error::usage(text).problem(Detail::Unknown)
    })?;
    answer(door.headers(), &gateway_json(&found), head, Tag::Body)
}

/// Says how a kind is carried out from now on.
async fn set(
    door: Authorized<Operate, WholeBook>,
    config: Config,
) -> Result<Answer<Json>, Problem> {
    let name = door.path("kind")?;
    let config = config.0;
    let actor = door.actor();
    let kind = name.clone();
    door.book()
        .alone(move |book| book.set_gateway_kind(&kind, &config, actor.as_deref()))
        .await?;
    let found = find(door.book(), &name).await?;
    let found = found.as_ref().map(gateway_json);
    told(StatusCode::OK, &found.unwrap_or_default())
}

/// Nobody carries a kind out any more.
async fn unset(door: Authorized<Operate, WholeBook>) -> Result<Answer<Json>, Problem> {
    let name = door.path("kind")?;
    let unset = json!({ "unset": name });
    door.book()
        .alone(move |book| book.unset_gateway_kind(&name))
        .await?;
    told(StatusCode::OK, &unset)
}

async fn find(book: &Hosted, name: &str) -> Result<Option<GatewayKind>, Problem> {
    let kinds = book.read_log(Reader::gateway_kinds).await?;
    Ok(kinds.into_iter().find(|known| known.kind == name))
}
