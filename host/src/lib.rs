//! Daybook: an event-processing host with dated, replayable logic.
//!
//! `host/ARCHITECTURE.md` is the map.

pub mod authoring;
pub mod book;
pub mod cli;
pub mod client;
pub mod diff;
pub mod engine;
pub mod gateway;
pub mod history;
pub mod log;
pub mod model;
pub mod outbound;
pub mod repair;
pub mod runtime;
pub mod serve;
pub mod shadow;
pub mod store;
pub mod study;
pub mod tasks;
pub mod verbs;
pub mod versions;
pub mod wire;
