//! Commands: a plugin is asked for something.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::answer::{Answer, VERSION, header_value, json};
use super::declared::{BodyDeclared, Kind};
use super::guards;
use super::input::{Input, json_text};
use super::problem::Problem;
use super::route::{Authorized, Route};
use super::scopes::{OfCommand, Write};
use super::usual;
use crate::book::{Decision, Reply, Request};
use crate::model::ErrorKind;
use crate::wire::{CommandReply, Rejected};

pub fn routes() -> Vec<Route> {
    vec![
        Route::post("/commands/{type}", COMMAND, post)
            .says("Ask a plugin for something.")
            .path("type", Kind::Text, "plugin.Name")
            .and(usual::write)
            .query(
                "subject",
                Kind::Text,
                "What the command is about; its events inherit it.",
            )
            .query(
                "actor",
                Kind::Text,
                "Who asks; with a token it can only be the token's name.",
            )
            .header(
                "Idempotency-Key",
                Kind::Bounded(1, 255),
                "The same request again gets the first answer.",
            )
            .header(
                "Daybook-Version",
                Kind::Date,
                "The newest version up to this date answers.",
            )
            .good(200, "A preview, or nothing had to change.")
            .good(201, "Kept: the events with all they caused."),
    ]
}

/// The route's name. The description has a path for each command there is in its place.
pub const COMMAND: &str = "command";

/// Told of an answer that was given before.
const REPEATED: HeaderName = HeaderName::from_static("daybook-repeated");

/// A command's payload, as it was sent.
struct Payload(String);

impl Input for Payload {
    fn declared() -> Option<BodyDeclared> {
        Some(BodyDeclared {
            media: "application/json",
            // Each command has a schema of its own, which the description puts here.
            schema: |_| schemars::json_schema!(true),
            is_required: true,
        })
    }

    fn read(headers: &HeaderMap, bytes: Vec<u8>) -> Result<Self, Problem> {
        json_text(headers, bytes).map(Payload)
    }
}

/// Asks a plugin's creator, and keeps the events that it answers with.
async fn post(
    mut door: Authorized<Write, OfCommand>,
    Payload(data): Payload,
) -> Result<Answer<CommandReply<'static>>, Problem> {
    let command_type = door.scope.0.clone();
    let preview = door.query.take_flag("preview")?;
    let subject = door.query.take("subject")?;
    let actor = door.query.take("actor")?;
    let request = Request {
        command_type,
        data,
        actor: door.caller().named(actor)?,
        id: guards::command_id(door.headers(), door.caller())?,
        pin: guards::pin(door.headers())?,
        guards: guards::guards(door.headers(), subject.as_deref())?,
        extensions: guards::context(door.headers(), door.caller().actor()).text(),
        caused_by: None,
        is_inverse: false,
        preview,
        subject,
        marks: door.marks(),
    };
    let reply = door
        .book()
        .ask(|writer, done| writer.run(request, done))
        .await?;
    if let (Decision::Accepted(events), false, false) =
        (&reply.decision, reply.preview, reply.repeated)
    {
        door.book().server().metrics().used(events);
    }
    answer(&reply)
}

fn answer(reply: &Reply) -> Result<Answer<CommandReply<'static>>, Problem> {
    let answer = match &reply.decision {
        Decision::Accepted(events) => {
            let status = match events.is_empty() || reply.preview {
                true => StatusCode::OK,
                false => StatusCode::CREATED,
            };
            json(&CommandReply::from(reply))?
                .status(status)
                .described_as()
        }
        Decision::Rejected(rejection) => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            let problem = Problem::new(status, "rejected", rejection.message.as_str());
            // As of an accepted one: a preview shows what the creator logged.
            let log = reply.log.iter().filter(|_| reply.preview);
            let members = Rejected {
                command: Some(reply.command_id.to_string()),
                log: log.map(|line| line.message.clone()).collect(),
                ..rejection.into()
            };
            Answer::of(
                problem
                    .with("kind", ErrorKind::Rejected.name())
                    .with_members(&members),
            )
        }
    };
    let date = reply.version.date.to_string();
    let answer = answer.with(VERSION, header_value(&date)?);
    Ok(match reply.repeated {
        true => answer.with(REPEATED, HeaderValue::from_static("true")),
        false => answer,
    })
}
