//! Projections beside the live one that follow the log.

mod follower;
mod track;

pub(crate) use follower::{Follower, Head};
pub use track::TrackStatus;
pub(crate) use track::{Track, expect_key};
