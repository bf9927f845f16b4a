//! A README's steps, carried out: commands are run in the order in which they stand there, files are written as they are
//! shown, and what is printed must be what is shown.
//!
//! In a block of `console` a line after `$ ` is a command, and what follows is its output, both streams together. `…` stands
//! for anything within a line, and alone in a line for any number of lines. A block after a line that is only a path and a
//! colon is that file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One step.
#[derive(Debug, PartialEq)]
pub enum Step {
    Run { command: String, shown: Vec<String> },
    Write { path: String, text: String },
}

/// The steps of a text.
pub fn steps(text: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut lines = text.lines();
    let mut said = "";
    while let Some(line) = lines.next() {
        let Some(language) = line.strip_prefix("```") else {
            if !line.is_empty() {
                said = line;
            }
            continue;
        };
        let block: Vec<&str> = { lines.by_ref() }
            .take_while(|line| *line != "```")
            .collect();
        let file = said
            .strip_prefix('`')
            .and_then(|rest| rest.strip_suffix("`:"));
        if language == "console" {
            for line in block {
                match (line.strip_prefix("$ "), steps.last_mut()) {
                    (Some(command), _) => steps.push(Step::Run {
                        command: command.to_owned(),
                        shown: Vec::new(),
                    }),
                    (None, Some(Step::Run { shown, .. })) => shown.push(line.to_owned()),
                    (None, _) => panic!("output before a command: {line}"),
                }
            }
        } else if let Some(path) = file {
            steps.push(Step::Write {
                path: path.to_owned(),
                text: block.join("\n") + "\n",
            });
        }
        said = "";
    }
    steps
}

/// Carries steps out in a folder; `prepare` is a command's surroundings. Gives what did not come as it is shown, each with
/// what came.
pub fn carry_out(folder: &Path, steps: &[Step], prepare: impl Fn(&mut Command)) -> Vec<String> {
    let mut here: PathBuf = folder.to_owned();
    let mut wrong = Vec::new();
    for step in steps {
        match step {
            Step::Write { path, text } => fs::write(here.join(path), text)
                .unwrap_or_else(|error| panic!("writing {path}: {error}")),
            Step::Run { command, shown } => {
                if let Some(path) = command.strip_prefix("cd ") {
                    here = here.join(path).canonicalize().expect("a folder");
                    continue;
                }
                let mut shell = Command::new("sh");
                shell
                    .args(["-c", &format!("{{ {command}; }} 2>&1")])
                    .current_dir(&here);
                prepare(&mut shell);
                let output = shell.output().expect("a shell runs");
                let came = String::from_utf8_lossy(&output.stdout).into_owned();
                let came: Vec<&str> = came.trim_end().lines().map(str::trim_end).collect();
                let shown: Vec<&str> = shown.iter().map(|line| line.trim_end()).collect();
                if !matches(trimmed(&shown), &came) {
                    wrong.push(format!("$ {command}\n{}", came.join("\n")));
                }
            }
        }
    }
    wrong
}

/// Without empty lines at its end.
fn trimmed<'a, 'b>(mut lines: &'a [&'b str]) -> &'a [&'b str] {
    while let [rest @ .., ""] = lines {
        lines = rest;
    }
    lines
}

fn matches(shown: &[&str], came: &[&str]) -> bool {
    match shown {
        [] => came.is_empty(),
        ["…", rest @ ..] => (0..=came.len()).any(|skipped| matches(rest, &came[skipped..])),
        [line, rest @ ..] => match came {
            [first, others @ ..] => is_like(line, first) && matches(rest, others),
            [] => false,
        },
    }
}

fn is_like(shown: &str, came: &str) -> bool {
    match shown.split_once('…') {
        None => shown == came,
        Some((before, after)) => came.strip_prefix(before).is_some_and(|rest| {
            rest.char_indices()
                .map(|(at, _)| at)
                .chain([rest.len()])
                .any(|at| is_like(after, &rest[at..]))
        }),
    }
}

#[test]
fn what_is_shown_is_held_to_what_came() {
    let text = "Look:\n\n```console\n$ printf 'a 1\\nb\\n'\na …\nb\n$ echo c\nd\n```\n\n`f`:\n\n```text\nx\n```\n\n\
                ```console\n$ cat f; pwd\nx\n…\n$ true\n$ echo e\n```\n";
    let steps = steps(text);
    assert_eq!(steps.len(), 6);
    let folder = tempfile::tempdir().unwrap();
    let wrong = carry_out(folder.path(), &steps, |_| {});
    assert_eq!(wrong, ["$ echo c\nc", "$ echo e\ne"]);
}
