//! Errors as RFC 9457 problem details: a stable `type` for each, and what a client can act upon.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value as Json};

use crate::model::error::Problem as Detail;
use crate::model::{Error, ErrorKind};
use crate::wire::{self, Misfit, Moved, Rejected, Stale, StaleRow};

/// A refusal on its way to the client.
#[derive(Debug)]
pub struct Problem {
    pub status: StatusCode,
    /// The last part of its `type`, which never changes its meaning.
    pub name: &'static str,
    pub detail: String,
    /// Members beside those of the RFC.
    pub members: Map<String, Json>,
}

impl Problem {
    pub fn new(status: StatusCode, name: &'static str, detail: impl Into<String>) -> Problem {
        Problem {
            status,
            name,
            detail: detail.into(),
            members: Map::new(),
        }
    }

    pub fn with(mut self, name: &str, value: impl Into<Json>) -> Problem {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// With the members of a message.
    pub fn with_members(mut self, message: &impl Serialize) -> Problem {
        if let Ok(Json::Object(members)) = serde_json::to_value(message) {
            self.members.extend(members);
        }
        self
    }

    /// A request that cannot be understood.
    pub fn malformed(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, "malformed", detail)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        let (status, name) = match (error.problem.as_deref(), error.kind) {
            (Some(Detail::Unknown), _) => (StatusCode::NOT_FOUND, "unknown"),
            (Some(Detail::Schema { .. }), _) => (StatusCode::UNPROCESSABLE_ENTITY, "schema"),
            (Some(Detail::Reused), _) => (StatusCode::UNPROCESSABLE_ENTITY, "id-reused"),
            (Some(Detail::Moved { .. }), _) => (StatusCode::PRECONDITION_FAILED, "position"),
            (Some(Detail::Stale(_)), _) => (StatusCode::CONFLICT, "stale"),
            (Some(Detail::Busy), _) => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
            (Some(Detail::Limit), _) => (StatusCode::UNPROCESSABLE_ENTITY, "limit"),
            (Some(Detail::Already), _) => (StatusCode::CONFLICT, "already"),
            (Some(Detail::Needed), _) => (StatusCode::CONFLICT, "needed"),
            (Some(Detail::Rejected(_)), _) => (StatusCode::UNPROCESSABLE_ENTITY, "rejected"),
            (Some(Detail::Lost | Detail::InUse), _) => {
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
            }
            (None, ErrorKind::Usage | ErrorKind::Refused) => (StatusCode::BAD_REQUEST, "malformed"),
            (None, ErrorKind::Conflict) => (StatusCode::CONFLICT, "conflict"),
            (None, ErrorKind::Rejected) => (StatusCode::UNPROCESSABLE_ENTITY, "rejected"),
            (None, ErrorKind::Plugin) => (StatusCode::UNPROCESSABLE_ENTITY, "plugin"),
            (None, ErrorKind::Unavailable) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
            (None, ErrorKind::Io | ErrorKind::Corrupt | ErrorKind::Internal) => {
                tracing::error!(%error, "a request failed");
                (StatusCode::INTERNAL_SERVER_ERROR, "fault")
            }
        };
        let mut problem = Problem::new(status, name, error.message).with("kind", error.kind.name());
        if let Some(hint) = error.hint {
            problem = problem.with("hint", hint);
        }
        match error.problem.map(|detail| *detail) {
            Some(Detail::Schema { pointer }) => problem.with_members(&Misfit { pointer }),
            Some(Detail::Moved { position }) => problem.with_members(&Moved { position }),
            Some(Detail::Stale(rows)) => {
                let rows = rows.into_iter().map(|(table, key, columns)| StaleRow {
                    table,
                    key,
                    columns,
                });
                let changed = rows.collect();
                problem.with_members(&Stale { changed })
            }
            Some(Detail::Rejected(rejection)) => problem.with_members(&Rejected::from(&rejection)),
            Some(
                Detail::Unknown
                | Detail::Reused
                | Detail::Busy
                | Detail::Limit
                | Detail::Already
                | Detail::Needed
                | Detail::Lost
                | Detail::InUse,
            )
            | None => problem,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut members = self.members;
        let mut take = |name: &str| match members.remove(name) {
            Some(Json::String(text)) => Some(text),
            _ => None,
        };
        let body = wire::Problem {
            problem: format!("/problems/{}", self.name),
            title: self
                .status
                .canonical_reason()
                .unwrap_or("refused")
                .to_owned(),
            status: self.status.as_u16(),
            detail: self.detail,
            kind: take("kind"),
            hint: take("hint"),
            members,
        };
        let kind = HeaderValue::from_static("application/problem+json");
        // Texts and JSON values: there is nothing in it that cannot be written.
        let body = serde_json::to_string(&body).unwrap_or_default();
        let mut response = (self.status, body).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        if self.status == StatusCode::SERVICE_UNAVAILABLE || self.name == "behind" {
            let soon = HeaderValue::from_static("1");
            response.headers_mut().insert(header::RETRY_AFTER, soon);
        }
        response
    }
}

/// There is no such path.
pub fn not_found(uri: &axum::http::Uri) -> Problem {
    let path = crate::model::error::shown(uri.path());
    Problem::new(
        StatusCode::NOT_FOUND,
        "unknown",
        format!("there is nothing at '{path}'"),
    )
    .with("hint", "GET / lists what there is")
}

/// There is no such method.
pub fn method_not_allowed(method: &axum::http::Method) -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method",
        format!("{method} is not possible here"),
    )
}
