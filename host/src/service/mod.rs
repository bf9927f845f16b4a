//! Where log, projections, code, replay and diff meet: a book and what can be done with it.

mod append;
mod book;
mod caused;
mod cloud_event;
mod command;
mod diffs;
mod follow;
mod ground;
mod group;
mod guards;
mod library;
mod listing;
mod loader;
mod marks;
mod materializer;
mod overlay;
mod player;
mod prober;
mod program;
mod reader;
mod replays;
mod replies;
mod schemas;
mod scope;
mod versions;
mod writer;

pub use append::{Admitted, AppendRequest, Receipt, task_id};
pub use book::{Book, LIVE};
pub use caused::{
    AnswerJson, Caused, CausedJson, RejectionJson, ShownJson, json_of, json_row, json_text,
};
pub use cloud_event::{CloudEvent, DEFAULT_SOURCE, Incoming};
pub use command::{Decision, Reply, Request};
pub use diffs::DiffRequest;
pub use follow::{Batch, Followed, Wanted};
pub use ground::Usage;
pub use group::Group;
pub use guards::{Guards, SeenRow, column_hash, find_table};
pub use library::Plan;
pub use loader::{Compiled, Loader, Warm};
pub use marks::{Marks, Stages};
pub use materializer::{Doom, Failure, Materializer, Outcome};
pub use program::Program;
pub use reader::{Reader, Shown};
pub use replays::{Picked, Replayed, Verification, Verified};
pub use replies::Activated;
pub use versions::{Loaded, Policy, VersionLine, inspect};
pub use writer::{Done, Writer, WriterOptions};
