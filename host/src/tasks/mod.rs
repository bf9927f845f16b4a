//! What operators do to tasks, and the desk at which the gateway asks.

mod desk;

pub use desk::{BookDesk, GatewayKind};
