//! Replay-diffs: what a version changes against the one before it, over a log of events, held to a file of expectations.
//!
//! Both components are run by the command `daybook`, as they would be in a book, so the SDK needs no engine of its own.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Names the command to run, where it is not `daybook` on the PATH.
const COMMAND: &str = "DAYBOOK";
/// Set to 1, what differs is written into the expectation file instead of being held to it.
const APPROVE: &str = "DAYBOOK_APPROVE";

/// Compares two versions of a plugin over a log. Panics with the report of `daybook diff` where anything differs that the
/// expectation file does not name, or does not differ that it names.
///
/// `base` and `candidate` are crates' folders or components' files, `log` is a file of events as `daybook export` or `daybook
/// events --format json --no-system` writes it, `expect` the expectation file. All are seen from the crate's own folder.
/// With `DAYBOOK_APPROVE=1` the file is written as the comparison came out.
///
/// ```no_run
/// daybook_sdk::testing::replay_diff("../2024-01-01", ".", "tests/visits.jsonl", "expect.toml");
/// ```
#[track_caller]
pub fn replay_diff(
    base: impl Into<PathBuf>,
    candidate: impl Into<PathBuf>,
    log: impl Into<PathBuf>,
    expect: impl Into<PathBuf>,
) {
    ReplayDiff::of(base, candidate)
        .over(log)
        .expecting(expect)
        .check();
}

/// A comparison of components over a log: [`replay_diff`] for several plugins.
///
/// ```no_run
/// use daybook_sdk::testing::ReplayDiff;
///
/// ReplayDiff::of("../2024-01-01", ".")
///     .with("../../members/2020-01-01")
///     .over("tests/visits.jsonl")
///     .expecting("expect.toml")
///     .check();
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is compared before `check`"]
pub struct ReplayDiff {
    base: Vec<PathBuf>,
    candidate: Vec<PathBuf>,
    with: Vec<PathBuf>,
    log: Option<PathBuf>,
    expect: Option<PathBuf>,
    command: Option<PathBuf>,
}

impl ReplayDiff {
    /// Of a version and the one that comes after it: crates' folders or components' files.
    pub fn of(base: impl Into<PathBuf>, candidate: impl Into<PathBuf>) -> Self {
        ReplayDiff {
            base: vec![base.into()],
            candidate: vec![candidate.into()],
            with: Vec::new(),
            log: None,
            expect: None,
            command: None,
        }
    }

    /// And of another plugin that changes at the same time.
    pub fn and(mut self, base: impl Into<PathBuf>, candidate: impl Into<PathBuf>) -> Self {
        self.base.push(base.into());
        self.candidate.push(candidate.into());
        self
    }

    /// A component that both sides need: a version that these stand on, or a plugin whose events or tables they use.
    pub fn with(mut self, component: impl Into<PathBuf>) -> Self {
        self.with.push(component.into());
        self
    }

    /// The events, or the folder of a book.
    pub fn over(mut self, log: impl Into<PathBuf>) -> Self {
        self.log = Some(log.into());
        self
    }

    /// The file that names what is meant to differ. Without one, or while it is not there, nothing is.
    pub fn expecting(mut self, file: impl Into<PathBuf>) -> Self {
        self.expect = Some(file.into());
        self
    }

    /// Another command than the one that the variable `DAYBOOK`, or the PATH, has.
    pub fn run_by(mut self, command: impl Into<PathBuf>) -> Self {
        self.command = Some(command.into());
        self
    }

    /// Compares. Panics with the report unless all is as the file says; or writes the file, with `DAYBOOK_APPROVE=1`.
    #[track_caller]
    pub fn check(&self) {
        let is_approved = std::env::var(APPROVE).is_ok_and(|value| !["", "0"].contains(&&*value));
        if let Err(words) = self.run(is_approved) {
            panic!("{words}");
        }
    }

    fn run(&self, is_approved: bool) -> Result<(), String> {
        let folder = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let folder = folder.unwrap_or_else(|| PathBuf::from("."));
        if is_approved && self.expect.is_none() {
            return Err(format!(
                "{APPROVE} is set, and this replay-diff has no file to write: .expecting(\"expect.toml\")"
            ));
        }
        let is_there = |file: &PathBuf| folder.join(file).is_file();
        let judged = is_approved || self.expect.as_ref().is_some_and(is_there);
        let arguments = self.arguments(is_approved, judged);
        let output = self.output(&folder, &arguments)?;
        let report = String::from_utf8_lossy(&output.stdout);
        let talk = String::from_utf8_lossy(&output.stderr);
        match output.status.code() {
            Some(0) => {
                if is_approved {
                    eprint!("{report}{talk}");
                }
                Ok(())
            }
            Some(1) => Err(self.differs(&report, &folder)),
            _ => Err(format!(
                "the replay-diff could not be made\n\n{talk}\nin {}: {}",
                folder.display(),
                line(&arguments)
            )),
        }
    }

