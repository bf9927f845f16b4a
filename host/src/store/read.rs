//! Read-only SQL of a person over a projection file: a connection that cannot write, attach or leave the file.

use std::path::Path;

use super::{connect, schema, sql, sqlite};
use crate::model::{Error, Result, Value};
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

/// A result, a row at a time.
pub struct TextQuery<'a> {
    pub columns: &'a [String],
}

/// Runs one SELECT and hands over its rows as they come; `visit` may stop it with an error.
pub fn read_only_query(
    path: &Path,
    text: &str,
    mut start: impl FnMut(TextQuery<'_>) -> Result<()>,
    mut visit: impl FnMut(Vec<Value>) -> Result<()>,
) -> Result<()> {
    let failed = |error| sqlite(&format!("opening {}", path.display()), error);
    let mut connection = connect::open_to_read(path).map_err(failed)?;
    connection
        .busy_timeout(std::time::Duration::from_secs(10))
        .map_err(failed)?;
    schema::check_projection(&connection, path)?;
    schema::limit(&connection)?;
    connection
        .authorizer(Some(|context: AuthContext<'_>| may_read(&context.action)))
        .map_err(failed)?;
    let refused = |error: rusqlite::Error| {
        Error::refused(format!("SQL: {error}"))
            .hint("one read-only SELECT over the tables plugin_table")
    };
    let mut statement = connection.prepare(text).map_err(refused)?;
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    start(TextQuery { columns: &columns })?;
    let mut found = statement.query([]).map_err(refused)?;
    while let Some(cells) = found.next().map_err(refused)? {
        visit(sql::row(cells, columns.len())?)?;
    }
    Ok(())
}

/// What a person's SQL may do.
pub(super) fn may_read(action: &AuthAction<'_>) -> Authorization {
    match action {
        AuthAction::Select | AuthAction::Recursive | AuthAction::Read { .. } => {
            Authorization::Allow
        }
        AuthAction::Function { function_name }
            if !function_name.eq_ignore_ascii_case("load_extension") =>
        {
            Authorization::Allow
        }
        _ => Authorization::Deny,
    }
}
