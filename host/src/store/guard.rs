//! What a plugin's SQL may do on the projection's connection: SELECT over named tables, deterministic
//! functions, a counted number of steps. Everything else is denied when the statement is compiled.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

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

/// Steps of the virtual machine between two calls of the progress handler.
const STEPS_PER_TICK: u64 = 1_000;

#[derive(Debug, Default)]
enum Mode {
    /// The host's own statements.
    #[default]
    Host,
    /// A plugin's statement; `denied` collects why.
    Plugin {
        tables: Arc<BTreeSet<String>>,
        denied: Option<String>,
    },
}

/// Sits between plugin SQL and a connection.
#[derive(Debug, Clone)]
pub struct Guard {
    mode: Arc<Mutex<Mode>>,
    /// Steps left for the running plugin statement; `u64::MAX`: not counted.
    steps: Arc<AtomicU64>,
}

impl Guard {
    pub fn install(connection: &mut Connection) -> Result<Guard> {
        let guard = Guard {
            mode: Arc::default(),
            steps: Arc::new(AtomicU64::new(u64::MAX)),
        };
        let mode = guard.mode.clone();
        let authorize = move |context: AuthContext<'_>| {
            let mut mode = mode.lock().expect("the guard's lock is never poisoned");
            match &mut *mode {
                Mode::Host => Authorization::Allow,
                Mode::Plugin { tables, denied } => match refusal(&context.action, tables) {
                    None => Authorization::Allow,
                    Some(why) => {
                        denied.get_or_insert(why);
                        Authorization::Deny
                    }
                },
            }
        };
        let steps = guard.steps.clone();
        let progress = move || {
            let left = steps.load(Ordering::Relaxed);
            if left == u64::MAX {
                return false;
            }
            steps.store(left.saturating_sub(STEPS_PER_TICK), Ordering::Relaxed);
            left == 0
        };
        let failed = |error| super::sqlite("guarding a projection", error);
        connection.authorizer(Some(authorize)).map_err(failed)?;
        connection
            .progress_handler(STEPS_PER_TICK as i32, Some(progress))
            .map_err(failed)?;
        Ok(guard)
    }

    /// Until `leave`, statements are compiled and run as a plugin's.
    pub fn enter(&self, tables: Arc<BTreeSet<String>>) {
        *self
            .mode
            .lock()
            .expect("the guard's lock is never poisoned") = Mode::Plugin {
            tables,
            denied: None,
        };
        self.steps
            .store(limits::SQL_STEPS_PER_QUERY_MAX, Ordering::Relaxed);
    }

    /// Back to the host. What was denied, if anything was.
    pub fn leave(&self) -> Option<String> {
        self.steps.store(u64::MAX, Ordering::Relaxed);
        let mode = std::mem::take(
            &mut *self
                .mode
                .lock()
                .expect("the guard's lock is never poisoned"),
        );
        match mode {
            Mode::Host => None,
            Mode::Plugin { denied, .. } => denied,
        }
    }

    /// True when the statement was stopped for its steps.
    pub fn exhausted(&self) -> bool {
        self.steps.load(Ordering::Relaxed) == 0
    }
}

/// Why an action is not for plugins; none: it is.
fn refusal(action: &AuthAction<'_>, tables: &BTreeSet<String>) -> Option<String> {
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
        other => {
            let text = format!("{other:?}");
            let name = text.split([' ', '{']).next().unwrap_or_default().to_owned();
            Some(format!("it is not a plain SELECT ({name})"))
        }
    }
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
