//! Where log, projections, code, replay and diff meet: a book and what can be done with it.

mod ground;
mod materializer;
mod overlay;
mod program;
mod schemas;
mod scope;

pub use ground::Usage;
pub use materializer::{Doom, Failure, Materializer, Outcome};
pub use program::Program;
