//! Daybook: an event-processing host with dated, replayable logic.
//!
//! `host/ARCHITECTURE.md` is the map; the layers are
//! `main → cli → { authoring, client, http } → service → { store, runtime, replay, diff, gateway } → { outbound, model }`.

pub mod authoring;
pub mod cli;
pub mod client;
pub mod diff;
pub mod gateway;
pub mod http;
pub mod model;
pub mod outbound;
pub mod replay;
pub mod runtime;
pub mod service;
pub mod store;
