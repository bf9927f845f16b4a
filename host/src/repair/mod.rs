//! The repair of history: amend, redact, undo, reconcile, pin.

mod amend;
mod doom;
mod erasing;
mod event_pins;
mod reconcile;
mod redact;
mod repairable;
mod retask;
mod undo;

pub use amend::{AmendRequest, Amended, NewPayload};
pub use erasing::RedactAllRequest;
pub use event_pins::PinRequest;
pub use reconcile::Reconciled;
pub use redact::{RedactRequest, Redacted};
pub use undo::{UndoRequest, Undone};
