//! `POST /query`: a person's SELECT over the live state, with a limit on everything.

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::App;
use super::answer::at;
use super::commands::body_text;
use super::listing::bytes_of;
use super::parameters::Parameters;
use super::problem::Problem;
use super::state::Weight;
use crate::book::json_of;
use crate::model::Value;
use crate::study::Moment;

/// Rows of one answer when the client does not say, and at most.
const ROWS_DEFAULT: usize = 1_000;
const ROWS_MAX: usize = 10_000;

/// Bytes of rows at which an answer is cut.
const ANSWER_BYTES_MAX: usize = 8 << 20;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct QueryJson {
    sql: String,
    #[serde(default)]
    parameters: Vec<Json>,
    limit: Option<usize>,
    /// A position in the log, or a time.
    as_of: Option<Json>,
}

pub async fn post(
    State(app): State<App>,
    uri: Uri,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    Parameters::of(&uri)?.done(&[])?;
    let query: QueryJson = serde_json::from_str(&body_text(body)?).map_err(|error| {
        let shape =
            "{\"sql\": \"SELECT …\", \"parameters\": […], \"limit\": 1000, \"as_of\": 20000}";
        Problem::malformed(format!("the body is not {shape}: {error}"))
    })?;
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
    let (position, body) = app
        .snapshot(Weight::Query, as_of, move |_, snapshot| {
            let answer = snapshot.select(&query.sql, &parameters, rows_max, ANSWER_BYTES_MAX)?;
            let rows = { answer.rows.iter() }.map(|row| row.iter().map(json_of).collect());
            let body = json!({
                "columns": answer.columns,
                "rows": rows.collect::<Vec<Json>>(),
                "truncated": answer.truncated,
                "position": snapshot.position().0,
            });
            Ok((snapshot.position(), body))
        })
        .await?;
    let mut response = at(position, axum::Json(body)).into_response();
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
