//! The tables of `log.db`: what a log's commits amount to, and what of the book is this machine's own. `apply` writes the
//! first and `local` the second; everything else reads.

mod apply;
mod audit;
mod certification;
mod clean;
mod commits;
mod copy;
mod event_pins;
mod events;
mod handler_log;
mod in_force;
mod journal;
mod late_tasks;
mod life;
mod local;
mod log_read;
mod moments;
mod origin;
mod registry;
mod repairs;
mod scan;
mod schedules;
mod seal;
mod snapshots;
mod task_list;
mod tasks;
mod versions;

pub use certification::SampledEvents;
pub use copy::{CopyMarks, Taken};
pub use events::{Catalog, StoredCommand};
pub use handler_log::{HandlerLogFilter, NumberedLine};
pub use journal::{CommandFilter, NumberedCommand};
pub use late_tasks::{LATE as FIRST_LATE, LateRow};
pub use life::Pinned;
pub use log_read::Extent;
pub use repairs::Repair;
pub use scan::{EventFilter, StoredEvent};
pub(crate) use scan::{Logged, Scan};
pub use task_list::{KindCount, TaskFilter, TaskRow};
