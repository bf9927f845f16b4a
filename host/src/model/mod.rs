//! Words and rules of Daybook: ids, events, manifests, changes, limits. No IO here.

pub mod canonical;
pub mod capability;
pub mod changelog;
pub mod clock;
pub mod copying;
pub mod effects;
pub mod error;
pub mod event;
pub mod format;
pub mod given;
pub mod hash;
pub mod heard;
pub mod id;
pub mod instances;
pub mod json_text;
pub mod layout;
pub mod limits;
pub mod lineup;
pub mod log;
pub mod manifest;
pub mod partition;
pub mod progress;
pub mod records;
pub mod same_task;
pub mod span;
pub mod state_given;
pub mod strict_json;
pub mod task;
pub mod timing;
pub mod undo;
pub mod value;

pub use capability::{
    Bound, Budget, Created, Creation, Failure, Find, Found, HandlerError, Level, LogLine,
    Materialization, QueryResult, Violation, WriteError,
};
pub use effects::{Change, Effects, Task};
pub use error::{Error, ErrorKind, Result};
pub use event::{Command, Event, NewEvent, Rejection};
pub use format::{ColumnFormat, Formats, QueryColumn};
pub use hash::Digest;
pub use id::{CommitSeq, PluginName, PluginVersion, Seq, TypeName, VersionDate, is_identifier};
pub use instances::{Calls, Instances};
pub use json_text::JsonText;
pub use layout::{Layouts, TableLayout};
pub use lineup::{Lineup, Schedule};
pub use manifest::Manifest;
pub use partition::{Partition, PartitionSource, Partitioning};
pub use records::{
    Amendment, Certification, CommandSchedule, HandlerLine, LastRun, NOT_DETERMINISTIC,
    NOT_PARTITIONED, ProjectionRecord, Redaction, Role, SnapshotRecord, StoredKind, StoredVersion,
    tells_of_refusal,
};
pub use span::Span;
pub use task::{Act, Delivery, DueTask, Ended, Move, Place, TaskState, TaskStep, Waiting};
pub use timing::Timing;
pub use value::{Row, Value};