    fn arguments(&self, is_approved: bool, is_judged: bool) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = vec!["diff".into()];
        arguments.extend(self.log.iter().map(|log| log.clone().into_os_string()));
        let options = [
            ("--base", &self.base),
            ("--candidate", &self.candidate),
            ("--with", &self.with),
        ];
        for (option, paths) in options {
            for path in paths {
                arguments.extend([option.into(), as_path(path)]);
            }
        }
        if let Some(expect) = self.expect.as_ref().filter(|_| is_judged) {
            arguments.extend(["--expect".into(), expect.clone().into_os_string()]);
            arguments.push(match is_approved {
                true => "--approve".into(),
                false => "--strict".into(),
            });
        }
        arguments
    }

    fn output(&self, folder: &Path, arguments: &[OsString]) -> Result<Output, String> {
        let named = match &self.command {
            Some(command) => Some(command.clone()),
            None => std::env::var_os(COMMAND).map(PathBuf::from),
        };
        let command = named.unwrap_or_else(|| PathBuf::from("daybook"));
        Command::new(&command)
            .args(arguments)
            .current_dir(folder)
            .output()
            .map_err(|error| match error.kind() {
                ErrorKind::NotFound => format!(
                    "a replay-diff runs the command daybook, and there is no {}\n\
                     install it (cargo install --path host, in Daybook's source), or name it: \
                     {COMMAND}=/path/to/daybook cargo test",
                    command.display()
                ),
                _ => format!("{} cannot be run: {error}", command.display()),
            })
    }

    fn differs(&self, report: &str, folder: &Path) -> String {
        let test = std::thread::current();
        let test = test.name().filter(|name| *name != "main");
        let expect = match &self.expect {
            Some(expect) => expect.display().to_string(),
            None => "a file given with .expecting(..)".to_owned(),
        };
        format!(
            "the replay-diff is not as {expect} says\n\n{report}\n\
             If it is as it should be, approve it, and write the reasons into the file:\n  \
             {APPROVE}=1 cargo test{}\nor, in {}:\n  {}",
            test.map(|name| format!(" {name}")).unwrap_or_default(),
            folder.display(),
            line(&self.arguments(true, true))
        )
    }
}

/// A path that the command line cannot take for a version's name.
fn as_path(path: &Path) -> OsString {
    match path.is_absolute() || path.starts_with(".") || path.starts_with("..") {
        true => path.into(),
        false => Path::new(".").join(path).into_os_string(),
    }
}

/// A command line as it is typed.
fn line(arguments: &[OsString]) -> String {
    let mut line = String::from("daybook");
    for argument in arguments {
        let text = argument.to_string_lossy();
        let is_plain = |letter: char| letter.is_alphanumeric() || "-_./@=+:".contains(letter);
        match text.chars().all(is_plain) {
            true => line.push_str(&format!(" {text}")),
            false => line.push_str(&format!(" '{}'", text.replace('\'', r"'\''"))),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_names_each_component_and_what_is_expected() {
        let diff = ReplayDiff::of("../2024-01-01", ".")
            .and("rates", "/rates/new ones")
            .with("../../members/2020-01-01")
            .over("tests/visits.jsonl")
            .expecting("expect.toml");
        assert_eq!(
            line(&diff.arguments(false, true)),
            "daybook diff tests/visits.jsonl --base ../2024-01-01 --base ./rates --candidate . \
             --candidate '/rates/new ones' --with ../../members/2020-01-01 --expect expect.toml --strict"
        );
        assert!(line(&diff.arguments(true, true)).ends_with("--expect expect.toml --approve"));
        assert!(!line(&diff.arguments(false, false)).contains("expect"));
    }

    #[test]
    fn a_missing_command_is_told_with_the_way_to_get_it() {
        let diff = ReplayDiff::of("a", "b").run_by("/nowhere/daybook");
        let words = diff.run(false).unwrap_err();
        assert!(
            words.contains("there is no /nowhere/daybook") && words.contains("cargo install"),
            "{words}"
        );
        let words = diff.run(true).unwrap_err();
        assert!(words.contains(".expecting("), "{words}");
    }
}
