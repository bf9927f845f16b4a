//! Repairs of history: amendments, undos and redactions, and what follows from them everywhere else.

mod amend;
mod exported;
mod redact;
mod redact_all;
mod stale;
mod story;
mod tasks;
mod undone;
