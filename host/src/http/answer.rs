//! What every read is answered with: JSON, the position that it saw, and a tag to ask again with.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::commands::header_value;
use super::guards;
use super::problem::Problem;
use crate::model::{Digest, Error, Seq};

/// Ask again before it is used again.
const CHANGING: &str = "no-cache";

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Bytes of what most requests are answered.
const ANSWER_BYTES: usize = 1 << 10;

/// What may be said of an answer beside its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tag {
    /// The hash of the body.
    Body,
    /// This text.
    Text(String),
}

/// A body with its tag and the position it was read at; 304 without it where the client has it already.
pub fn answer(
    request: &HeaderMap,
    body: &impl Serialize,
    position: Seq,
    tag: Tag,
) -> Result<Response, Problem> {
    let body = written(body)?;
    let tag = match tag {
        Tag::Body => hash(&body),
        Tag::Text(text) => text,
    };
    let tag = format!("\"{tag}\"");
    let known = guards::text(request, "if-none-match")?;
    let mut response = match known.is_some_and(|known| matches(known, &tag)) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => ([(header::CONTENT_TYPE, JSON)], body).into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::ETAG, header_value(&tag)?);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(CHANGING));
    Ok(at(position, response))
}

/// A body that is JSON, written into memory of one piece: axum's own grows by small steps.
pub fn json(body: &impl Serialize) -> Result<Response, Problem> {
    Ok(([(header::CONTENT_TYPE, JSON)], written(body)?).into_response())
}

fn written(body: &impl Serialize) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::with_capacity(ANSWER_BYTES);
    serde_json::to_writer(&mut bytes, body)
        .map_err(|error| Error::internal(format!("an answer that is not JSON: {error}")))?;
    Ok(bytes)
}

/// Says at which position something was read.
pub fn at(position: Seq, answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    let position = HeaderValue::from(position.0);
    response.headers_mut().insert("daybook-position", position);
    response
}

/// 32 hexadecimal digits.
fn hash(bytes: &[u8]) -> String {
    Digest::of(bytes).to_string()[..32].to_owned()
}

/// True where a tag is one of those in `If-None-Match`, weak or strong.
fn matches(known: &str, tag: &str) -> bool {
    known
        .split(',')
        .map(|known| known.trim().trim_start_matches("W/"))
        .any(|known| known == tag || known == "*")
}
