//! What looks at a book and keeps nothing of it: replays, comparisons, searches, exports.

mod as_of;
mod bisect;
mod diffs;
mod doom;
mod export;
mod foresee;
mod late_tasks;
mod onlooker;
mod pins;
mod prober;
mod replays;
mod scratch;
mod what_if;

pub use as_of::{Moment, OtherState, PastState, PastStates};
pub use bisect::{Divergence, Saw};
pub use diffs::DiffRequest;
pub(crate) use diffs::PlayerSide;
pub use doom::{Dooms, Forecast, FoundDoom, Remedy};
pub use export::{DifferingLine, ExportRequest, Exported, Mask, PayloadsOf, RepairedEvent};
pub use foresee::Foreseen;
pub(crate) use foresee::strays;
pub use late_tasks::LateTask;
pub use onlooker::{Onlooker, Study};
pub use replays::{Picked, Replayed, Verification, Verified};
pub use scratch::ScratchBook;
pub use what_if::{Said, Turn, Turned, WhatIf};
