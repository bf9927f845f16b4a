//! Repairs of history: amendments, undos and redactions.

mod amend;
mod redact;
