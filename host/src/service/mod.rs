//! Where log, projections, code, replay and diff meet: a book and what can be done with it.

mod append;
mod book;
mod caused;
mod certify;
mod cloud_event;
mod command;
mod diffs;
mod follow;
mod ground;
mod group;
mod guards;
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
mod trial;
mod versions;
mod writer;

pub use append::{Admitted, AppendRequest, Receipt, task_id};
pub use book::{Book, LIVE};
pub use caused::{
    AnswerJson, Caused, CausedJson, RejectionJson, ShownJson, json_key, json_of, json_row,
    json_text,
};
pub use certify::{Certified, Refusal, certification_json, isolation_of};
pub use cloud_event::{CloudEvent, DEFAULT_SOURCE, Incoming};
pub use command::{Decision, Reply, Request};
pub use diffs::DiffRequest;
pub use follow::{Batch, Followed, Wanted};
pub use ground::Usage;
pub use group::Group;
pub use guards::{Guards, SeenRow, column_hash, find_table};
pub use library::Plan;
pub use materializer::{Doom, Failure, Materializer, Outcome};
pub use program::Program;
pub use reader::{Reader, Shown};
pub use replays::{Picked, Replayed, Verified};
pub use versions::{Loaded, Policy, VersionLine, inspect};
pub use writer::{Done, Writer, WriterOptions};
