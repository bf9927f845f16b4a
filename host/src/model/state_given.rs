//! Rows that a log was given beside its events: the state before a stretch of history, and what left-out events did to it.
//!
//! A `daybook.StateGiven` carries them, and every replay writes them without any plugin. As JSON, its data are
//!
//! ```text
//! {"tables": [{"table": "bank.account", "columns": ["id", "balance"], "put": [[3, 150]], "key": ["id"], "delete": [[4]]}]}
//! ```
//!
//! `put` has whole rows, which are inserted or take the place of the row that is there; `delete` has keys. Values are written
//! as in `undo`: they come back bit by bit. Columns that a version does not have are left out there, new ones get their
//! default.

use serde_json::{Value as Json, json};

use super::undo::{exact, inexact};
use super::value::Value;

/// Rows of one table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GivenTable {
    /// `plugin.table`
    pub table: String,
    /// What each row of `put` has, in this order.
    pub columns: Vec<String>,
    pub put: Vec<Vec<Value>>,
    /// What each key of `delete` has.
    pub key: Vec<String>,
    pub delete: Vec<Vec<Value>>,
}

/// The data of an event that gives these rows.
pub fn data(tables: &[GivenTable]) -> Json {
    let tables: Vec<Json> = tables.iter().map(GivenTable::json).collect();
    json!({ "tables": tables })
}

/// Reads what `data` wrote; an error says in words what is wrong.
pub fn parse(text: &str) -> Result<Vec<GivenTable>, String> {
    let data: Json =
        serde_json::from_str(text).map_err(|error| format!("its data is not JSON: {error}"))?;
    let tables = data.get("tables").and_then(Json::as_array);
    let tables = tables.ok_or("its data has no list 'tables'")?;
    tables.iter().map(GivenTable::parse).collect()
}

/// A row as it stands in the data.
pub fn row_json(row: &[Value]) -> Json {
    row.iter().map(exact).collect()
}

impl GivenTable {
    fn json(&self) -> Json {
        let rows =
            |rows: &[Vec<Value>]| -> Vec<Json> { rows.iter().map(|row| row_json(row)).collect() };
        json!({
            "table": self.table,
            "columns": self.columns,
            "put": rows(&self.put),
            "key": self.key,
            "delete": rows(&self.delete),
        })
    }

    fn parse(json: &Json) -> Result<GivenTable, String> {
        let table = json.get("table").and_then(Json::as_str);
        let table = table.ok_or("a table has no name")?.to_owned();
        let names = |member: &str| -> Result<Vec<String>, String> {
            let names = json.get(member).and_then(Json::as_array);
            let names = names.map(|names| {
                let names = names.iter().map(|name| name.as_str().map(str::to_owned));
                names.collect::<Option<Vec<_>>>()
            });
            names
                .flatten()
                .ok_or_else(|| format!("{table}: '{member}' is not a list of names"))
        };
        let rows = |member: &str, width: usize| -> Result<Vec<Vec<Value>>, String> {
            let rows = json.get(member).and_then(Json::as_array);
            let rows = rows.ok_or_else(|| format!("{table}: '{member}' is not a list of rows"))?;
            let read = |(at, row): (usize, &Json)| {
                let values = row.as_array().filter(|row| row.len() == width);
                values
                    .and_then(|row| row.iter().map(inexact).collect::<Option<Vec<_>>>())
                    .ok_or_else(|| format!("{table}: row {at} of '{member}' is not {width} values"))
            };
            rows.iter().enumerate().map(read).collect()
        };
        let (columns, key) = (names("columns")?, names("key")?);
        Ok(GivenTable {
            put: rows("put", columns.len())?,
            delete: rows("delete", key.len())?,
            columns,
            key,
            table,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stored data is an interface: what was written once is read for ever.
    #[test]
    fn the_form_in_the_log_stays_as_it_is_and_reads_back() {
        let given = GivenTable {
            table: "bank.account".into(),
            columns: vec!["id".into(), "rate".into(), "scan".into()],
            put: vec![vec![
                Value::Integer(3),
                Value::Real(0.1),
                Value::Blob(vec![0, 255]),
            ]],
            key: vec!["id".into()],
            delete: vec![vec![Value::Text("x".into())], vec![Value::Null]],
        };
        let text = r#"{"tables":[{"table":"bank.account","columns":["id","rate","scan"],
            "put":[[3,{"real":"0.1"},{"blob":"00ff"}]],"key":["id"],"delete":[["x"],[null]]}]}"#;
        assert_eq!(parse(text).unwrap(), std::slice::from_ref(&given));
        let written: Json = serde_json::from_str(text).unwrap();
        assert_eq!(data(&[given]), written);
    }

    #[test]
    fn what_is_something_else_is_told_in_words() {
        for (text, words) in [
            ("{", "not JSON"),
            ("{}", "no list 'tables'"),
            (r#"{"tables":[{}]}"#, "no name"),
            (
                r#"{"tables":[{"table":"a.b","columns":[1],"key":[]}]}"#,
                "'columns' is not a list of names",
            ),
            (
                r#"{"tables":[{"table":"a.b","columns":["c"],"key":[],"put":[[1],[]],"delete":[]}]}"#,
                "row 1 of 'put' is not 1 values",
            ),
            (
                r#"{"tables":[{"table":"a.b","columns":["c"],"key":[],"put":[[1.5]],"delete":[]}]}"#,
                "row 0 of 'put'",
            ),
            (
                r#"{"tables":[{"table":"a.b","columns":[],"key":[],"put":[]}]}"#,
                "'delete' is not a list",
            ),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
