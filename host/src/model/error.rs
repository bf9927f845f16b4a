//! The one error type of the host: what happened, and the way out.
//!
//! A message is a lowercase fragment that names the thing, the value and the limit; `hint` says
//! what to do. `ErrorKind` alone decides the exit code. A server's status comes from `Problem`, and from the kind where
//! there is none.

use std::fmt;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Who has to act. Each kind has one documented exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The call itself is wrong: unknown verb, flag or name.
    Usage,
    /// Input was understood as little as to be refused: malformed, unknown type, schema.
    Refused,
    /// A creator said no.
    Rejected,
    /// Plugin code failed, trapped or broke the contract; nothing was kept.
    Plugin,
    /// The book cannot be opened: not there, locked, written by a newer format.
    Unavailable,
    /// The operating system refused: disk full, permission.
    Io,
    /// Stored data contradicts itself.
    Corrupt,
    /// What the caller saw, or said before, is not so any more.
    Conflict,
    /// A fault of the host.
    Internal,
}

impl ErrorKind {
    /// Every kind with its name, as a server's problem details have it.
    const NAMES: [(ErrorKind, &str); 9] = [
        (ErrorKind::Usage, "usage"),
        (ErrorKind::Refused, "refused"),
        (ErrorKind::Rejected, "rejected"),
        (ErrorKind::Plugin, "plugin"),
        (ErrorKind::Unavailable, "unavailable"),
        (ErrorKind::Io, "io"),
        (ErrorKind::Corrupt, "corrupt"),
        (ErrorKind::Conflict, "conflict"),
        (ErrorKind::Internal, "internal"),
    ];

    pub fn name(self) -> &'static str {
        let known = Self::NAMES.iter().find(|(kind, _)| *kind == self);
        known.map_or("internal", |(_, name)| name)
    }

    pub fn of_name(name: &str) -> Option<ErrorKind> {
        let known = Self::NAMES.iter().find(|(_, known)| *known == name);
        known.map(|(kind, _)| *kind)
    }

    /// The process exit code of this kind of error; 0 and 1 are results, not errors.
    pub const fn exit_code(self) -> u8 {
        match self {
            ErrorKind::Usage => 2,
            ErrorKind::Refused => 3,
            ErrorKind::Rejected => 4,
            ErrorKind::Plugin => 5,
            ErrorKind::Unavailable => 6,
            ErrorKind::Io => 7,
            ErrorKind::Corrupt => 8,
            ErrorKind::Conflict => 9,
            ErrorKind::Internal => 70,
        }
    }
}

/// What a client of the server can act upon, beyond the kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The book has no such type, table, event or version.
    Unknown,
    /// The payload does not fit its schema; a JSON pointer to the fault, empty for the whole.
    Schema { pointer: String },
    /// An id or idempotency key that was used before for something else.
    Reused,
    /// The subject is not where the caller saw it: the seq of its last event, 0 for none.
    Moved { position: u64 },
    /// Rows that the caller saw have changed since: `table`, key as JSON, columns.
    Stale(Vec<(String, String, Vec<String>)>),
    /// Too much waits already; later it may work.
    Busy,
    /// It takes longer, or gives more, than a request may.
    Limit,
    /// What was asked for is so already.
    Already,
    /// Something or somebody needs what was to be given up.
    Needed,
    /// No answer came: it is not known whether it was done.
    Lost,
    /// Another process has the book open for writing.
    InUse,
    /// A creator said no to what was asked for on the way.
    Rejected(super::event::Rejection),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    pub kind: ErrorKind,
    pub message: String,
    /// The way out, when there is one to name.
    pub hint: Option<String>,
    pub problem: Option<Box<Problem>>,
}

impl Error {
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Error {
            kind,
            message: message.into(),
            hint: None,
            problem: None,
        }
    }

    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, message)
    }

    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Refused, message)
    }

    pub fn plugin(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Plugin, message)
    }

    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unavailable, message)
    }

    pub fn corrupt(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Corrupt, message)
    }

    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    /// An operating system error on a named thing.
    pub fn io(what: impl fmt::Display, error: std::io::Error) -> Self {
        Self::new(ErrorKind::Io, format!("{what}: {error}"))
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub fn problem(mut self, problem: Problem) -> Self {
        self.problem = Some(Box::new(problem));
        self
    }

    /// What is wrong with something that was right when it was stored.
    pub fn stored(self) -> Self {
        Error {
            kind: ErrorKind::Corrupt,
            ..self
        }
    }

    /// Puts what was being done before what went wrong.
    pub fn context(mut self, what: impl fmt::Display) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }
}

/// True for what steers a terminal or a reader's eye instead of being seen: control characters, ends of lines, marks that turn
/// the direction of text around, and characters without width that none of the world's scripts needs.
pub fn steers(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Text that came from outside, for a message: escaped, and cut where it is longer than anybody wants to read.
pub fn shown(text: &str) -> String {
    const CHARACTERS_MAX: usize = 100;
    let mut short: String = text.chars().take(CHARACTERS_MAX).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short.escape_debug().to_string()
}

/// The whole chain of a library's error: what it says last is what helps.
pub fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
