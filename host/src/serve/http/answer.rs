//! What requests are answered with, as a type: JSON, and with reads the position that they saw and a tag to ask again
//! with. Nobody but who asked is to keep any of it, which `browser::guard` says.

use std::marker::PhantomData;

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::guards;
use super::problem::Problem;
use crate::model::error::Problem as Detail;
use crate::model::{Digest, Error, Seq, limits};

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The version that answered.
pub const VERSION: HeaderName = HeaderName::from_static("daybook-version");

/// The log's last event that the answer knows of.
pub const POSITION: HeaderName = HeaderName::from_static("daybook-position");

/// Bytes of what most requests are answered.
const ANSWER_BYTES: usize = 1 << 10;

/// A good answer, and what its body is: that the description tells the truth is the compiler's to see.
pub struct Answer<T> {
    response: Response,
    of: PhantomData<fn() -> T>,
}

impl<T> Answer<T> {
    /// A response that was made otherwise: a stream, text, or a switch of protocols.
    pub fn of(response: impl IntoResponse) -> Answer<T> {
        Answer {
            response: response.into_response(),
            of: PhantomData,
        }
    }

    /// The answer, of which the description tells as of another type: one that does not borrow.
    pub fn described_as<U>(self) -> Answer<U> {
        Answer::of(self.response)
    }

    /// The answer with another header.
    pub fn with(mut self, name: HeaderName, value: HeaderValue) -> Answer<T> {
        self.response.headers_mut().insert(name, value);
        self
    }

    /// The answer with a status.
    pub fn status(mut self, status: StatusCode) -> Answer<T> {
        *self.response.status_mut() = status;
        self
    }

    /// The answer with the position that it was read at.
    pub fn at(self, position: Seq) -> Answer<T> {
        let position = HeaderValue::from(position.0);
        self.with(POSITION, position)
    }
}

impl<T> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        self.response
    }
}

/// What was done.
pub fn told<T: Serialize>(status: StatusCode, body: &T) -> Result<Answer<T>, Problem> {
    Ok(json(body)?.status(status))
}

/// What may be said of an answer beside its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tag {
    /// The hash of the body.
    Body,
    /// This text.
    Text(String),
}

/// A body with its tag and the position it was read at; 304 without it where the client has it already.
pub fn answer<T: Serialize>(
    request: &HeaderMap,
    body: &T,
    position: Seq,
    tag: Tag,
) -> Result<Answer<T>, Problem> {
    let body = written(Bounded(Vec::with_capacity(ANSWER_BYTES)), body)?.0;
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
    Ok(Answer::of(at(position, response)))
}

/// A body that is JSON, written into memory of one piece: axum's own grows by small steps. What was done must be told
/// whatever its size; it was bounded before it was done.
pub fn json<T: Serialize>(body: &T) -> Result<Answer<T>, Problem> {
    let body = written(Vec::with_capacity(ANSWER_BYTES), body)?;
    Ok(Answer::of(([(header::CONTENT_TYPE, JSON)], body)))
}

/// Text as a header's value.
pub fn header_value(text: &str) -> Result<HeaderValue, Problem> {
    HeaderValue::from_str(text).map_err(|_| Problem::from(Error::internal("a header that is none")))
}

fn written<W: std::io::Write>(mut to: W, body: &impl Serialize) -> Result<W, Error> {
    serde_json::to_writer(&mut to, body).map_err(|error| match error.is_io() {
        true => {
            let text = format!(
                "the answer has more than {} bytes",
                limits::ANSWER_BYTES_MAX
            );
            Error::refused(text)
                .problem(Detail::Limit)
                .hint("ask for less at once")
        }
        false => Error::internal(format!("an answer that is not JSON: {error}")),
    })?;
    Ok(to)
}

/// Takes as many bytes as the answer of a read may have.
struct Bounded(Vec<u8>);

impl std::io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.len() + bytes.len() > limits::ANSWER_BYTES_MAX {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Says at which position something was read.
pub fn at(position: Seq, answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    let position = HeaderValue::from(position.0);
    response.headers_mut().insert(POSITION, position);
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
