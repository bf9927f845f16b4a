//! `POST /query`: a person's SELECT over the live state, with a limit on everything.

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value as Json;

use super::App;
use super::answer::at;
use super::lives::body;
use super::parameters::Parameters;
use super::problem::Problem;
use super::state::Weight;
use crate::model::Value;
use crate::study::Moment;
use crate::wire::{Cell, QueryReply, QueryRequest, ROWS_MAX, bytes_of};

/// Rows of one answer when the client does not say.
const ROWS_DEFAULT: usize = 1_000;

/// Bytes of rows at which an answer is cut.
const ANSWER_BYTES_MAX: usize = 8 << 20;

pub async fn post(
    State(app): State<App>,
    uri: Uri,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    Parameters::of(&uri)?.done(&[])?;
    let query: QueryRequest = body(bytes)?;
    let rows_max = query.limit.unwrap_or(ROWS_DEFAULT);
    if !(1..=ROWS_MAX).contains(&rows_max) {
        let text = format!("'limit' is a number from 1 to {ROWS_MAX}");
        return Err(Problem::malformed(text));
    }
    let parameters: Vec<Value> = query
        .parameters
        .iter()
        .map(parameter)
        .collect::<Result<_, _>>()?;
    let as_of = match &query.as_of {
        None | Some(Json::Null) => None,
        Some(Json::String(text)) => Some(text.clone()),
        Some(other) => Some(other.to_string()),
    };
    let as_of: Option<Moment> = as_of
        .map(|text| text.parse())
        .transpose()
        .map_err(|_| Problem::malformed("'as_of' is the seq of an event, or a time of RFC 3339"))?;
    let (position, reply) = app
        .snapshot(Weight::Query, as_of, move |_, snapshot| {
            let answer = snapshot.select(&query.sql, &parameters, rows_max, ANSWER_BYTES_MAX)?;
            let row = |row: Vec<Value>| row.into_iter().map(Cell).collect();
            let body = QueryReply {
                columns: answer.columns,
                rows: answer.rows.into_iter().map(row).collect(),
                truncated: answer.truncated,
                position: snapshot.position().0,
            };
            Ok((snapshot.position(), body))
        })
        .await?;
    let mut response = at(position, axum::Json(reply)).into_response();
    let caching = HeaderValue::from_static("no-store");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, caching);
    Ok(response)
}

/// A parameter as JSON writes it; a blob as answers show it.
fn parameter(json: &Json) -> Result<Value, Problem> {
    let value = match json {
        Json::Null => Some(Value::Null),
        Json::Bool(truth) => Some(Value::Integer(i64::from(*truth))),
        Json::Number(number) => {
            { number.as_i64().map(Value::Integer) }.or_else(|| number.as_f64().map(Value::Real))
        }
        Json::String(text) => Some(Value::Text(text.clone())),
        Json::Object(object) if object.len() == 1 => { object.get("blob") }
            .and_then(Json::as_str)
            .and_then(bytes_of)
            .map(Value::Blob),
        Json::Object(_) | Json::Array(_) => None,
    };
    value.ok_or_else(|| {
        Problem::malformed("a parameter is null, a number, a text, a truth or {\"blob\": \"00ff\"}")
    })
}
