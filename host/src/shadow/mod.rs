//! Projections beside the live one that follow the log.

mod projection;
mod thread;

pub use projection::ShadowStatus;
pub(crate) use projection::{ShadowProjection, expect_key};
pub(crate) use thread::{Head, ShadowThread};
