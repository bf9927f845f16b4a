//! Where log, projections, code, replay and diff meet: a book and what can be done with it.

mod append;
mod as_of;
mod bisect;
mod book;
mod caused;
mod certify;
mod cloud_event;
mod command;
mod diffs;
mod follow;
mod follower;
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
mod promotion;
mod reader;
mod replays;
mod retirement;
mod schemas;
mod scope;
mod snapshots;
mod track;
mod trial;
mod versions;
mod what_if;
mod writer;

pub use append::{Admitted, AppendRequest, Receipt, task_id};
pub use as_of::{Moment, PastState, PastStates};
pub use bisect::{Divergence, Saw};
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
pub use listing::ChangelogEntry;
pub use materializer::{Doom, Failure, Materializer, Outcome};
pub use program::Program;
pub use promotion::{PromoteRequest, Promoted, Promotion, STANDBY};
pub use reader::{Reader, Shown};
pub use replays::{Picked, Replayed, Verified};
pub use retirement::VersionState;
pub use snapshots::copy_live;
pub use track::TrackStatus;
pub use versions::{Loaded, Policy, VersionLine, inspect};
pub use what_if::{Said, Turn, Turned, WhatIf};
pub use writer::{Done, Writer, WriterOptions};
