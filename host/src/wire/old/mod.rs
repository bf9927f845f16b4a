//! Forms that are on their way into the types beside.

mod replies;
mod study_replies;
mod task_json;

pub use replies::{Activated, snapshot_json};
pub use study_replies::row_json;
pub use task_json::{gateway_json, step_json, task_json, told_json};
