//! A page whose commands are carried out: they are run in the order in which they stand there, files are written as they
//! are shown, and what is printed must be what is shown.
//!
//! * A block of `console`: a line after `$ ` is a command, and what follows is its output, both streams together. `…`
//!   stands for anything within a line, and alone in a line for any number of lines.
//! * A block of `sh`: each line is a command, and so are lines that a `\`, an open quote or a here-document joins.
//!   A command that serves a book stays in the background; a line `# Ctrl-C …` ends it.
//! * A block after a line that is only a path and a colon is that file.
//! * A comment at a command's end that names an `exit code` says with which one it ends; without one it is 0. The comment
//!   `after a moment` says that the command is to be given again until what is shown has come about.
//! * `<!-- not run: why -->` before a block says that its commands are not carried out; with a command in backquotes
//!   before the reason, that this one is not.

mod likeness;
mod shell;

use std::fs;

pub use shell::Shell;

/// One step.
#[derive(Debug, PartialEq)]
pub enum Step {
    Run(Run),
    /// What serves a book is ended.
    StopServing,
    Write {
        path: String,
        text: String,
    },
    /// A command that the page says cannot be carried out, and why.
    Left {
        command: String,
        reason: String,
    },
}

/// A command and what is said of it.
#[derive(Debug, PartialEq)]
pub struct Run {
    pub command: String,
    /// None where the page does not show what is printed.
    pub shown: Option<Vec<String>>,
    pub exit_code: i32,
    /// It is repeated until what is shown is printed.
    pub waits: bool,
}

impl Run {
    fn new(command: String, shown: Option<Vec<String>>) -> Run {
        let comment = comment(&command).unwrap_or_default();
        let code = comment.split_once("exit code ").map(|(_, rest)| {
            let digits = rest.split(|c: char| !c.is_ascii_digit()).next();
            digits.and_then(|digits| digits.parse().ok())
        });
        Run {
            exit_code: code.map_or(0, |code| code.expect("an exit code is a number")),
            waits: comment.contains("after a moment"),
            command,
            shown,
        }
    }
}

/// What a page says is not carried out: all of a block, or one of its commands.
struct Left {
    command: Option<String>,
    reason: String,
}

impl Left {
    /// `<!-- not run: why -->`, or with a command in backquotes before the reason.
    fn parse(line: &str) -> Option<Left> {
        let text = line.strip_prefix("<!-- not run: ")?.strip_suffix(" -->")?;
        let parted = text
            .strip_prefix('`')
            .and_then(|rest| rest.split_once("`: "));
        Some(match parted {
            Some((command, reason)) => Left {
                command: Some(command.to_owned()),
                reason: reason.to_owned(),
            },
            None => Left {
                command: None,
                reason: text.to_owned(),
            },
        })
    }

    fn is_about(&self, command: &str) -> bool {
        let named = self.command.as_deref();
        named.is_none_or(|named| command.starts_with(named))
    }
}

/// The steps of a page.
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
        let left = Left::parse(said);
        let is_left = |run: &Run| left.as_ref().filter(|left| left.is_about(&run.command));
        let found = match language {
            "console" => of_console(&block).into_iter().map(Step::Run).collect(),
            "sh" => of_shell(&block),
            _ => {
                steps.extend(file.map(|path| Step::Write {
                    path: path.to_owned(),
                    text: block.join("\n") + "\n",
                }));
                Vec::new()
            }
        };
        steps.extend(found.into_iter().map(|step| match step {
            Step::Run(run) => match is_left(&run) {
                Some(left) => Step::Left {
                    command: run.command,
                    reason: left.reason.clone(),
                },
                None => Step::Run(run),
            },
            other => other,
        }));
        said = "";
    }
    steps
}

/// The commands of a block of `console`, each with its output.
fn of_console(block: &[&str]) -> Vec<Run> {
    let mut parted: Vec<(String, Vec<String>)> = Vec::new();
    for line in block {
        match (line.strip_prefix("$ "), parted.last_mut()) {
            (Some(command), _) => parted.push((command.to_owned(), Vec::new())),
            (None, Some((command, shown))) if shown.is_empty() && is_open(command) => {
                command.push('\n');
                command.push_str(line);
            }
            (None, Some((_, shown))) => shown.push((*line).to_owned()),
            (None, None) => panic!("output before a command: {line}"),
        }
    }
    let runs = parted.into_iter();
    runs.map(|(command, shown)| Run::new(command, Some(shown)))
        .collect()
}

