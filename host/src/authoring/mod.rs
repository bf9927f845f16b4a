//! What a plugin's author needs beside the SDK: a skeleton to begin with, and a build that ends in a component. Knows
//! cargo and rustup, and no book.

mod build;
mod cargo;
mod skeleton;
mod target;

pub use build::{BuiltPlugin, build, build_all, target_folder, write_whole};
pub use skeleton::Skeleton;
