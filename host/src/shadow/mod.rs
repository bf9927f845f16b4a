//! Projections beside the live one that follow the log.

mod follower;
mod projection;

pub(crate) use follower::{Follower, Head};
pub use projection::ShadowStatus;
pub(crate) use projection::{ShadowProjection, expect_key};
