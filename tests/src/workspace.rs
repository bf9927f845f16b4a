//! Owns where things are: the workspace's root and its target directory, and how cargo is called on them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The folder with the workspace's `Cargo.toml`.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the package is a folder of the workspace")
}

/// The target directory that the running test was built into: the one that cargo marked as such.
pub fn target() -> &'static Path {
    static TARGET: OnceLock<PathBuf> = OnceLock::new();
    TARGET.get_or_init(|| {
        let program = std::env::current_exe().expect("a process knows its own file");
        let marked = program
            .ancestors()
            .find(|folder| folder.join("CACHEDIR.TAG").is_file());
        marked
            .expect("a test lies in a target directory")
            .to_owned()
    })
}

/// Cargo in the workspace's root, free of what the cargo above has set for itself.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let inherited = [
            "CARGO_PKG_",
            "CARGO_MANIFEST_",
            "CARGO_BIN_",
            "CARGO_CRATE_",
        ];
        if inherited.iter().any(|prefix| text.starts_with(prefix))
            || text == "CARGO_ENCODED_RUSTFLAGS"
        {
            command.env_remove(&name);
        }
    }
    command
}
