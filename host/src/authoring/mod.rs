//! What a plugin's author needs beside his toolchain: a skeleton to begin with, the SDK, a build that ends in a component, the
//! run of the tests, and word of what he saved. Knows cargo, npm and Python's environments, and no book.

mod build;
mod cargo;
mod language;
mod node;
mod python;
mod sdk;
mod skeleton;
mod target;
mod tool;
mod watch;

pub use build::{BuiltPlugin, build, build_all, target_folder, test, write_whole};
pub use language::Language;
pub use skeleton::Skeleton;
pub use watch::Sources;
