//! Repairs of history: amendments, undos and redactions, and what follows from them everywhere else.

mod amend;
mod redact;
mod redact_all;
mod stale;
mod tasks;
mod undone;
