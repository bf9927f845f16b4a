//! How each kind of task is carried out: what is configured, and changes of it. Kinds are no plugin's.

use axum::http::{HeaderMap, StatusCode};

use super::answer::{Answer, Tag, answer, told};
use super::declared::{BodyDeclared, Kind};
use super::input::{Input, json_text};
use super::problem::Problem;
use super::route::{Authorized, Route};
use super::scopes::{Operate, Read, WholeBook};
use super::usual;
use crate::gateway::KindConfig;
use crate::model::error::{Problem as Detail, shown};
use crate::model::{Error, limits};
use crate::serve::hosted::Hosted;
use crate::serve::operations::blocking;
use crate::verbs::Reads;
use crate::wire::{GatewayKind, GatewayKinds, UnsetKind};

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
            .acts()
            .and(named)
            .good(200, "As it is now."),
        Route::delete("/gateway/{kind}", "unsetKind", unset)
            .says("Carry a kind out no more: its tasks wait.")
            .and(named)
            .good(200, "Nobody carries it out."),
    ]
}

/// How a kind is to be carried out, checked.
struct Config(KindConfig);

impl Input for Config {
    fn declared() -> Option<BodyDeclared> {
        Some(BodyDeclared {
            media: "application/json",
            schema: |generator| generator.subschema_for::<KindConfig>(),
            is_required: true,
        })
    }

    fn read(headers: &HeaderMap, bytes: Vec<u8>) -> Result<Self, Problem> {
        Ok(Config(KindConfig::parse(&json_text(headers, bytes)?)?))
    }
}

/// How every kind is carried out.
async fn kinds(door: Authorized<Read, WholeBook>) -> Result<Answer<GatewayKinds>, Problem> {
    let head = door.book().live().head;
    let kinds = door.book().read_log(Reads::gateway_kinds).await?;
    let body = GatewayKinds {
        gateway: door.book().gateway().is_some(),
        kinds,
    };
    answer(door.headers(), &body, head, Tag::Body)
}

/// How one is.
async fn kind(door: Authorized<Read, WholeBook>) -> Result<Answer<GatewayKind>, Problem> {
    let head = door.book().live().head;
    let found = find(door.book(), &door.path("kind")?).await?;
    answer(door.headers(), &found, head, Tag::Body)
}

/// Says how a kind is carried out from now on.
async fn set(
    door: Authorized<Operate, WholeBook>,
    Config(config): Config,
) -> Result<Answer<GatewayKind>, Problem> {
    let (name, actor) = (door.path("kind")?, door.actor());
    let kind = name.clone();
    let folders = door.book().server().options().folders.clone();
    let config = blocking(move || config.driver.check_outside(&folders).map(|()| config)).await?;
    door.book()
        .alone(move |book| book.set_gateway_kind(&kind, &config, actor.as_deref()))
        .await?;
    told(StatusCode::OK, &find(door.book(), &name).await?)
}

/// Nobody carries a kind out any more.
async fn unset(door: Authorized<Operate, WholeBook>) -> Result<Answer<UnsetKind>, Problem> {
    let name = door.path("kind")?;
    let unset = UnsetKind {
        unset: name.clone(),
    };
    door.book()
        .alone(move |book| book.unset_gateway_kind(&name))
        .await?;
    told(StatusCode::OK, &unset)
}

async fn find(book: &Hosted, name: &str) -> Result<GatewayKind, Problem> {
    let kinds = book.read_log(Reads::gateway_kinds).await?;
    let found = kinds.into_iter().find(|known| known.kind == name);
    found.ok_or_else(|| {
        let text = format!("no event ever asked for a task of kind '{}'", shown(name));
        Error::usage(text).problem(Detail::Unknown).into()
    })
}
