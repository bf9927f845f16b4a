//! The WebAssembly target of the Rust toolchain: looked for, and added where it is missing.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::tool;
use crate::model::{Error, ErrorKind, Result};

/// What plugins are compiled for.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// Makes sure that the toolchain which builds in a folder can compile for the target. A folder may name a toolchain of
/// its own, so it is asked from there.
pub fn ensure(folder: &Path) -> Result<()> {
    if is_there(folder)? {
        return Ok(());
    }
    let added = Command::new("rustup")
        .args(["target", "add", TARGET])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status();
    let missing = |why: String| {
        Err(Error::new(
            ErrorKind::Io,
            format!("the Rust target {TARGET} is missing, and {why}"),
        )
        .hint(format!("install it with: {}", way_out())))
    };
    match added {
        Ok(status) if status.success() => {}
        Ok(_) => return missing("rustup could not add it".to_owned()),
        Err(error) => return missing(format!("rustup cannot be run: {error}")),
    }
    if is_there(folder)? {
        Ok(())
    } else {
        missing("rustup added it to another toolchain".to_owned())
    }
}

/// Where Rust comes from the distribution, its target does so too.
fn way_out() -> String {
    match tool::find("rustup") {
        Some(_) => format!("rustup target add {TARGET}"),
        None => tool::package_command(
            "libstd-rust-dev-wasm32",
            "rust-std-static-wasm32-unknown-unknown",
            "rustup && rustup target add wasm32-unknown-unknown",
        ),
    }
}

fn is_there(folder: &Path) -> Result<bool> {
    let asked = Command::new(rustc())
        .args(["--print", "target-libdir", "--target", TARGET])
        .current_dir(folder)
        .stdin(Stdio::null())
        .output();
    match asked {
        Ok(output) => {
            let path = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
            Ok(output.status.success() && path.is_dir())
        }
        Err(error) => Err(Error::new(ErrorKind::Io, format!("rustc cannot be run: {error}"))
            .hint("building a plugin needs Rust: install it with rustup, or the distribution's packages rustc and cargo")),
    }
}

fn rustc() -> std::ffi::OsString {
    std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())
}
