//! Rows of a projection's file by their keys, as they are: for whoever knows a row from the log and has no program at hand.

use std::collections::HashMap;
use std::path::Path;

use rusqlite::params_from_iter;

use super::sql::{self, Bind};
use super::{connect, sqlite};
use crate::model::{Error, Result, TableLayout, Value};

/// A row by its table and key, as recorded effects name it.
#[derive(Debug, Clone)]
pub struct RowKey<'a> {
    pub layout: &'a TableLayout,
    /// In the key's order.
    pub key: Vec<Value>,
}

/// Columns of a row with their values; none where there is no such row, or no such table any more.
pub type NowRow = Option<Vec<(String, Value)>>;

/// The rows with these keys, all of one moment.
pub fn rows_now(path: &Path, keys: &[RowKey<'_>]) -> Result<Vec<NowRow>> {
    let failed = |error| sqlite(&format!("reading {}", path.display()), error);
    let connection = connect::open_to_read(path).map_err(failed)?;
    connection.execute_batch("BEGIN").map_err(failed)?;
    let mut texts: HashMap<&str, Option<String>> = HashMap::new();
    let mut rows = Vec::with_capacity(keys.len());
    for RowKey { layout, key } in keys {
        let name = layout.sql_name.as_str();
        let text = match texts.get(name) {
            Some(text) => text.clone(),
            None => {
                // A version that came later may have another key, or none of the table.
                let mut has_all = connection.table_exists(None, name).map_err(failed)?;
                let mut parts = Vec::with_capacity(layout.key.len());
                for &at in &layout.key {
                    let column = &layout.columns[at].name;
                    has_all = has_all
                        && connection
                            .column_exists(None, name, column)
                            .map_err(failed)?;
                    parts.push(format!("\"{column}\" = ?"));
                }
                let text = format!("SELECT * FROM \"{name}\" WHERE {}", parts.join(" AND "));
                texts.entry(name).or_insert(has_all.then_some(text)).clone()
            }
        };
        let Some(text) = text else {
            rows.push(None);
            continue;
        };
        let mut statement = connection.prepare_cached(&text).map_err(failed)?;
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let mut found = statement
            .query(params_from_iter(key.iter().map(Bind)))
            .map_err(failed)?;
        let row = match found.next().map_err(failed)? {
            None => None,
            Some(row) => {
                let columns = names.into_iter().enumerate().map(|(at, name)| {
                    let value = sql::value(row.get_ref(at).map_err(failed)?);
                    let value = value.ok_or_else(|| {
                        Error::corrupt(format!(
                            "{}.{name} has text that is not UTF-8",
                            layout.name()
                        ))
                    })?;
                    Ok((name, value))
                });
                Some(columns.collect::<Result<_>>()?)
            }
        };
        rows.push(row);
    }
    Ok(rows)
}
