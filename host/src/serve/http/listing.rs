//! What a listing of a table asks for: filters, order, columns, and where the last page ended.

use super::parameters::{Parameters, decoded, flag, unknown};
use super::problem::Problem;
use crate::model::error::shown;
use crate::model::layout::fits;
use crate::model::manifest::{Column, ColumnKind};
use crate::model::value::hex;
use crate::model::{Digest, TableLayout, Value, limits};
use crate::store::{Comparison, Filter, PageQuery};
use crate::wire::bytes_of;

/// Rows of one page when the client does not say, and at most.
const ROWS_DEFAULT: usize = 100;
pub const ROWS_MAX: usize = 1_000;

/// Filters of one request: each is a term for SQLite to look at in every row.
const FILTERS_MAX: usize = 50;

/// Parameters that are not columns. A column of such a name is filtered as `name.eq`.
const PARAMETERS: [&str; 8] = [
    "order",
    "limit",
    "columns",
    "after",
    "hashes",
    "as_of",
    "as_of_event_time",
    "as_known",
];

/// What may follow a column's name.
const OPERATORS: [(&str, Comparison); 6] = [
    ("eq", Comparison::Equal),
    ("ne", Comparison::NotEqual),
    ("lt", Comparison::Less),
    ("lte", Comparison::AtMost),
    ("gt", Comparison::Greater),
    ("gte", Comparison::AtLeast),
];

/// A listing, understood.
#[derive(Debug)]
pub struct Listing {
    pub query: PageQuery,
    /// Columns to show.
    pub columns: Vec<usize>,
    /// Show each column's hash too.
    pub hashes: bool,
}

impl Listing {
    pub fn of(mut parameters: Parameters, table: &TableLayout) -> Result<Listing, Problem> {
        let (order, descending) = match parameters.take("order")? {
            None => (None, false),
            Some(text) => {
                let name = text.strip_prefix('-').unwrap_or(&text);
                (Some(column(table, name)?), text.starts_with('-'))
            }
        };
        let rows_max = parameters.take_limit(ROWS_DEFAULT, ROWS_MAX)?;
        let columns = columns(&mut parameters, table)?;
        let hashes = parameters.take_flag("hashes")?;
        let after = parameters.take("after")?;
        let order: Vec<usize> = order
            .into_iter()
            .chain(table.key.iter().copied().filter(|at| Some(*at) != order))
            .collect();
        let filters = parameters.rest();
        if filters.len() > FILTERS_MAX {
            return Err(Problem::malformed(format!(
                "{} filters; {FILTERS_MAX} at most",
                filters.len()
            )));
        }
        let filters = filters
            .iter()
            .map(|(name, text)| filter(table, name, text))
            .collect::<Result<_, Problem>>()?;
        let mut query = PageQuery {
            filters,
            order,
            descending,
            after: None,
            rows_max,
            bytes_max: limits::PAGE_BYTES_MAX,
        };
        if let Some(cursor) = after {
            let values = read_cursor(table, &query, &cursor).ok_or_else(|| {
                Problem::malformed("'after' is not what 'next' was in a page of this order")
            })?;
            query.after = Some(values);
        }
        Ok(Listing {
            query,
            columns,
            hashes,
        })
    }

    /// What to send as `after` for the rows behind this one.
    pub fn cursor(&self, table: &TableLayout, row: &[Value]) -> String {
        let mut bytes = cursor_tag(table, &self.query).to_vec();
        for &at in &self.query.order {
            row[at].encode(&mut bytes);
        }
        hex(&bytes)
    }
}

/// The columns that are asked for by `columns`; all of them where it is absent.
pub fn columns(parameters: &mut Parameters, table: &TableLayout) -> Result<Vec<usize>, Problem> {
    match parameters.take_list("columns", table.columns.len())? {
        None => Ok((0..table.columns.len()).collect()),
        Some(names) => names.iter().map(|name| column(table, name)).collect(),
    }
}

