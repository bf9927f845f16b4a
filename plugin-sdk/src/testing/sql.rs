//! SQL in native tests: the tables a version may read are copied into an SQLite database in memory, and the query runs
//! there. Plain and slow, which is right for a test's few rows.

use rusqlite::types::{ToSqlOutput, Value as SqlValue, ValueRef};
use rusqlite::{Connection, ToSql, params_from_iter};

use super::session::Tables;
use super::state::{TableState, fault};
use super::view::View;
use crate::contract::manifest::ColumnKind;
use crate::contract::types::{QueryResult, Row, Value};

/// Answers one read-only SELECT over the tables of the view.
pub(crate) fn query(view: &View, tables: &Tables, sql: &str, parameters: &[Value]) -> QueryResult {
    run(view, tables, sql, parameters)
        .unwrap_or_else(|error| fault(&format!("the query {sql:?}: {error}")))
}

fn run(
    view: &View,
    tables: &Tables,
    sql: &str,
    parameters: &[Value],
) -> rusqlite::Result<QueryResult> {
    let database = Connection::open_in_memory()?;
    for table in view.tables() {
        match tables.get(&table.full_name) {
            Some(state) => copy(&database, &table.full_name, state)?,
            // A foreign table without rows: the test gave none, and so nothing says what its columns hold.
            None => {
                let columns = table.columns().iter().map(|name| format!("\"{name}\" ANY"));
                create(&database, &table.full_name, columns)?;
            }
        }
    }
    let mut statement = database.prepare(sql)?;
    if !statement.readonly() {
        fault(&format!("the query {sql:?} writes"));
    }
    let columns = statement
        .column_names()
        .map(str::to_owned)
        .collect::<Vec<_>>();
    let mut rows = Vec::new();
    let mut found = statement.query(params_from_iter(parameters))?;
    while let Some(row) = found.next()? {
        let values = (0..columns.len()).map(|column| row.get_ref(column).map(value));
        rows.push(values.collect::<rusqlite::Result<Row>>()?);
    }
    Ok(QueryResult { columns, rows })
}

fn copy(database: &Connection, full_name: &str, state: &TableState) -> rusqlite::Result<()> {
    let columns = &state.definition().columns;
    let definitions = columns.iter().map(|column| {
        let kind = match column.kind {
            ColumnKind::Integer => "INTEGER",
            ColumnKind::Real => "REAL",
            ColumnKind::Text => "TEXT",
            ColumnKind::Blob => "BLOB",
        };
        format!("\"{}\" {kind}", column.name)
    });
    create(database, full_name, definitions)?;
    let places = vec!["?"; columns.len()].join(", ");
    let insert = format!("INSERT INTO \"{}\" VALUES ({places})", sql_name(full_name));
    let mut insert = database.prepare(&insert)?;
    for row in state.rows() {
        insert.execute(params_from_iter(row))?;
    }
    Ok(())
}

fn create(
    database: &Connection,
    full_name: &str,
    columns: impl Iterator<Item = String>,
) -> rusqlite::Result<()> {
    let columns = columns.collect::<Vec<_>>().join(", ");
    let sql = format!(
        "CREATE TABLE \"{}\" ({columns}) STRICT",
        sql_name(full_name)
    );
    database.execute(&sql, []).map(|_| ())
}

/// `bank.account` is `bank_account` in SQL.
fn sql_name(full_name: &str) -> String {
    full_name.replace('.', "_")
}

fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Owned(SqlValue::Null),
            Self::Integer(number) => ToSqlOutput::Owned(SqlValue::Integer(*number)),
            Self::Real(number) => ToSqlOutput::Owned(SqlValue::Real(*number)),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Self::Blob(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        })
    }
}
