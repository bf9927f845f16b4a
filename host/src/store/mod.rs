//! What is on disk: the log and the projections in SQLite, and a book's tokens. The only module that names rusqlite.

mod book_dir;
mod catalog;
mod checkpoints;
mod functions;
mod guard;
mod key_filter;
mod matching;
mod meter;
mod projection;
mod projection_files;
mod read;
mod rows;
mod schema;
mod sql;
mod state_read;
mod temporary;
mod tokens;

pub use book_dir::{Announced, BookDir, BookLock, PAST_STATE, ServedAt};
pub use catalog::*;
pub use checkpoints::{Checkpoints, carry_over};
pub use meter::Allowance;
pub use projection::{Access, Bounds, Glance, Projection, ProjectionHead, RowAt};
pub use projection_files::{copy_projection, remove_projection};
pub use read::{TextQuery, read_only_query};
pub use state_read::{Answer, Comparison, Filter, Page, PageQuery, Snapshot, StatePool};
pub use tokens::{NewToken, Token, TokenFile, TokenList, TokenRole, TokenStamp, TokenState};

use meter::Meter;

use crate::model::{Error, ErrorKind};

/// Maps a SQLite error once: what the operating system refused is told apart from damage and from our own faults.
fn sqlite(what: &str, error: rusqlite::Error) -> Error {
    use rusqlite::ErrorCode as Code;
    let code = error.sqlite_error_code();
    let message = format!("{what}: {error}");
    match code {
        Some(Code::DiskFull) => Error::new(ErrorKind::Io, message)
            .hint("nothing of this request was kept; free space on the disk and repeat it"),
        Some(
            Code::SystemIoFailure | Code::CannotOpen | Code::ReadOnly | Code::PermissionDenied,
        ) => Error::new(ErrorKind::Io, message).hint("check the book's disk and its permissions"),
        Some(Code::DatabaseBusy | Code::DatabaseLocked) => {
            Error::unavailable(message).hint("another program is using the book's files")
        }
        Some(Code::DatabaseCorrupt | Code::NotADatabase) => Error::corrupt(message).hint(
            "a projection can be deleted and comes back; the log has to be restored from a copy",
        ),
        // Only what limits a read interrupts it.
        Some(Code::OperationInterrupted) => meter::Stop::Time.error().context(what),
        _ => Error::internal(message),
    }
}
