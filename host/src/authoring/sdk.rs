//! The SDKs that this binary carries, and how a plugin refers to one.

use std::path::{Component, Path, PathBuf};

use super::Language;
use crate::model::{Error, Result};

mod files {
    include!(concat!(env!("OUT_DIR"), "/sdks.rs"));
}

pub use files::TOOLCHAIN;

/// The folder beside a plugin's source that its SDK is unpacked into.
pub const FOLDER: &str = "daybook-sdk";

/// An SDK's files by their path within it, in the order of the paths.
pub fn files(language: Language) -> &'static [(&'static str, &'static [u8])] {
    match language {
        Language::Rust => files::RUST,
        Language::TypeScript => files::TYPESCRIPT,
        Language::Python => files::PYTHON,
    }
}

/// Writes an SDK into a folder.
pub fn unpack(language: Language, folder: &Path) -> Result<()> {
    for (name, bytes) in files(language) {
        let path = folder.join(name);
        let failed = |error| Error::io(format!("writing {}", path.display()), error);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        std::fs::write(&path, bytes).map_err(failed)?;
    }
    Ok(())
}

/// Checks that a folder holds a language's SDK.
pub fn check(language: Language, folder: &Path) -> Result<()> {
    let (file, name) = match language {
        Language::Rust => ("Cargo.toml", "name = \"daybook-sdk\""),
        Language::TypeScript => ("package.json", "\"name\": \"@daybook/sdk\""),
        Language::Python => ("pyproject.toml", "name = \"daybook-sdk\""),
    };
    let text = std::fs::read_to_string(folder.join(file)).unwrap_or_default();
    if text.contains(name) {
        return Ok(());
    }
    Err(Error::usage(format!(
        "there is no SDK for {language} in {}",
        folder.display()
    ))
    .hint(
        "say where it is: --sdk PATH; or leave --sdk out, and the one of this daybook is unpacked",
    ))
}

/// How one folder is reached from another, so that both can be moved together. Both are absolute.
pub fn relative(from: &Path, to: &Path) -> PathBuf {
    let (from, to): (Vec<_>, Vec<_>) = (from.components().collect(), to.components().collect());
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = from[shared..].iter().map(|_| Component::ParentDir);
    up.chain(to[shared..].iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_reached_from_beside_it_and_from_below_it() {
        let relative = |from, to| {
            relative(Path::new(from), Path::new(to))
                .display()
                .to_string()
        };
        assert_eq!(
            relative("/a/visits", "/a/visits/daybook-sdk"),
            "daybook-sdk"
        );
        assert_eq!(relative("/a/visits/2024-01-01", "/a/sdk"), "../../sdk");
        assert_eq!(relative("/a/visits", "/b/sdk"), "../../b/sdk");
    }

    #[test]
    fn what_is_unpacked_is_the_sdk_and_nothing_that_tools_left_beside_it() {
        for language in Language::ALL {
            let directory = tempfile::tempdir().unwrap();
            unpack(language, directory.path()).unwrap();
            check(language, directory.path()).unwrap();
            for (name, bytes) in files(language) {
                let text = String::from_utf8_lossy(bytes);
                assert!(
                    !name.contains("node_modules") && !name.contains("__pycache__"),
                    "{name}"
                );
                assert!(
                    !text.contains(env!("CARGO_MANIFEST_DIR")),
                    "{name} names this checkout"
                );
                assert!(
                    !text.contains(".workspace = true"),
                    "{name} needs a workspace"
                );
            }
            assert!(files(language).iter().any(|(name, _)| *name == "LICENSE"));
        }
    }
}
