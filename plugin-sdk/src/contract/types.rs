//! Values that cross the contract: the WIT interface `types`.

/// One column of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// SQL NULL.
    Null,
    /// A 64-bit integer.
    Integer(i64),
    /// A finite floating-point number.
    Real(f64),
    /// UTF-8 text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

/// All columns of one row, in the order of the component's manifest.
pub type Row = Vec<Value>;

/// The primary key's columns, in the order of the manifest.
pub type Key = Vec<Value>;

/// Names with texts, each name once, in the order of their bytes.
pub type Attributes = Vec<(String, String)>;

/// A moment, once as it was given and once as a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timestamp {
    /// RFC 3339.
    pub text: String,
    /// Whole seconds since 1970-01-01T00:00:00Z, rounded down.
    pub seconds: i64,
    /// Of the second that has begun.
    pub nanoseconds: u32,
}

/// An immutable fact from the log, payload undecoded.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Position in the book's log.
    pub seq: u64,
    /// CloudEvents id.
    pub id: String,
    /// CloudEvents source.
    pub source: String,
    /// Full type, `plugin.Name`.
    pub event_type: String,
    /// CloudEvents subject.
    pub subject: Option<String>,
    /// When it happened.
    pub time: Timestamp,
    /// The version of the owning plugin that is stamped on the event.
    pub version: String,
    /// CloudEvents extensions, as texts.
    pub attributes: Attributes,
    /// Payload: JSON text.
    pub data: String,
}

/// A request in the imperative, payload undecoded.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// A UUID in text form.
    pub id: String,
    /// Full type, `plugin.Name`.
    pub command_type: String,
    /// What the command is about.
    pub subject: Option<String>,
    /// When the command was accepted, in UTC.
    pub time: Timestamp,
    /// Who asked.
    pub actor: Option<String>,
    /// What came with it.
    pub attributes: Attributes,
    /// Payload: JSON text.
    pub data: String,
}

/// An event a creator asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent {
    /// Full type, `plugin.Name`.
    pub event_type: String,
    /// CloudEvents subject.
    pub subject: Option<String>,
    /// CloudEvents extensions.
    pub attributes: Attributes,
    /// Payload: JSON text.
    pub data: String,
}

/// A side effect a materializer asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// A kind that the manifest declares.
    pub kind: String,
    /// Tasks of one kind with the same key are carried out in order.
    pub key: Option<String>,
    /// JSON text.
    pub data: String,
    /// RFC 3339: do not carry out before this time.
    pub not_before: Option<String>,
    /// What is said about the task beside its data.
    pub attributes: Attributes,
}

/// Why a handler could not do its work.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Failure {
    /// Stable and short, for programs.
    pub code: String,
    /// For people.
    pub message: String,
    /// JSON text with more about it.
    pub details: Option<String>,
    /// Where it came about, innermost first.
    pub trace: Option<String>,
}

/// The command is understood and refused: an answer, not a fault.
#[derive(Clone, Debug, PartialEq)]
pub struct Rejection {
    /// Stable and short, for programs: `insufficient-funds`.
    pub code: String,
    /// For people.
    pub message: String,
    /// JSON text with more about it.
    pub details: Option<String>,
}

/// Why a creator yields no events.
#[derive(Clone, Debug, PartialEq)]
pub enum CreateError {
    /// The answer is no.
    Rejected(Rejection),
    /// The creator could not do its work.
    Failed(Failure),
}

/// Why a write was not done.
#[derive(Clone, Debug, PartialEq)]
pub struct WriteError {
    /// `row-exists`, `row-missing`, `unique-violated`.
    pub code: String,
    /// The index, where one is the reason.
    pub index: Option<String>,
}

/// One end of a range.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    /// Compared with the columns that follow the prefix.
    pub values: Vec<Value>,
    /// Whether rows equal to the values belong to the range.
    pub inclusive: bool,
}

/// A structured read over the primary key or a declared index.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Search {
    /// A declared index's name; none: the primary key.
    pub index: Option<String>,
    /// The columns wanted, in the order wanted; none: all.
    pub columns: Option<Vec<String>>,
    /// Equal values for the first columns.
    pub prefix: Vec<Value>,
    /// Lower end.
    pub lower: Option<Bound>,
    /// Upper end.
    pub upper: Option<Bound>,
    /// Turns the order round.
    pub descending: bool,
    /// At most this many rows.
    pub limit: Option<u32>,
    /// Behind the rows of an earlier answer, with its `next`.
    pub after: Option<Vec<u8>>,
}

/// What a search gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// The rows.
    pub rows: Vec<Row>,
    /// Where to go on, where `limit` rows were given.
    pub next: Option<Vec<u8>>,
}

/// What a read-only SQL statement returned.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryResult {
    /// Column names.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<Row>,
}

/// How loud a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Level {
    /// For the author.
    Debug,
    /// For the operator.
    Info,
    /// Something to look at.
    Warn,
    /// Something went wrong.
    Error,
}
