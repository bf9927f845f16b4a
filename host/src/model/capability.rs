//! What a handler may do, as the runtime sees it: two traits that the service implements and the
//! runtime calls on behalf of a component. Rows are in the column order of the calling component.

use std::any::Any;

use super::effects::Task;
use super::error::Error;
use super::event::{Command, Event, NewEvent, Rejection};
use super::id::PluginVersion;
use super::limits;
use super::value::Value;

/// A breach of the contract by the plugin: the handler is stopped, nothing is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation(pub String);

/// Why a write was not done; the handler may go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteError {
    RowExists,
    RowMissing,
    UniqueViolated(String),
}

/// Why a plugin says that it cannot do its work.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Failure {
    pub code: String,
    pub message: String,
    /// JSON text.
    pub details: Option<String>,
    /// Where it came about, innermost first.
    pub trace: Option<String>,
}

/// `code: message`, and beneath it the trace.
impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.message)?;
        { self.trace.iter() }.try_for_each(|trace| write!(f, "\n{trace}"))
    }
}

/// How a handler ended when it did not end well. A plugin's own failure, a trap of its code, a breach of
/// the contract and a fault of the host are different things to the one who has to act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HandlerError {
    /// The plugin says that it cannot.
    Failed(Box<Failure>),
    /// The code trapped: panic, unreachable, stack, memory.
    Trapped(String),
    /// It used more fuel than one call may, with the versions below it.
    OutOfFuel,
    /// It did what no plugin may do.
    Violated(String),
    /// The host could not do its part. It says nothing about the plugin, so nothing is recorded of the call.
    Host(Box<Error>),
    /// The version below it, which it called, was stopped.
    Below {
        version: PluginVersion,
        error: Box<HandlerError>,
    },
}

impl HandlerError {
    /// A failure that the host tells of.
    pub fn failed(code: &str, message: String) -> HandlerError {
        HandlerError::Failed(Box::new(Failure {
            code: code.to_owned(),
            message,
            ..Failure::default()
        }))
    }

    /// What stopped whoever was stopped first, however many versions above went down with it.
    pub fn cause(&self) -> &HandlerError {
        match self {
            HandlerError::Below { error, .. } => error.cause(),
            own => own,
        }
    }

    /// What the host could not do, where that ended the call.
    pub fn host_fault(&self) -> Option<&Error> {
        match self.cause() {
            HandlerError::Host(error) => Some(error),
            _ => None,
        }
    }
}

impl std::fmt::Display for HandlerError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            HandlerError::Failed(failure) => write!(f, "failed: {failure}"),
            HandlerError::Trapped(message) => write!(f, "trapped: {message}"),
            HandlerError::OutOfFuel => write!(
                f,
                "ran out of fuel: one call may use {} units",
                limits::FUEL_PER_CALL_MAX
            ),
            HandlerError::Violated(message) => write!(f, "broke the contract: {message}"),
            HandlerError::Host(error) => write!(f, "was not run: {error}"),
            HandlerError::Below { version, error } => write!(f, "called {version}, which {error}"),
        }
    }
}

impl From<Violation> for HandlerError {
    fn from(violation: Violation) -> Self {
        HandlerError::Violated(violation.0)
    }
}

/// What a call may still use: by itself and by the versions below it, together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Budget {
    pub fuel: u64,
    pub host_calls: u32,
}

impl Budget {
    /// Of a call that no other version makes.
    pub const WHOLE: Budget = Budget {
        fuel: limits::FUEL_PER_CALL_MAX,
        host_calls: limits::HOST_CALLS_PER_CALL_MAX,
    };

    /// Takes off what a call has used.
    pub fn spend(&mut self, used: Budget) {
        self.fuel = self.fuel.saturating_sub(used.fuel);
        self.host_calls = self.host_calls.saturating_sub(used.host_calls);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Debug,
    Info,
    Warn,
    Error,
}

impl Level {
    pub const ALL: [Level; 4] = [Level::Debug, Level::Info, Level::Warn, Level::Error];

    pub fn as_str(self) -> &'static str {
        match self {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        }
    }
}

/// A line of a plugin's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// The version whose handler logged it; none where the host did.
    pub by: Option<PluginVersion>,
    pub level: Level,
    pub message: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    pub values: Vec<Value>,
    pub inclusive: bool,
}

/// A structured read over the primary key or a declared index.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Find {
    /// None: the primary key.
    pub index: Option<String>,
    /// The columns wanted, as the component names them; none: all that it declares.
    pub columns: Option<Vec<String>>,
    pub prefix: Vec<Value>,
    pub lower: Option<Bound>,
    pub upper: Option<Bound>,
    pub descending: bool,
    pub limit: Option<u32>,
    /// Behind the row with these values in the columns of the order: those of the index, then the key's others.
    pub after: Option<Vec<Value>>,
}

/// What a find gave a component.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Found {
    pub rows: Vec<Vec<Value>>,
    /// For `Find::after`, where `limit` rows were given.
    pub next: Option<Vec<Value>>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct QueryResult {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Value>>,
}

/// Reads, common to materializers and creators.
pub trait StateRead: Send + 'static {
    fn get(&mut self, table: &str, key: Vec<Value>) -> Result<Option<Vec<Value>>, Violation>;
    fn find(&mut self, table: &str, find: Find) -> Result<Found, Violation>;
    /// What it takes is taken off the call's fuel.
    fn query(
        &mut self,
        sql: &str,
        parameters: Vec<Value>,
        fuel: &mut u64,
    ) -> Result<QueryResult, Violation>;
    fn log(&mut self, line: LogLine) -> Result<(), Violation>;
    /// Gives the implementation back to the one who lent it.
    fn into_any(self: Box<Self>) -> Box<dyn Any + Send>;
}

/// A write's answer: done, or not done with the state as before; or the handler is stopped.
pub type WriteResult = Result<Result<(), WriteError>, Violation>;

/// What a materializer can do.
pub trait Materialization: StateRead {
    fn insert(&mut self, table: &str, row: Vec<Value>) -> WriteResult;
    fn update(&mut self, table: &str, row: Vec<Value>) -> WriteResult;
    fn upsert(&mut self, table: &str, row: Vec<Value>) -> WriteResult;
    fn delete(&mut self, table: &str, key: Vec<Value>) -> WriteResult;
    fn enqueue(&mut self, task: Task) -> Result<(), Violation>;
    /// Runs the version below on an event, at the cost of the caller's budget. `Failed` is for the caller to handle; any
    /// other error stops it as well.
    fn previous(&mut self, event: Event, budget: &mut Budget) -> Result<(), HandlerError>;
}

/// What a creator answers with.
pub type Created = Result<Vec<NewEvent>, Rejection>;

/// What a creator can do.
pub trait Creation: StateRead {
    fn now(&mut self) -> String;
    fn make_id(&mut self) -> Result<String, Violation>;
    /// Asks the version below about a command, at the cost of the caller's budget. `Failed` is for the caller to handle;
    /// any other error stops it as well.
    fn previous(&mut self, command: Command, budget: &mut Budget) -> Result<Created, HandlerError>;
}
