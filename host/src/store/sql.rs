//! SQL texts made from layouts, and values to and from SQLite.

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};

use crate::model::manifest::ColumnKind;
use crate::model::{Error, Find, Result, TableLayout, Value};

/// A value bound to a statement without copying it.
pub struct Bind<'a>(pub &'a Value);

impl ToSql for Bind<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Integer(number) => ValueRef::Integer(*number),
            Value::Real(number) => ValueRef::Real(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// Reads a column. None: text that is not UTF-8.
pub fn value(cell: ValueRef<'_>) -> Option<Value> {
    Some(match cell {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Text(text) => Value::Text(std::str::from_utf8(text).ok()?.to_owned()),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    })
}

/// `width` values of a result row.
pub fn row(cells: &rusqlite::Row<'_>, width: usize) -> Result<Vec<Value>> {
    (0..width)
        .map(|at| {
            let cell = cells
                .get_ref(at)
                .map_err(|error| super::sqlite("reading a row", error))?;
            value(cell).ok_or_else(|| Error::refused("a text value is not UTF-8"))
        })
        .collect()
}

/// The statements one table needs again and again.
#[derive(Debug)]
pub struct TableSql {
    pub get: String,
    pub insert: String,
    pub update: String,
    pub delete: String,
    pub scan: String,
    /// `c1, c2, …`
    pub columns: String,
    /// Columns that an update sets, in the order of its parameters; the key follows.
    pub update_order: Vec<usize>,
}

impl TableSql {
    pub fn new(layout: &TableLayout) -> Self {
        let name = |at: &usize| format!("\"{}\"", layout.columns[*at].name);
        let all: Vec<usize> = (0..layout.columns.len()).collect();
        let columns = all.iter().map(name).collect::<Vec<_>>().join(", ");
        let table = format!("\"{}\"", layout.sql_name);
        let key = |first: usize| {
            let terms: Vec<_> = layout
                .key
                .iter()
                .enumerate()
                .map(|(at, column)| format!("{} = ?{}", name(column), first + at))
                .collect();
            terms.join(" AND ")
        };
        let rest: Vec<usize> = all
            .iter()
            .copied()
            .filter(|&at| !layout.is_key(at))
            .collect();
        // A table that is all key has nothing to set; the statement must still be a valid one.
        let set = if rest.is_empty() {
            format!("{0} = {0}", name(&layout.key[0]))
        } else {
            let terms: Vec<_> = rest
                .iter()
                .enumerate()
                .map(|(at, c)| format!("{} = ?{}", name(c), at + 1))
                .collect();
            terms.join(", ")
        };
        let marks = vec!["?"; all.len()].join(", ");
        let order = layout.key.iter().map(name).collect::<Vec<_>>().join(", ");
        let mut update_order = rest.clone();
        update_order.extend(&layout.key);
        TableSql {
            get: format!("SELECT {columns} FROM {table} WHERE {}", key(1)),
            insert: format!("INSERT INTO {table} ({columns}) VALUES ({marks})"),
            update: format!("UPDATE {table} SET {set} WHERE {}", key(rest.len() + 1)),
            delete: format!("DELETE FROM {table} WHERE {}", key(1)),
            scan: format!("SELECT {columns} FROM {table} ORDER BY {order}"),
            columns,
            update_order,
        }
    }
}

/// Statements that make a table and its indexes. A single integer key is SQLite's rowid; every other key makes
/// the table a tree of its own, so that rows lie in key order either way.
pub fn create_table(layout: &TableLayout) -> Vec<String> {
    let mut columns: Vec<String> = layout
        .columns
        .iter()
        .map(|column| {
            let null = if column.nullable { "" } else { " NOT NULL" };
            format!("\"{}\" {}{null}", column.name, column.kind.sql())
        })
        .collect();
    let key: Vec<_> = layout
        .key
        .iter()
        .map(|&at| format!("\"{}\"", layout.columns[at].name))
        .collect();
    columns.push(format!("PRIMARY KEY ({})", key.join(", ")));
    let rowid = is_rowid(layout);
    let options = if rowid {
        "STRICT"
    } else {
        "STRICT, WITHOUT ROWID"
    };
    let mut statements = vec![format!(
        "CREATE TABLE \"{}\" ({}) {options}",
        layout.sql_name,
        columns.join(", ")
    )];
    statements.extend(layout.indexes.iter().map(|index| {
        let unique = if index.unique { "UNIQUE " } else { "" };
        let columns: Vec<_> = index
            .columns
            .iter()
            .map(|&at| format!("\"{}\"", layout.columns[at].name))
            .collect();
        format!(
            "CREATE {unique}INDEX \"{0}__{1}\" ON \"{0}\" ({2})",
            layout.sql_name,
            index.name,
            columns.join(", ")
        )
    }));
    statements
}

fn is_rowid(layout: &TableLayout) -> bool {
    layout.key.len() == 1 && layout.columns[layout.key[0]].kind == ColumnKind::Integer
}

/// A structured find as SQL, with its parameters in order.
pub fn find<'a>(
    layout: &TableLayout,
    columns: &str,
    find: &'a Find,
) -> Result<(String, Vec<&'a Value>)> {
    let by = { layout.search_columns(find.index.as_deref()) }.ok_or_else(|| {
        Error::refused(format!(
            "table '{}' has no index '{}'",
            layout.sql_name,
            find.index.as_deref().unwrap_or_default().escape_debug()
        ))
    })?;
    let name = |at: usize| format!("\"{}\"", layout.columns[at].name);
    let width = |count: usize| -> Result<()> {
        (count <= by.len()).then_some(()).ok_or_else(|| {
            Error::refused(format!(
                "a find over table '{}' gives {count} values for {} columns",
                layout.sql_name,
                by.len()
            ))
        })
    };
    width(find.prefix.len())?;
    let mut terms = Vec::new();
    let mut parameters: Vec<&Value> = Vec::new();
    for (at, value) in by.iter().zip(&find.prefix) {
        terms.push(format!("{} IS ?", name(*at)));
        parameters.push(value);
    }
    let rest = &by[find.prefix.len()..];
    for (bound, operator) in [(&find.lower, ">"), (&find.upper, "<")] {
        let Some(bound) = bound else { continue };
        width(find.prefix.len() + bound.values.len())?;
        if bound.values.is_empty() {
            continue;
        }
        let names: Vec<_> = rest[..bound.values.len()]
            .iter()
            .map(|&at| name(at))
            .collect();
        let marks = vec!["?"; bound.values.len()].join(", ");
        let equal = if bound.inclusive { "=" } else { "" };
        terms.push(format!(
            "({}) {operator}{equal} ({marks})",
            names.join(", ")
        ));
        parameters.extend(&bound.values);
    }
    let direction = if find.descending { " DESC" } else { "" };
    let order = layout.order(find.index.as_deref()).unwrap_or_default();
    if let Some(after) = &find.after {
        let behind = behind(layout, find, &order, after, &mut parameters)?;
        terms.extend(behind);
    }
    let order: Vec<_> = order
        .iter()
        .map(|&at| format!("{}{direction}", name(at)))
        .collect();
    let filter = if terms.is_empty() {
        String::new()
    } else {
        format!(" WHERE {}", terms.join(" AND "))
    };
    let limit = find
        .limit
        .map_or(String::new(), |limit| format!(" LIMIT {limit}"));
    let sql = format!(
        "SELECT {columns} FROM \"{}\"{filter} ORDER BY {}{limit}",
        layout.sql_name,
        order.join(", ")
    );
    Ok((sql, parameters))
}
/// The condition for rows behind a place in the order, column by column: NULL comes before all values, which a comparison of
/// row values does not know.
fn behind<'a>(
    layout: &TableLayout,
    find: &Find,
    order: &[usize],
    after: &'a [Value],
    parameters: &mut Vec<&'a Value>,
) -> Result<Option<String>> {
    if after.len() != order.len() {
        return Err(Error::refused(format!(
            "a find over table '{}' goes on behind {} values; its order has {} columns",
            layout.sql_name,
            after.len(),
            order.len()
        )));
    }
    // Those of the prefix are the same in every row.
    let rest = { order.iter().zip(after) }.skip(find.prefix.len());
    let mut text = String::new();
    let mut open = 0;
    // The same said of the first of them alone, where an index can be used for it.
    if let Some((&at, value)) = rest.clone().next()
        && *value != Value::Null
        && !(find.descending && layout.columns[at].nullable)
    {
        let operator = if find.descending { "<=" } else { ">=" };
        text.push_str(&format!(
            "\"{}\" {operator} ? AND ",
            layout.columns[at].name
        ));
        parameters.push(value);
    }
    for (&at, value) in rest {
        let name = format!("\"{}\"", layout.columns[at].name);
        let further = match (find.descending, value) {
            (false, Value::Null) => format!("{name} IS NOT NULL"),
            (false, _) => format!("{name} > ?"),
            (true, Value::Null) => "FALSE".to_owned(),
            (true, _) if layout.columns[at].nullable => format!("({name} < ? OR {name} IS NULL)"),
            (true, _) => format!("{name} < ?"),
        };
        if *value != Value::Null {
            parameters.push(value);
        }
        if open > 0 {
            text.push_str(" AND ");
        }
        text.push_str(&format!("({further} OR ({name} IS ?"));
        parameters.push(value);
        open += 1;
    }
    if open == 0 {
        return Ok(Some("FALSE".to_owned()));
    }
    // The last one's equal is the row itself.
    text.push_str(" AND FALSE");
    text.push_str(&"))".repeat(open));
    Ok(Some(text))
}