/// The key in a path: its parts as they were sent, with commas between them.
pub fn key(table: &TableLayout, text: &str) -> Result<Vec<Value>, Problem> {
    let parts: Vec<_> = text.split(',').collect();
    if parts.len() != table.key.len() {
        let names: Vec<_> = { table.key.iter() }
            .map(|&at| table.columns[at].name.as_str())
            .collect();
        return Err(Problem::malformed(format!(
            "the key of {}.{} is {}; a comma inside a part is sent as %2C",
            table.plugin,
            table.table,
            names.join(","),
        )));
    }
    { table.key.iter().zip(parts) }
        .map(|(&at, part)| value(&table.columns[at], &decoded(part, false)?))
        .collect()
}

fn column(table: &TableLayout, name: &str) -> Result<usize, Problem> {
    table.column(name).ok_or_else(|| {
        let known: Vec<_> = { table.columns.iter() }
            .map(|column| column.name.as_str())
            .collect();
        let text = format!(
            "{}.{} has no column '{}'",
            table.plugin,
            table.table,
            shown(name)
        );
        Problem::malformed(text).with("known", known)
    })
}

fn filter(table: &TableLayout, name: &str, text: &str) -> Result<Filter, Problem> {
    let (column_name, operator) = name.split_once('.').unwrap_or((name, "eq"));
    let Some(at) = table.column(column_name) else {
        let columns = table.columns.iter().map(|column| column.name.as_str());
        return Err(unknown(name, PARAMETERS.into_iter().chain(columns)));
    };
    if operator == "null" {
        return Ok(Filter::Null(at, flag(name, text)?));
    }
    let known = OPERATORS.iter().find(|(known, _)| *known == operator);
    let Some((_, comparison)) = known else {
        let operators = OPERATORS.iter().map(|(known, _)| *known);
        return Err(unknown(name, operators.chain(["null"])));
    };
    let value = value(&table.columns[at], text)?;
    Ok(Filter::Compare(at, *comparison, value))
}

/// A value as a path or a query writes it: by the format of its column, or else by its kind.
fn value(column: &Column, text: &str) -> Result<Value, Problem> {
    if let Some(format) = &column.format {
        return format.read(text, column.kind).ok_or_else(|| {
            let (text, name) = (shown(text), &column.name);
            Problem::malformed(format!("'{text}' is not {format}, as '{name}' is"))
                .with("example", format.example())
        });
    }
    let parsed = match column.kind {
        ColumnKind::Integer => text.parse().ok().map(Value::Integer),
        // Adding zero makes `-0.0` the `0.0` that rows hold.
        ColumnKind::Real => { text.parse::<f64>().ok() }
            .filter(|number| number.is_finite())
            .map(|number| Value::Real(number + 0.0)),
        ColumnKind::Text => Some(Value::Text(text.to_owned())),
        ColumnKind::Blob => bytes_of(text).map(Value::Blob),
    };
    parsed.ok_or_else(|| {
        let kind = match column.kind {
            ColumnKind::Integer => "a whole number of 64 bits",
            ColumnKind::Real => "a finite number",
            ColumnKind::Text => "text",
            ColumnKind::Blob => "hexadecimal digits",
        };
        let text = shown(text);
        Problem::malformed(format!("'{text}' is not {kind}, as '{}' is", column.name))
    })
}

/// A cursor is for one table in one order, whatever the filters.
fn cursor_tag(table: &TableLayout, query: &PageQuery) -> [u8; 8] {
    let mut text = format!("{} {}", table.sql_name, query.descending);
    for &at in &query.order {
        text.push(' ');
        text.push_str(&table.columns[at].name);
    }
    let mut tag = [0; 8];
    tag.copy_from_slice(&Digest::of(text.as_bytes()).0[..8]);
    tag
}

fn read_cursor(table: &TableLayout, query: &PageQuery, text: &str) -> Option<Vec<Value>> {
    let bytes = bytes_of(text)?;
    let mut rest = bytes.strip_prefix(&cursor_tag(table, query))?;
    let mut values = Vec::with_capacity(query.order.len());
    for &at in &query.order {
        let value = Value::decode(&mut rest)?;
        if !fits(&value, &table.columns[at]) {
            return None;
        }
        values.push(value);
    }
    rest.is_empty().then_some(values)
}
