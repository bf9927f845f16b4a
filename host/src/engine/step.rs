//! What an event came to, as one side of a comparison.

use std::sync::Arc;

use super::materializer::{Failure, Outcome};
use crate::diff::Step;
use crate::model::{Layouts, Result};

/// An event of doom is an answer, told in the plugin's words; a fault of the host is none. `layouts` are those of the program
/// that ran.
pub fn step_of(result: Result<Outcome, Failure>, layouts: Arc<Layouts>) -> Result<Step> {
    match result {
        Ok(outcome) => Ok(Step {
            used: outcome.usage.budget(),
            ..Step::new(layouts, Ok((outcome.effects, outcome.body)))
        }),
        Err(Failure::Doom(doom)) => Ok(Step::new(
            layouts,
            Err(format!("{} {}", doom.version.plugin, doom.error.cause())),
        )),
        Err(Failure::Host(error)) => Err(error),
    }
}
