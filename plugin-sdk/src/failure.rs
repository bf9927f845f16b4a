//! How handlers end other than well: failures and rejections, and the result types handlers return.

use std::fmt;

pub use crate::contract::types::{CreateError as Refusal, Failure, Rejection};

/// What a materializer returns.
pub type Done = Result<(), Failure>;

/// What a creator returns: events, or why there are none.
pub type Decision = Result<Vec<crate::event::NewEvent>, Refusal>;

impl Failure {
    /// A failure with a code for programs and a message for people.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            ..Self::default()
        }
    }

    /// Adds details, which programs may read as JSON.
    #[must_use]
    pub fn with_details(mut self, details: &impl crate::payload::Payload) -> Self {
        self.details = Some(crate::payload::encode(details));
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Failure {}

impl Rejection {
    /// A rejection with a code for programs and a message for people.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            details: None,
        }
    }

    /// The same rejection with details, which programs may read as JSON.
    pub fn with_details(mut self, details: &impl crate::payload::Payload) -> Self {
        self.details = Some(crate::payload::encode(details));
        self
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(rejection) => write!(f, "rejected: {rejection}"),
            Self::Failed(failure) => write!(f, "failed: {failure}"),
        }
    }
}

/// Refuses the command: `return reject("insufficient-funds", "the balance is 5")`.
///
/// # Errors
/// Always: that is what it is for.
pub fn reject<T>(code: impl Into<String>, message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Rejected(Rejection::new(code, message)))
}

/// Gives the event or command up as impossible: `return fail("unknown-currency", "no rate for XAU")`.
///
/// # Errors
/// Always: that is what it is for.
pub fn fail<T, E: From<Failure>>(
    code: impl Into<String>,
    message: impl Into<String>,
) -> Result<T, E> {
    Err(E::from(Failure::new(code, message)))
}
