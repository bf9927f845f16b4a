//! The languages that there is an SDK for, and how a plugin's folder shows its own.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use crate::model::{Error, Result};

/// What a plugin is written in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Language {
    #[default]
    Rust,
    TypeScript,
    Python,
}

impl Language {
    pub const ALL: [Language; 3] = [Language::Rust, Language::TypeScript, Language::Python];

    /// The language of the plugin in a folder: by its Cargo.toml, by the member `daybook` of its package.json, or by the table
    /// `tool.daybook` of its pyproject.toml.
    pub fn of(folder: &Path) -> Result<Language> {
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
        if folder.join("Cargo.toml").is_file() {
            return Ok(Language::Rust);
        }
        let mut unnamed = None;
        if let Some(text) = read("package.json") {
            let package: serde_json::Value = serde_json::from_str(&text).map_err(|error| {
                Error::refused(format!("{}/package.json: {error}", folder.display()))
            })?;
            if package.get("daybook").is_some() {
                return Ok(Language::TypeScript);
            }
            unnamed = Some(("package.json", "\"daybook\": \"plugin.ts\""));
        }
        if let Some(text) = read("pyproject.toml") {
            let project: toml::Table = toml::from_str(&text).map_err(|error| {
                Error::refused(format!("{}/pyproject.toml: {error}", folder.display()))
            })?;
            if project
                .get("tool")
                .and_then(|tool| tool.get("daybook"))
                .is_some()
            {
                return Ok(Language::Python);
            }
            unnamed = Some(("pyproject.toml", "[tool.daybook] module = \"plugin\""));
        }
        Err(match unnamed {
            Some((file, line)) => Error::usage(format!(
                "{}/{file} does not say which file is the plugin",
                folder.display()
            ))
            .hint(format!("add to it: {line}")),
            None => Error::usage(format!(
                "{} is no plugin: it has no Cargo.toml, package.json or pyproject.toml",
                folder.display()
            ))
            .hint("begin one with: daybook plugin new NAME --lang rust|ts|python"),
        })
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Language::Rust => "Rust",
            Language::TypeScript => "TypeScript",
            Language::Python => "Python",
        })
    }
}

impl FromStr for Language {
    type Err = Error;

    fn from_str(text: &str) -> Result<Language> {
        match text {
            "rust" => Ok(Language::Rust),
            "ts" | "typescript" => Ok(Language::TypeScript),
            "python" | "py" => Ok(Language::Python),
            _ => Err(Error::usage(format!("there is no SDK for '{text}'"))
                .hint("there is one for rust, ts and python")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_shows_its_language_by_its_file_and_one_without_says_what_is_missing() {
        let check = |file: &str, text: &str| {
            let directory = tempfile::tempdir().unwrap();
            std::fs::write(directory.path().join(file), text).unwrap();
            let found = Language::of(directory.path());
            found.map_err(|error| error.hint.unwrap_or(error.message))
        };
        assert_eq!(check("Cargo.toml", "").unwrap(), Language::Rust);
        assert_eq!(
            check("package.json", r#"{"daybook": "plugin.ts"}"#).unwrap(),
            Language::TypeScript
        );
        assert_eq!(
            check("pyproject.toml", "[tool.daybook]\nmodule = \"plugin\"").unwrap(),
            Language::Python
        );
        for (file, text, said) in [
            ("package.json", "{}", "\"daybook\": \"plugin.ts\""),
            ("package.json", "{", "package.json"),
            ("pyproject.toml", "", "[tool.daybook]"),
            ("notes.txt", "", "daybook plugin new"),
        ] {
            let error = check(file, text).unwrap_err();
            assert!(error.contains(said), "{file}: {error}");
        }
    }
}