/// The commands of a block of `sh`.
fn of_shell(block: &[&str]) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut lines = block.iter();
    while let Some(line) = lines.next() {
        if line.starts_with("# Ctrl-C") {
            steps.push(Step::StopServing);
        }
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let mut command = (*line).to_owned();
        while is_open(&command) {
            let more = lines
                .next()
                .unwrap_or_else(|| panic!("the end of: {command}"));
            command = format!("{command}\n{more}");
        }
        steps.push(Step::Run(Run::new(command, None)));
    }
    steps
}

/// True where a command goes on in the next line.
fn is_open(command: &str) -> bool {
    if let Some((_, rest)) = command.split_once("<<'") {
        let (word, document) = rest.split_once('\'').unwrap_or_default();
        return !document.lines().skip(1).any(|line| line == word);
    }
    command.ends_with('\\') || scan(command).in_quotes
}

/// The comment at a command's end.
fn comment(command: &str) -> Option<&str> {
    scan(command).comment.map(|at| &command[at..])
}

/// What a command's end is in.
struct Scan {
    /// Where the comment begins: a `#` after a blank that is in no quotes.
    comment: Option<usize>,
    in_quotes: bool,
}

fn scan(command: &str) -> Scan {
    let mut comment = None;
    let mut quote = None;
    let mut before = ' ';
    for (at, c) in command.char_indices() {
        match (comment, quote, c) {
            (Some(_), _, '\n') => comment = None,
            (Some(_), _, _) => {}
            (None, None, '\'' | '"') => quote = Some(c),
            (None, Some(open), c) if open == c => quote = None,
            (None, None, '#') if before.is_whitespace() => comment = Some(at),
            _ => {}
        }
        before = c;
    }
    Scan {
        comment,
        in_quotes: quote.is_some(),
    }
}

/// Carries steps out in a shell; `prepare` comes before each command. Gives what did not come as it is shown, each with
/// what came.
pub fn carry_out(shell: &mut Shell, steps: &[Step], prepare: impl Fn()) -> Vec<String> {
    let mut wrong = Vec::new();
    for step in steps {
        match step {
            Step::Write { path, text } => fs::write(shell.here().join(path), text)
                .unwrap_or_else(|error| panic!("writing {path}: {error}")),
            Step::Run(run) => {
                prepare();
                wrong.extend(shell.run(run).err());
            }
            Step::StopServing => wrong.extend(shell.stop_serving().err()),
            Step::Left { .. } => {}
        }
    }
    wrong
}

#[test]
fn what_is_shown_is_held_to_what_came() {
    let text = "Look:\n\n```console\n$ printf 'a 1\\nb\\n'\na …\nb\n$ echo c\nd\n```\n\n`f`:\n\n```text\nx\n```\n\n\
                ```console\n$ cat f; pwd\nx\n…\n$ true\n$ echo e\n```\n";
    let steps = steps(text);
    assert_eq!(steps.len(), 6);
    let folder = tempfile::tempdir().unwrap();
    let wrong = carry_out(&mut Shell::start(folder.path()), &steps, || {});
    assert_eq!(
        wrong,
        [
            "$ echo c\nshown:\nd\ncame:\nc",
            "$ echo e\nshown:\n\ncame:\ne"
        ]
    );
}

#[test]
fn a_shell_s_commands_are_parted_and_end_as_they_say() {
    let text = "```sh\n# Nothing.\nname=b   # it's kept\nprintf '%s\n' a \\\n  >f\n\nfalse\n(exit 3) # exit code 3: three\n\
                cat >>f <<'END'\n# in it\nEND\ncd /\n```\n\n```console\n$ cat \"$OLDPWD/f\"; echo $name\na\n# in it\nb\n```\n\n\
                <!-- not run: no such thing -->\n\n```sh\nno-such-thing\n```\n\n<!-- not run: `false`: it fails -->\n\
                ```sh\ntrue\nfalse\n```\n";
    let steps = steps(text);
    let left: Vec<_> = { steps.iter() }
        .filter_map(|step| match step {
            Step::Left { command, reason } => Some((command.as_str(), reason.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(
        left,
        [("no-such-thing", "no such thing"), ("false", "it fails")]
    );
    assert_eq!(steps.len(), 10);
    let folder = tempfile::tempdir().unwrap();
    let wrong = carry_out(&mut Shell::start(folder.path()), &steps, || {});
    assert_eq!(wrong, ["$ false\nexit code 1 and not 0; came:\n"]);
}
