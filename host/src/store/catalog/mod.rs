//! The tables of `log.db`.

mod certification;
mod erase;
mod event_pins;
mod events;
mod late_tasks;
mod life;
mod log_read;
mod registry;
mod repairs;
mod scan;
mod snapshots;
mod task_list;
mod tasks;
mod versions;

pub use certification::{Certification, SampledEvents};
pub use erase::Erasure;
pub use events::{Catalog, StoredCommand};
pub use late_tasks::LATE as FIRST_LATE;
pub use life::Pinned;
pub use log_read::Extent;
pub use registry::{ProjectionRecord, Role};
pub use repairs::{Amendment, Redaction, Repair};
pub use scan::{EventFilter, StoredEvent};
pub(crate) use scan::{Logged, Scan};
pub use snapshots::SnapshotRecord;
pub use task_list::{KindCount, TaskFilter, TaskRow};
pub use tasks::StoredKind;
pub use versions::StoredVersion;
