//! What the gateway, and who runs commands by the clock, should know of commits.

use crate::model::Place;

/// What the gateway should know of a commit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskNews {
    /// Events asked for tasks.
    pub asked: bool,
    /// Operators decided about these.
    pub touched: Vec<(String, Place)>,
    /// How kinds are carried out was changed, or what events of the past ask for.
    pub anew: bool,
    /// Something happened to tasks.
    pub stepped: bool,
    /// Commands that the clock runs were changed.
    pub timed: bool,
}
