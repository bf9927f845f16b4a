//! What is on disk: the log and the projections in SQLite, and a book's tokens. The only module that names rusqlite.

mod book_dir;
mod catalog;
mod checkpoints;
mod connect;
mod functions;
mod guard;
mod key_filter;
mod local_token;
mod matching;
mod meter;
mod private;
mod projection;
mod projection_files;
mod read;
mod rows;
mod rows_now;
mod schema;
mod sql;
mod standin;
mod state_read;
mod temporary;
mod tokens;

pub use book_dir::{Announced, BookDir, BookLock, PAST_STATE, ServedAt};
pub use catalog::*;
pub use checkpoints::{Checkpoints, carry_over};
pub use local_token::LocalToken;
pub use meter::Allowance;
pub use private::{private_file, private_folder};
pub use projection::{Access, Bounds, Glance, Projection, ProjectionHead, RowAt, Share};
pub(crate) use projection_files::Temporary;
pub use projection_files::{copy_projection, remove_projection};
pub use read::read_only_query;
pub use rows_now::{NowRow, RowKey, rows_now};
pub use state_read::{
    Answer, Comparison, Filter, Page, PageQuery, ResultColumn, Snapshot, StatePool, query_columns,
};
pub use tokens::{NewToken, Token, TokenFile, TokenList, TokenRole, TokenStamp, TokenState};

use meter::Meter;

use crate::model::{Error, ErrorKind};

/// Maps a SQLite error once: what the operating system refused is told apart from damage and from our own faults.
fn sqlite(what: &str, error: rusqlite::Error) -> Error {
    use rusqlite::ErrorCode as Code;
    let code = error.sqlite_error_code();
    let message = format!("{what}: {error}");
    if tells_of_damage(&error) {
        return damaged(message);
    }
    match code {
        Some(Code::DiskFull) => Error::new(ErrorKind::Io, message)
            .hint("nothing of this request was kept; free space on the disk and repeat it"),
        Some(
            Code::SystemIoFailure | Code::CannotOpen | Code::ReadOnly | Code::PermissionDenied,
        ) => Error::new(ErrorKind::Io, message).hint("check the book's disk and its permissions"),
        Some(Code::DatabaseBusy | Code::DatabaseLocked) => {
            Error::unavailable(message).hint("another program is using the book's files")
        }
        // Only what limits a read interrupts it.
        Some(Code::OperationInterrupted) => meter::Stop::Time.error().context(what),
        _ => Error::internal(message),
    }
}

fn damaged(message: String) -> Error {
    Error::corrupt(message)
        .hint("a projection can be deleted and comes back; the log has to be restored from a copy")
}

/// True where a file is not as it was written: SQLite says so, it ends too early, or a value in it is not what it has to be.
fn tells_of_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode as Code;
    use rusqlite::ffi::SQLITE_IOERR_SHORT_READ;
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => {
            matches!(failure.code, Code::DatabaseCorrupt | Code::NotADatabase)
                || failure.extended_code == SQLITE_IOERR_SHORT_READ
        }
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::Utf8Error(..) => true,
        _ => false,
    }
}
