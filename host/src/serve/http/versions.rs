//! Versions of plugins: what was loaded, one more, and what is done to one: activate, certify, retire.

use axum::http::{HeaderMap, StatusCode};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::answer::{Answer, Tag, answer, told};
use super::declared::{BodyDeclared, Kind};
use super::guards;
use super::input::{Asked, Input};
use super::problem::Problem;
use super::route::{Authorized, Route};
use super::scopes::{AnyPlugin, OfComponent, OfVersion, Operate, Read};
use super::usual;
use crate::book::Reader;
use crate::model::error::shown;
use crate::model::limits;
use crate::serve::bodies::Size;
use crate::serve::operations::blocking;
use crate::versions::{Policy, VersionLine};
use crate::wire::Activated;

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/versions", "versions", list)
            .says("Every version that was ever loaded.")
            .and(usual::read),
        Route::post("/versions", "load", load)
            .says("Load a version: compiled and checked; it takes effect when it is activated.")
            .good(200, "Exactly this was loaded before; nothing changed.")
            .good(201, "Loaded.")
            .refuses(415, "A component is application/wasm.")
            .refuses(422, usual::PLUGIN_FAILED),
        Route::post("/versions/{version}/activate", "activate", activate)
            .says("Put a loaded version in force. Who reads sees the old state or the new one, never a mixture.")
            .and(usual::of_version)
            .good(200, "In force: `seq` is the event that says so.")
            .refuses(409, "It is active already.")
            .refuses(422, usual::PLUGIN_FAILED),
        Route::post("/versions/{version}/certify", "certify", certify)
            .says("Try a loaded version once more on the history there is now; or, with isolation `event`, try nothing and reuse none of its instances.")
            .and(usual::of_version)
            .good(200, "What it came to, which is kept.")
            .and(usual::operation),
        Route::post("/versions/{version}/retire", "retire", retire)
            .says("Give a version up that nothing and nobody needs.")
            .and(usual::of_version)
            .good(200, "Nobody gets it any more.")
            .and(usual::operation),
        Route::get("/changelog", "changelog", changelog)
            .says("What each version changed: in its author's words, and in what it declares.")
            .query("plugin", Kind::Text, "Only this plugin's.")
            .and(usual::read),
    ]
}

/// Every version that was ever loaded.
async fn list(door: Authorized<Read, AnyPlugin>) -> Result<Answer<Json>, Problem> {
    let live = door.book().live();
    let lines = door.book().read_log(Reader::versions).await?;
    let versions = lines.iter().map(VersionLine::json);
    let body = json!({"versions": versions.collect::<Vec<_>>()});
    answer(door.headers(), &body, live.head, Tag::Body)
}

/// How components come.
const COMPONENT: &str = "application/wasm";

/// A component, compiled or not.
struct Component(Vec<u8>);

impl Input for Component {
    const SIZE: Size = Size::Component;

    fn declared() -> Option<BodyDeclared> {
        Some(BodyDeclared {
            media: COMPONENT,
            schema: |_| {
                schemars::json_schema!({
                    "type": "string", "format": "binary", "maxLength": limits::COMPONENT_BYTES_MAX,
                })
            },
            is_required: true,
        })
    }

    fn read(headers: &HeaderMap, bytes: Vec<u8>) -> Result<Self, Problem> {
        let kind = guards::text(headers, "content-type")?.unwrap_or_default();
        let essence = kind.split(';').next().unwrap_or_default().trim();
        if essence.eq_ignore_ascii_case(COMPONENT) {
            return Ok(Component(bytes));
        }
        let text = format!("'{}' is not how a component comes", shown(essence));
        let problem = Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", text);
        Err(problem.with("hint", format!("Content-Type: {COMPONENT}")))
    }
}

