//! Owns where real data is: the folder named by `DAYBOOK_DATA`, else `../shared/data` beside the workspace. Where there
//! is none, the test that wanted it says so and ends.

use std::path::PathBuf;

use crate::{not_run, workspace};

/// A folder of the real data. None: it is absent, and that was printed with the test's name.
pub fn folder(name: &str, test: &str) -> Option<PathBuf> {
    let base = match std::env::var_os("DAYBOOK_DATA") {
        Some(given) => PathBuf::from(given),
        None => workspace::root().parent()?.join("shared/data"),
    };
    let folder = base.join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    let why = format!(
        "there is no real data at {}; DAYBOOK_DATA names its folder",
        folder.display()
    );
    not_run(test, &why);
    None
}
