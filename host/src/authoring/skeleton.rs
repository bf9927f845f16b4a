//! The skeleton of a new plugin: the template of its language with the marks replaced, and the SDK beside it.

use std::path::{Path, PathBuf};

use super::{Language, sdk};
use crate::model::{Error, PluginName, Result, VersionDate};

/// A file's name in the plugin's folder, and its template.
type Template = (&'static str, &'static str);

macro_rules! templates {
    ($folder:literal: $($name:literal = $file:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../../plugin-sdk/", $folder, $file, ".tmpl")))),*]
    };
}

const RUST: &[Template] = templates! { "template/":
    ".gitignore" = "gitignore",
    "Cargo.toml" = "Cargo.toml",
    "README.md" = "README.md",
    "rust-toolchain.toml" = "rust-toolchain.toml",
    "src/lib.rs" = "src/lib.rs",
};

const TYPESCRIPT: &[Template] = templates! { "js/template/":
    ".gitignore" = "gitignore",
    "README.md" = "README.md",
    "package.json" = "package.json",
    "plugin.ts" = "plugin.ts",
    "tests/plugin.test.ts" = "tests/plugin.test.ts",
    "tsconfig.json" = "tsconfig.json",
};

const PYTHON: &[Template] = templates! { "python/template/":
    ".gitignore" = "gitignore",
    "README.md" = "README.md",
    "plugin.py" = "plugin.py",
    "pyproject.toml" = "pyproject.toml",
    "requirements.txt" = "requirements.txt",
    "tests/test_plugin.py" = "tests/test_plugin.py",
};

/// A plugin that is about to be begun.
#[derive(Debug, Clone)]
pub struct Skeleton {
    pub name: PluginName,
    pub date: VersionDate,
    pub language: Language,
    /// Must not be there yet, or be empty.
    pub directory: PathBuf,
    /// The folder of an SDK that is there already; none: the one that this binary carries is unpacked into the plugin's folder.
    pub sdk: Option<PathBuf>,
}

impl Skeleton {
    /// Writes the files and gives their paths; that of the SDK's folder is the last.
    pub fn write(&self) -> Result<Vec<PathBuf>> {
        self.check_name()?;
        let sdk = self
            .sdk
            .as_deref()
            .map(|path| self.shared(path))
            .transpose()?;
        let taken =
            std::fs::read_dir(&self.directory).is_ok_and(|mut entries| entries.next().is_some());
        if taken || self.directory.is_file() {
            return Err(
                Error::usage(format!("{} is there already", self.directory.display()))
                    .hint("name a folder that does not exist yet: --dir PATH"),
            );
        }
        let failed = |path: &Path| {
            let what = format!("writing {}", path.display());
            move |error| Error::io(what, error)
        };
        std::fs::create_dir_all(&self.directory).map_err(failed(&self.directory))?;
        let place = match &sdk {
            None => PathBuf::from(sdk::FOLDER),
            Some(sdk) => {
                let own = self.directory.canonicalize();
                sdk::relative(&own.map_err(failed(&self.directory))?, sdk)
            }
        };
        let mut written = Vec::new();
        for (name, template) in self.templates() {
            let path = self.directory.join(name);
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder).map_err(failed(folder))?;
            }
            std::fs::write(&path, self.fill(template, &place)?).map_err(failed(&path))?;
            written.push(path);
        }
        if sdk.is_none() {
            let folder = self.directory.join(sdk::FOLDER);
            sdk::unpack(self.language, &folder)?;
            written.push(folder);
        }
        Ok(written)
    }

    fn templates(&self) -> &'static [Template] {
        match self.language {
            Language::Rust => RUST,
            Language::TypeScript => TYPESCRIPT,
            Language::Python => PYTHON,
        }
    }

    fn fill(&self, template: &str, sdk: &Path) -> Result<String> {
        let sdk = sdk.to_string_lossy();
        let mut text = template
            .replace("{{name}}", self.name.as_str())
            .replace("{{Name}}", &self.type_name())
            .replace("{{version}}", &self.date.to_string())
            .replace("{{toolchain}}", sdk::TOOLCHAIN);
        let sdk = match self.language {
            Language::Rust => format!("{{ path = {} }}", toml_text(&sdk)),
            _ => sdk.replace('\\', "\\\\").replace('"', "\\\""),
        };
        text = text.replace("{{sdk}}", &sdk);
        if self.language == Language::TypeScript {
            for (name, version) in tools_of_typescript()? {
                text = text.replace(&format!("{{{{{name}}}}}"), &version);
            }
        }
        Ok(text)
    }

    /// `visits` → `Visits`. Names that the template or the SDK's prelude has already get an ending.
    fn type_name(&self) -> String {
        let name = self.name.as_str();
        let mut capitalized = name[..1].to_uppercase();
        capitalized.push_str(&name[1..]);
        let source = RUST.iter().find(|(name, _)| *name == "src/lib.rs");
        let taken = source.is_some_and(|(_, source)| source.contains(&capitalized))
            || TAKEN_TYPES.contains(&capitalized.as_str());
        if taken {
            capitalized + "Plugin"
        } else {
            capitalized
        }
    }

    /// In Rust the library bears the plugin's name, so words that Rust has for itself cannot be one.
    fn check_name(&self) -> Result<()> {
        self.name.check_free()?;
        if self.language == Language::Rust && TAKEN_CRATES.contains(&self.name.as_str()) {
            return Err(
                Error::refused(format!("'{}' is a word of Rust's own", self.name))
                    .hint("a crate cannot be called that; choose another name"),
            );
        }
        Ok(())
    }

    /// The folder of an SDK that several plugins share.
    fn shared(&self, path: &Path) -> Result<PathBuf> {
        sdk::check(self.language, path)?;
        path.canonicalize()
            .map_err(|error| Error::io(path.display(), error))
    }
}

