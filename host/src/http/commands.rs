//! `POST /commands/{type}`

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{Extension, Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::answer::json;
use super::guards::{self, WriteQuery};
use super::otlp::Traced;
use super::problem::Problem;
use super::{App, Caller};
use crate::book::{Decision, Reply, Request};
use crate::model::ErrorKind;
use crate::wire::{CommandReply, Rejected};

pub async fn post(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    traced: Option<Extension<Traced>>,
    Path(command_type): Path<String>,
    query: Result<Query<WriteQuery>, QueryRejection>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    caller.check_type(&command_type)?;
    let Query(query) = query.map_err(|error| Problem::malformed(error.body_text()))?;
    let data = body_text(body)?;
    let subject = query.subject;
    let request = Request {
        command_type,
        data,
        actor: caller.named(query.actor)?,
        id: guards::command_id(&headers)?,
        pin: guards::pin(&headers)?,
        guards: guards::guards(&headers, subject.as_deref())?,
        extensions: guards::extensions(&headers, caller.actor())
            .map(|extensions| serde_json::Value::Object(extensions).to_string()),
        preview: query.preview,
        subject,
        marks: traced.map(|Extension(traced)| traced.marks()),
    };
    let reply = app.ask(|writer, done| writer.run(request, done)).await?;
    if let (Decision::Accepted(events), false, false) =
        (&reply.decision, reply.preview, reply.repeated)
    {
        app.metrics().used(events);
    }
    answer(&reply)
}

/// The body as text: JSON in UTF-8.
pub fn body_text(body: Result<Bytes, BytesRejection>) -> Result<String, Problem> {
    let body = body.map_err(|error| {
        let name = match error.status() {
            StatusCode::PAYLOAD_TOO_LARGE => "too-large",
            _ => "malformed",
        };
        Problem::new(error.status(), name, error.body_text())
    })?;
    String::from_utf8(body.into()).map_err(|_| Problem::malformed("the body is not UTF-8"))
}

fn answer(reply: &Reply) -> Result<Response, Problem> {
    let mut response = match &reply.decision {
        Decision::Accepted(events) => {
            let status = match events.is_empty() || reply.preview {
                true => StatusCode::OK,
                false => StatusCode::CREATED,
            };
            (status, json(&CommandReply::from(reply))?).into_response()
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
            problem
                .with("kind", ErrorKind::Rejected.name())
                .with_members(&members)
                .into_response()
        }
    };
    let date = reply.version.date.to_string();
    let headers = response.headers_mut();
    headers.insert("daybook-version", header_value(&date)?);
    if reply.repeated {
        headers.insert("daybook-repeated", HeaderValue::from_static("true"));
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

pub fn header_value(text: &str) -> Result<HeaderValue, Problem> {
    HeaderValue::from_str(text)
        .map_err(|_| Problem::from(crate::model::Error::internal("a header that is none")))
}
