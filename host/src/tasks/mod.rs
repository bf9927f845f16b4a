//! What operators do to tasks, the desk at which the gateway asks, and commands that the clock runs.

mod desk;
mod schedules;
mod timekeeper;

pub use desk::{BookDesk, GatewayKind};
pub use schedules::{NewSchedule, next_due};
pub use timekeeper::{Timekeeper, TimekeeperHandle};