/// What the SDK for TypeScript is compiled with, and so what a plugin is checked with.
fn tools_of_typescript() -> Result<Vec<(String, String)>> {
    let broken = || Error::internal("the SDK for TypeScript has no devDependencies");
    let files = sdk::files(Language::TypeScript).iter();
    let mut package = files.filter(|(name, _)| *name == "package.json");
    let (_, bytes) = package.next().ok_or_else(broken)?;
    let package: serde_json::Value = serde_json::from_slice(bytes).map_err(|_| broken())?;
    let tools = package.get("devDependencies").and_then(|it| it.as_object());
    let tool = |(name, version): (&String, &serde_json::Value)| {
        Some((name.clone(), version.as_str()?.to_owned()))
    };
    Ok(tools.ok_or_else(broken)?.iter().filter_map(tool).collect())
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
            language: Language::Rust,
            directory: directory.join(name),
            sdk: None,
        }
    }

    #[test]
    fn no_mark_of_the_template_is_left_and_no_path_of_this_machine() {
        for language in Language::ALL {
            let directory = tempfile::tempdir().unwrap();
            let mut skeleton = skeleton("visits", directory.path());
            skeleton.language = language;
            let mut files = skeleton.write().unwrap();
            assert_eq!(files.pop(), Some(skeleton.directory.join("daybook-sdk")));
            assert_eq!(files.len(), skeleton.templates().len());
            for file in files {
                let text = std::fs::read_to_string(&file).unwrap();
                let shown = format!("{}:\n{text}", file.display());
                assert!(!text.contains("{{") && !text.contains("}}"), "{shown}");
                for path in [Path::new(env!("CARGO_MANIFEST_DIR")), directory.path()] {
                    assert!(!text.contains(&path.display().to_string()), "{shown}");
                }
            }
            assert_eq!(Language::of(&skeleton.directory).unwrap(), language);
        }
    }

    #[test]
    fn an_sdk_that_versions_share_is_reached_by_a_relative_path() {
        for (language, file, expected) in [
            (Language::Rust, "Cargo.toml", "{ path = \"../sdk\" }"),
            (Language::TypeScript, "package.json", "\"file:./../sdk\""),
            (Language::Python, "requirements.txt", "./../sdk[build]"),
        ] {
            let directory = tempfile::tempdir().unwrap();
            let sdk = directory.path().join("sdk");
            let mut skeleton = skeleton("visits", directory.path());
            skeleton.language = language;
            skeleton.sdk = Some(sdk.clone());
            let error = skeleton.write().unwrap_err();
            assert!(error.message.contains("there is no SDK"), "{error}");
            sdk::unpack(language, &sdk).unwrap();
            skeleton.write().unwrap();
            let text = std::fs::read_to_string(skeleton.directory.join(file)).unwrap();
            assert!(text.contains(expected), "{text}");
            assert!(!skeleton.directory.join("daybook-sdk").exists());
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
