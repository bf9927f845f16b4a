//! Tests of plugins without a server and without a WebAssembly toolchain: the handlers run natively, against a state in
//! memory that follows the host's rules.
//!
//! A [`Scenario`] tells a story: events that were given, a command or event to try, and what must come of it.
//!
//! A [`replay_diff`] holds two versions, as components, to what the second one is meant to change over a log.

mod again;
mod alike;
mod cursor;
pub(crate) mod host;
mod ordered;
mod replay_diff;
mod scenario;
mod session;
#[cfg(feature = "sql")]
mod sql;
mod state;
mod text;
mod view;

pub use alike::declared_alike;
pub use replay_diff::{ReplayDiff, replay_diff};
pub use scenario::Scenario;

use crate::command::CommandPayload;
use crate::plugin::Plugin;
use crate::reaction::{self, RunLater, RunNow};
use crate::task::{NewTask, TaskPayload as _};

/// The id that `make_id` gives at its n-th call within a scenario, for expected events.
pub fn made_id(number: u32) -> String {
    format!("00000000-0000-5000-8000-{number:012}")
}

/// What `cx.run_now(command)` of plugin `P` asks for, for [`then_tasks`](Scenario::then_tasks). A scenario does not run the
/// command: it may be another plugin's.
pub fn run_now<P: Plugin>(command: &impl CommandPayload) -> NewTask {
    reaction::task(RunNow::KIND, P::NAME, command)
}

/// What `cx.run_later(command)` of plugin `P` asks for, and `cx.later(command)` once it is enqueued.
pub fn run_later<P: Plugin>(command: &impl CommandPayload) -> NewTask {
    reaction::task(RunLater::KIND, P::NAME, command)
}
