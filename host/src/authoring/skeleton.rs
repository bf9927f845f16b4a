//! The skeleton of a new plugin: the SDK's template with its marks replaced.

use std::path::{Path, PathBuf};

use crate::model::{Error, PluginName, Result, VersionDate};

/// Where each file of the template goes.
const FILES: [(&str, &str); 3] = [
    (
        "Cargo.toml",
        include_str!("../../../plugin-sdk/template/Cargo.toml.tmpl"),
    ),
    (
        "README.md",
        include_str!("../../../plugin-sdk/template/README.md.tmpl"),
    ),
    (
        "src/lib.rs",
        include_str!("../../../plugin-sdk/template/src/lib.rs.tmpl"),
    ),
];

/// A plugin that is about to be begun.
#[derive(Debug, Clone)]
pub struct Skeleton {
    pub name: PluginName,
    pub date: VersionDate,
    /// Must not be there yet, or be empty.
    pub directory: PathBuf,
    /// The folder of the crate `daybook-sdk`; none: the one beside this host's own source.
    pub sdk: Option<PathBuf>,
}

impl Skeleton {
    /// Writes the files and gives their paths.
    pub fn write(&self) -> Result<Vec<PathBuf>> {
        self.check_name()?;
        let sdk = self.sdk_path()?;
        let taken =
            std::fs::read_dir(&self.directory).is_ok_and(|mut entries| entries.next().is_some());
        if taken || self.directory.is_file() {
            return Err(
                Error::usage(format!("{} is there already", self.directory.display()))
                    .hint("name a folder that does not exist yet: --dir PATH"),
            );
        }
        let mut written = Vec::new();
        for (name, template) in FILES {
            let path = self.directory.join(name);
            let failed = |error| Error::io(format!("writing {}", path.display()), error);
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder).map_err(failed)?;
            }
            std::fs::write(&path, self.fill(template, &sdk)).map_err(failed)?;
            written.push(path);
        }
        Ok(written)
    }

    fn fill(&self, template: &str, sdk: &Path) -> String {
        template
            .replace("{{name}}", self.name.as_str())
            .replace("{{Name}}", &self.type_name())
            .replace("{{version}}", &self.date.to_string())
            .replace(
                "{{sdk}}",
                &format!("{{ path = {} }}", toml_text(&sdk.to_string_lossy())),
            )
    }

    /// `visits` → `Visits`. Names that the template or the SDK's prelude has already get an ending.
    fn type_name(&self) -> String {
        let name = self.name.as_str();
        let mut capitalized = name[..1].to_uppercase();
        capitalized.push_str(&name[1..]);
        let taken =
            FILES[2].1.contains(&capitalized) || TAKEN_TYPES.contains(&capitalized.as_str());
        if taken {
            capitalized + "Plugin"
        } else {
            capitalized
        }
    }

    /// The library bears the plugin's name, so words that Rust has for itself cannot be one.
    fn check_name(&self) -> Result<()> {
        self.name.check_free()?;
        if TAKEN_CRATES.contains(&self.name.as_str()) {
            return Err(
                Error::refused(format!("'{}' is a word of Rust's own", self.name))
                    .hint("a crate cannot be called that; choose another name"),
            );
        }
        Ok(())
    }

    fn sdk_path(&self) -> Result<PathBuf> {
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugin-sdk");
        let path = self.sdk.clone().unwrap_or(own);
        if !path.join("Cargo.toml").is_file() {
            return Err(Error::usage(format!(
                "there is no crate daybook-sdk in {}",
                path.display()
            ))
            .hint("say where it is: --sdk PATH"));
        }
        path.canonicalize()
            .map_err(|error| Error::io(path.display(), error))
    }
}

/// Types that every plugin has in scope.
const TAKEN_TYPES: &[&str] = &[
    "Box", "Clone", "Copy", "Date", "Default", "Drop", "Err", "Eq", "Failure", "Fn", "From",
    "Into", "None", "Ok", "Option", "Ord", "Payload", "Result", "Self", "Send", "Some", "String",
    "Sync", "Task", "Time", "Vec",
];

const TAKEN_CRATES: &[&str] = &[
    "abstract", "alloc", "as", "async", "await", "become", "box", "break", "const", "continue",
    "core", "crate", "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen",
    "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv",
    "pub", "ref", "return", "self", "static", "std", "struct", "super", "test", "trait", "true",
    "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// A basic string of TOML.
fn toml_text(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skeleton(name: &str, directory: &Path) -> Skeleton {
        Skeleton {
            name: name.parse().unwrap(),
            date: "2024-01-01".parse().unwrap(),
            directory: directory.join(name),
            sdk: None,
        }
    }

    #[test]
    fn no_mark_of_the_template_is_left() {
        let directory = tempfile::tempdir().unwrap();
        let files = skeleton("visits", directory.path()).write().unwrap();
        assert_eq!(files.len(), FILES.len());
        for file in files {
            let text = std::fs::read_to_string(&file).unwrap();
            assert!(
                !text.contains("{{") && !text.contains("}}"),
                "{}:\n{text}",
                file.display()
            );
        }
    }

    #[test]
    fn a_plugin_called_like_a_type_of_the_template_gets_a_type_of_another_name() {
        let directory = tempfile::tempdir().unwrap();
        for (name, expected) in [
            ("visits", "Visits"),
            ("counter", "CounterPlugin"),
            ("event", "EventPlugin"),
        ] {
            assert_eq!(skeleton(name, directory.path()).type_name(), expected);
        }
    }

    #[test]
    fn what_is_there_already_is_not_overwritten_and_rust_s_words_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let visits = skeleton("visits", directory.path());
        visits.write().unwrap();
        assert!(
            visits
                .write()
                .unwrap_err()
                .message
                .contains("is there already")
        );
        assert!(
            skeleton("type", directory.path())
                .write()
                .unwrap_err()
                .message
                .contains("Rust")
        );
        for taken in ["daybook", "sqlite"] {
            let error = skeleton(taken, directory.path()).write().unwrap_err();
            assert!(error.message.contains("no plugin may be called"), "{error}");
            assert!(!directory.path().join(taken).exists());
        }
    }
}
