//! The life of versions: load, certify, put in force, promote, roll back, retire.

mod certify;
mod listing;
mod load;
mod loader;
mod patch;
mod plugin_folder;
mod promotion;
mod retirement;
mod trial;

pub use certify::{Certified, Refusal};
pub use listing::ChangelogEntry;
pub use load::{Loaded, Policy, VersionLine, inspect};
pub use loader::{Compiled, Loader, Warm};
pub use plugin_folder::PluginFolder;
pub use promotion::{PromoteRequest, Promoted, Promotion, STANDBY, shadowed};
pub use retirement::{Needs, VersionState};
