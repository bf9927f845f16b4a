//! `POST /query`: a person's SELECT over the live state, with a limit on everything.

use serde_json::Value as Json;

use super::answer::{Answer, json};
use super::input::JsonBody;
use super::parameters::other_state;
use super::problem::Problem;
use super::route::{Authorized, Route};
use super::scopes::{Read, WholeBook};
use super::usual;
use crate::book::LIVE;
use crate::model::{JsonText, QueryColumn, Value};
use crate::serve::reads::Weight;
use crate::store::query_columns;
use crate::study::OtherState;
use crate::wire::{Cell, QueryReply, QueryRequest, ROWS_MAX, read_cell};

pub fn routes() -> Vec<Route> {
    vec![
        Route::post("/query", "query", post)
            .says("One read-only SELECT over the tables plugin_table.")
            .good(200, "Columns and rows, and whether there are more.")
            .and(usual::min_position)
            .refuses(422, usual::TOO_MUCH),
    ]
}

/// Rows of one answer when the client does not say.
const ROWS_DEFAULT: usize = 1_000;

/// Bytes of rows at which an answer is cut.
const ANSWER_BYTES_MAX: usize = 8 << 20;

/// Runs it, and answers with what it gave.
async fn post(
    door: Authorized<Read, WholeBook>,
    JsonBody(query): JsonBody<QueryRequest>,
) -> Result<Answer<QueryReply>, Problem> {
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
    let past = other_state(as_of, query.as_of_event_time, query.as_known)?;
    let other = match (past, query.projection) {
        (past, None) => past,
        (None, Some(name)) if name == LIVE => None,
        (None, Some(name)) => Some(OtherState::Replay(name)),
        (Some(_), Some(_)) => {
            let text = "'projection' and 'as_of' name two states; one is enough";
            return Err(Problem::malformed(text));
        }
    };
    let (position, body) = door
        .book()
        .snapshot(Weight::Query, other, move |live, snapshot| {
            let answer = snapshot.select(&query.sql, &parameters, rows_max, ANSWER_BYTES_MAX)?;
            let row = |row: Vec<Value>| row.into_iter().map(Cell).collect();
            let columns = query_columns(&answer.columns, &live.program.layouts.tables);
            let format = |column: &QueryColumn| column.format.as_ref().map(ToString::to_string);
            let body = QueryReply {
                formats: match columns.iter().any(|column| column.format.is_some()) {
                    true => columns.iter().map(format).collect(),
                    false => Vec::new(),
                },
                columns: columns.into_iter().map(|column| column.name).collect(),
                rows: answer.rows.into_iter().map(row).collect(),
                truncated: answer.truncated,
                position: snapshot.position().0,
            };
            Ok((snapshot.position(), body))
        })
        .await?;
    Ok(json(&body)?.at(position))
}

/// A parameter as JSON writes it; a blob as answers show it.
fn parameter(json: &JsonText<'_>) -> Result<Value, Problem> {
    let value = match json.get() {
        "true" => Some(Value::Integer(1)),
        "false" => Some(Value::Integer(0)),
        text => read_cell(text),
    };
    value.ok_or_else(|| {
        let shown = crate::model::error::shown(json.get());
        Problem::malformed(format!(
            "parameter {shown} is not null, a number (whole ones of 64 bits), a text, a truth or {{\"blob\": \"00ff\"}}"
        ))
    })
}