/// Registers a component. It is compiled beside the writer, which is then asked for a moment.
async fn load(
    door: Authorized<Operate, OfComponent>,
    Component(bytes): Component,
) -> Result<Answer<Json>, Problem> {
    let permit = door.book().operations().compiling().await?;
    let loader = door.book().operations().loader().clone();
    let compiled = blocking(move || Ok((loader.compile(&bytes)?, bytes)));
    let (code, bytes) = compiled.await?;
    // What the component calls itself is known here first; nothing of the book was read yet.
    door.caller().check_plugin(code.version.plugin.as_str())?;
    let loader = door.book().operations().loader().clone();
    let compiled = blocking(move || loader.prepare(code)).await?;
    drop(permit);
    let loaded = door
        .book()
        .ask(|writer, done| writer.alone(move |book| book.load_compiled(compiled, &bytes), done))
        .await?;
    let status = match loaded.already {
        true => StatusCode::OK,
        false => StatusCode::CREATED,
    };
    told(status, &loaded.json())
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ActivateJson {
    policy: PolicyJson,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum PolicyJson {
    Pinned,
    Recorded,
}

/// Puts a loaded version in force.
async fn activate(
    door: Authorized<Operate, OfVersion>,
    Asked(asked): Asked<ActivateJson>,
) -> Result<Answer<Json>, Problem> {
    let version = door.scope.0.clone();
    let policy = match asked.policy {
        PolicyJson::Pinned => Policy::Pinned,
        PolicyJson::Recorded => Policy::Recorded,
    };
    let permit = door.book().operations().compiling().await?;
    let (loader, wanted) = (door.book().operations().loader().clone(), version.clone());
    let warm = blocking(move || loader.warm(&wanted)).await?;
    drop(permit);
    let activated = door
        .book()
        .ask(|writer, done| {
            let work = move |book: &mut crate::book::Book| {
                book.keep_warm(warm);
                let seq = book.activate(&version, policy, &mut |_| {})?;
                Ok(Activated {
                    lineup: book.lineup(),
                    version,
                    seq,
                })
            };
            writer.alone(work, done)
        })
        .await?;
    told(StatusCode::OK, &activated.json())
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CertifyJson {
    /// `event`: nothing is tried, every call of it gets a fresh instance.
    isolation: Option<String>,
}

/// Tries a loaded version once more on the history there is now, and keeps what it came to.
async fn certify(
    door: Authorized<Operate, OfVersion>,
    Asked(asked): Asked<CertifyJson>,
) -> Result<Answer<Json>, Problem> {
    let version = door.scope.0.clone();
    let certified = match asked.isolation.as_deref() {
        None => {
            let certified = door
                .book()
                .study(move |study| study.certify(&version))
                .await?;
            door.book()
                .alone(move |book| book.keep_certified(&certified).map(|()| certified))
                .await?
        }
        Some("event") => {
            door.book()
                .alone(move |book| book.isolate(&version))
                .await?
        }
        Some(_) => return Err(Problem::malformed("'isolation' is \"event\", or absent")),
    };
    told(StatusCode::OK, &certified.json())
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ReasonJson {
    #[serde(default)]
    reason: Option<String>,
}

/// Gives a version up.
async fn retire(
    door: Authorized<Operate, OfVersion>,
    Asked(asked): Asked<ReasonJson>,
) -> Result<Answer<Json>, Problem> {
    let version = door.scope.0.clone();
    let actor = door.actor();
    let name = version.to_string();
    let seq = door
        .book()
        .alone(move |book| book.retire(&version, asked.reason.as_deref(), actor.as_deref()))
        .await?;
    told(StatusCode::OK, &json!({ "version": name, "seq": seq.0 }))
}

/// What each version changed.
async fn changelog(mut door: Authorized<Read, AnyPlugin>) -> Result<Answer<Json>, Problem> {
    let plugin = door.query.take("plugin")?;
    let head = door.book().live().head;
    let entries = door
        .book()
        .read(move |reader| reader.changelog(plugin.as_deref()))
        .await?;
    let entries: Vec<Json> = entries.iter().map(|entry| entry.json()).collect();
    answer(
        door.headers(),
        &json!({ "versions": entries }),
        head,
        Tag::Body,
    )
}
