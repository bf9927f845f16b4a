//! Where log, projections, code, replay and diff meet: a book and what can be done with it.

mod append;
mod book;
mod cloud_event;
mod command;
mod diffs;
mod ground;
mod library;
mod listing;
mod materializer;
mod overlay;
mod player;
mod prober;
mod program;
mod reader;
mod replays;
mod schemas;
mod scope;
mod versions;

pub use append::{Receipt, task_id};
pub use book::{Book, LIVE};
pub use cloud_event::{CloudEvent, DEFAULT_SOURCE, Incoming};
pub use command::{Decision, Reply, Request};
pub use diffs::DiffRequest;
pub use ground::Usage;
pub use library::Plan;
pub use materializer::{Doom, Failure, Materializer, Outcome};
pub use program::Program;
pub use reader::{Reader, Shown};
pub use replays::{Picked, Replayed, Verified};
pub use versions::{Loaded, Policy, VersionLine, inspect};
