//! An open book: what becomes durable together, what answers, and its readers.

mod alarm;
mod append;
mod caused;
mod cloud_event;
mod command;
mod commit;
mod follow;
mod following;
mod group;
mod guards;
mod marks;
mod open;
mod reactions;
mod reader;
mod recovery;
mod snapshots;
mod take_over;
mod task_news;
mod told_tasks;
mod writer;

pub(crate) use append::tasks;
pub use append::{Admitted, AppendRequest, Receipt};
pub use caused::{
    AnswerJson, Caused, CausedJson, ListedJson, RejectionJson, RepairJson, ShownJson, json_of,
    json_row, json_text,
};
pub use cloud_event::{CloudEvent, DEFAULT_SOURCE, Incoming};
pub use command::{Decision, Reply, Request};
pub(crate) use commit::SystemEvent;
pub use follow::{Batch, Followed, Wanted};
pub use group::Group;
pub use guards::{Guards, SeenRow, column_hash};
pub use marks::{Marks, Stages};
pub use open::{Book, LIVE};
pub(crate) use open::{Live, clean, live_record};
pub(crate) use reactions::{AskedCommand, extensions};
pub(crate) use reader::shown;
pub use reader::{Reader, Shown};
pub(crate) use recovery::PATCHED;
pub use snapshots::copy_live;
pub use task_news::TaskNews;
pub use told_tasks::ToldTask;
pub(crate) use told_tasks::{told_task, unknown_task};
pub use writer::{Answer, Done, Writer, WriterOptions};
