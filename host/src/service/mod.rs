//! Where log, projections, code, replay and diff meet: a book and what can be done with it.

mod amend;
mod append;
mod as_of;
mod bisect;
mod book;
mod caused;
mod certify;
mod cloud_event;
mod command;
mod diffs;
mod doom;
mod follow;
mod follower;
mod ground;
mod group;
mod guards;
mod ids;
mod library;
mod listing;
mod loader;
mod marks;
mod materializer;
mod overlay;
mod past;
mod patch;
mod player;
mod plugin_folder;
mod priority;
mod prober;
mod program;
mod promotion;
mod reactions;
mod reader;
mod reconcile;
mod redact;
mod repair;
mod replays;
mod replies;
mod retirement;
mod schemas;
mod scope;
mod snapshots;
mod take_back;
mod task_json;
mod tasks;
mod track;
mod trial;
mod undo;
mod versions;
mod what_if;
mod writer;

/// What a shadow counts.
pub use crate::diff::Tally;
pub use crate::gateway::{
    Backoff, DriverConfig, Gateway, KindConfig, MailConfig, ObjectConfig, Printer, Secret, Span,
    WebhookConfig,
};
pub use amend::{AmendRequest, Amended, NewPayload};
pub use append::{Admitted, AppendRequest, Receipt};
pub use as_of::{Moment, PastState, PastStates};
pub use bisect::{Divergence, Saw};
pub use book::{Book, LIVE};
pub use caused::{
    AnswerJson, Caused, CausedJson, ListedJson, RejectionJson, RepairJson, ShownJson, json_of,
    json_row, json_text,
};
pub use certify::{Certified, Refusal, certification_json, isolation_of};
pub use cloud_event::{CloudEvent, DEFAULT_SOURCE, Incoming};
pub use command::{Decision, Reply, Request};
pub use diffs::DiffRequest;
pub use doom::{Dooms, FoundDoom};
pub use follow::{Batch, Followed, Wanted};
pub use ground::Usage;
pub use group::Group;
pub use guards::{Guards, SeenRow, column_hash, find_table};
pub use ids::task_id;
pub use library::Plan;
pub use listing::ChangelogEntry;
pub use loader::{Compiled, Loader, Warm};
pub use marks::{Marks, Stages};
pub use materializer::{Doom, Failure, Materializer, Outcome};
pub use plugin_folder::PluginFolder;
pub use priority::give_way;
pub use program::Program;
pub use promotion::{PromoteRequest, Promoted, Promotion, STANDBY};
pub use reader::{Reader, Shown};
pub use reconcile::Reconciled;
pub use redact::{RedactRequest, Redacted};
pub use repair::{Foreseen, RepairNote};
pub use replays::{Picked, Replayed, Verification, Verified};
pub use replies::{Activated, snapshot_json};
pub use retirement::VersionState;
pub use snapshots::copy_live;
pub use task_json::{gateway_json, step_json, task_json, told_json};
pub use tasks::{BookDesk, GatewayKind, TaskNews, ToldTask};
pub use track::TrackStatus;
pub use undo::{UndoRequest, Undone};
pub use versions::{Loaded, Policy, VersionLine, inspect};
pub use what_if::{Said, Turn, Turned, WhatIf};
pub use writer::{Done, Writer, WriterOptions};
