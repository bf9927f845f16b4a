//! The log as it was: payloads of their time, and every reading of events in order.

mod history;
mod notes;
mod past;
mod rebuild;
mod replay;

pub use history::History;
pub use notes::RepairNote;
pub(crate) use notes::notes;
pub(crate) use past::{Past, Payloads, put_in_place};
pub(crate) use rebuild::{build, source};
pub use replay::{OnProgress, Progress, READ, Source, hole, read, read_ahead, silent};
