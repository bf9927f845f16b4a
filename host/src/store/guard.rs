//! What strangers' SQL may do on a connection: a plugin's SELECT reads named tables and calls deterministic functions, a
//! person's reads all of the file. Everything else is denied when the statement is compiled. How much it may take is the
//! `Meter`'s.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

use super::meter::Meter;
use super::{functions, schema};
use crate::model::{Error, Result, limits};

/// Functions whose result is the same on every machine and at any time.
const FUNCTIONS: &[&str] = &[
    "abs",
    "avg",
    "ceil",
    "ceiling",
    "char",
    "coalesce",
    "concat",
    "concat_ws",
    "count",
    "cume_dist",
    "dense_rank",
    "first_value",
    "floor",
    "format",
    "glob",
    "group_concat",
    "hex",
    "if",
    "ifnull",
    "iif",
    "instr",
    "json",
    "json_array",
    "json_array_length",
    "json_extract",
    "json_group_array",
    "json_group_object",
    "json_insert",
    "json_object",
    "json_patch",
    "json_quote",
    "json_remove",
    "json_replace",
    "json_set",
    "json_type",
    "json_valid",
    "->",
    "->>",
    "lag",
    "last_value",
    "lead",
    "length",
    "like",
    "lower",
    "ltrim",
    "max",
    "min",
    "mod",
    "nth_value",
    "ntile",
    "nullif",
    "octet_length",
    "percent_rank",
    "printf",
    "quote",
    "rank",
    "replace",
    "round",
    "row_number",
    "rtrim",
    "sign",
    "string_agg",
    "substr",
    "substring",
    "sum",
    "total",
    "trim",
    "trunc",
    "typeof",
    "unhex",
    "unicode",
    "upper",
];

/// Table-valued functions that only read their argument.
const VALUE_TABLES: &[&str] = &["json_each", "json_tree"];

#[derive(Debug, Default)]
enum Mode {
    /// The host's own statements.
    #[default]
    Host,
    Stranger {
        /// A plugin's; none: all, for a person.
        tables: Option<Arc<BTreeSet<String>>>,
        /// Collects why.
        denied: Option<String>,
        selects: usize,
        functions: usize,
    },
}

/// Sits between strangers' SQL and a connection.
#[derive(Debug, Clone)]
pub struct Guard {
    mode: Arc<Mutex<Mode>>,
    meter: Meter,
}

impl Guard {
    /// The connection's functions are bounded too, and what it counts is the host's from now on.
    pub fn install(connection: &mut Connection) -> Result<Guard> {
        let guard = Guard {
            mode: Arc::default(),
            meter: Meter::install(connection)?,
        };
        functions::install(connection, &guard.meter)?;
        let asked = guard.clone();
        let authorize = move |context: AuthContext<'_>| match &mut *asked.mode() {
            Mode::Host => Authorization::Allow,
            Mode::Stranger {
                tables,
                denied,
                selects,
                functions,
            } => {
                *selects += usize::from(matches!(context.action, AuthAction::Select));
                *functions += usize::from(matches!(context.action, AuthAction::Function { .. }));
                let too_many = if *selects > limits::SQL_SELECTS_MAX {
                    Some(format!(
                        "it has more than {} SELECTs",
                        limits::SQL_SELECTS_MAX
                    ))
                } else if *functions > limits::SQL_FUNCTIONS_MAX {
                    Some(format!(
                        "it calls more than {} functions",
                        limits::SQL_FUNCTIONS_MAX
                    ))
                } else {
                    None
                };
                match too_many.or_else(|| refusal(&context.action, tables.as_deref())) {
                    None => Authorization::Allow,
                    Some(why) => {
                        denied.get_or_insert(why);
                        Authorization::Deny
                    }
                }
            }
        };
        connection
            .authorizer(Some(authorize))
            .map_err(|error| super::sqlite("guarding a connection", error))?;
        Ok(guard)
    }

    fn mode(&self) -> MutexGuard<'_, Mode> {
        self.mode.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn meter(&self) -> &Meter {
        &self.meter
    }

    /// Does `work` with statements that are compiled and run as a stranger's: a plugin's over these tables, or a person's.
    pub fn foreign<T>(
        &self,
        connection: &Connection,
        tables: Option<Arc<BTreeSet<String>>>,
        work: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        schema::limit_values(connection, true)?;
        *self.mode() = Mode::Stranger {
            tables,
            denied: None,
            selects: 0,
            functions: 0,
        };
        let result = work();
        let mode = std::mem::take(&mut *self.mode());
        schema::limit_values(connection, false)?;
        result.map_err(|error| match (mode, self.meter.stopped()) {
            (_, Some(stop)) => stop.error().context("SQL"),
            (
                Mode::Stranger {
                    denied: Some(why), ..
                },
                None,
            ) => Error::refused(format!("SQL refused: {why}")),
            _ => error,
        })
    }
}

/// Why an action is not for strangers; none: it is.
fn refusal(action: &AuthAction<'_>, tables: Option<&BTreeSet<String>>) -> Option<String> {
    let Some(tables) = tables else {
        return refusal_of_person(action);
    };
    match action {
        AuthAction::Select | AuthAction::Recursive => None,
        AuthAction::Read { table_name, .. } => {
            (!tables.contains(*table_name) && !VALUE_TABLES.contains(table_name)).then(|| {
                format!("it reads table '{table_name}', which the plugin neither owns nor declares")
            })
        }
        AuthAction::Function { function_name } => {
            let name = function_name.to_ascii_lowercase();
            (!FUNCTIONS.contains(&name.as_str()))
                .then(|| format!("it calls '{name}', which is not a deterministic function"))
        }
        other => Some(no_select(other)),
    }
}

/// A person may read what is in the file, and call what leaves it as it is.
fn refusal_of_person(action: &AuthAction<'_>) -> Option<String> {
    match action {
        AuthAction::Select | AuthAction::Recursive | AuthAction::Read { .. } => None,
        AuthAction::Function { function_name } => { function_name }
            .eq_ignore_ascii_case("load_extension")
            .then(|| "it calls 'load_extension'".to_owned()),
        other => Some(no_select(other)),
    }
}

fn no_select(action: &AuthAction<'_>) -> String {
    let text = format!("{action:?}");
    let name = text.split([' ', '{']).next().unwrap_or_default();
    format!("it is not a plain SELECT ({name})")
}

/// Refuses SQL text that is too long to be honest.
pub fn check_text(sql: &str, parameters: usize) -> Result<()> {
    if sql.len() > limits::SQL_BYTES_MAX {
        return Err(Error::refused(format!(
            "an SQL text of {} bytes; {} at most",
            sql.len(),
            limits::SQL_BYTES_MAX
        )));
    }
    if parameters > limits::SQL_PARAMETERS_MAX {
        return Err(Error::refused(format!(
            "{parameters} SQL parameters; {} at most",
            limits::SQL_PARAMETERS_MAX
        )));
    }
    Ok(())
}
