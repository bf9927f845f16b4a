//! A new author's path: the steps of the SDK's README from a skeleton to a second version that is promoted, each with the
//! output that is shown there, and the README's line that compares its two versions, as crates that stand alone.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use daybook_tests::workspace;

use crate::command::COMMAND;
use crate::transcript::{Shell, carry_out, steps};

/// The README's block in a language that holds a text.
fn block(readme: &str, language: &str, holding: &str) -> String {
    let opening = format!("```{language}\n");
    let mut blocks = readme.split(&opening).skip(1);
    let found = blocks.find_map(|rest| {
        let (block, _) = rest.split_once("\n```")?;
        block.contains(holding).then(|| format!("{block}\n"))
    });
    found.unwrap_or_else(|| panic!("the README has no block of {language} with {holding}"))
}

/// Carries out the README's steps, and gives the folder in which that was.
fn follow(readme: &str) -> PathBuf {
    let (_, path) = readme.split_once("## Five minutes").unwrap();
    let (path, _) = path.split_once("## What you write").unwrap();
    let steps = steps(path);
    assert!(steps.len() > 20, "{steps:?}");
    // Always the same folder, so that what its crates depend on is built once.
    let folder = workspace::target().join("authors/path");
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    fs::create_dir_all(&folder).unwrap();
    let mut shell = Shell::with(&folder, |command| {
        command
            .env("CARGO_NET_OFFLINE", "true")
            .env("CARGO_TARGET_DIR", workspace::target().join("authors"));
    });
    // The very dependencies of the workspace, which are at hand.
    let lock = workspace::root().join("Cargo.lock");
    let wrong = carry_out(&mut shell, &steps, || {
        for date in ["2024-01-01", "2024-06-01"] {
            let crate_folder = folder.join("visits").join(date);
            let wanted = crate_folder.join("Cargo.lock");
            if crate_folder.exists() && !wanted.exists() {
                fs::copy(&lock, wanted).unwrap();
            }
        }
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    folder
}

/// Runs the crate's tests, as its author does. What they depend on is built once for all runs.
fn cargo_test(folder: &Path, approves: bool) -> (bool, String) {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .args(["test", "--offline", "--lib"])
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", workspace::target().join("authors"))
        .env("DAYBOOK", COMMAND)
        .env_remove("CARGO_MANIFEST_DIR")
        .env_remove("DAYBOOK_APPROVE");
    if approves {
        command.env("DAYBOOK_APPROVE", "1");
    }
    let output = command.output().expect("cargo runs");
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    (output.status.success(), text)
}

#[test]
fn the_readme_s_steps_print_what_it_shows_and_its_line_is_approved_and_holds() {
    let readme = fs::read_to_string(workspace::root().join("plugin-sdk/README.md")).unwrap();
    let folder = follow(&readme).join("visits");
    let test = block(&readme, "rs", "testing::replay_diff(");
    let source = folder.join("2024-06-01/src/lib.rs");
    let second = fs::read_to_string(&source).unwrap();
    fs::write(&source, format!("{second}\n{test}")).unwrap();
    let crate_folder = folder.join("2024-06-01");
    fs::create_dir(crate_folder.join("tests")).unwrap();
    let (_, rest) = readme
        .split_once("A few written by hand will do (`")
        .unwrap();
    let (raised, _) = rest.split_once('`').unwrap();
    fs::write(
        crate_folder.join("tests/visits.jsonl"),
        format!("{raised}\n{raised}\n"),
    )
    .unwrap();

    let (passed, text) = cargo_test(&crate_folder, false);
    assert!(!passed, "{text}");
    for words in [
        "visits@2024-01-01 (base) against visits@2024-06-01 (candidate), events 1 to 2",
        "visits.counter[\"door\"].raises",
        "2 of 2 events and 1 final row differ",
        "DAYBOOK_APPROVE=1 cargo test raises_are_counted_and_nothing_else_changes",
        "daybook diff tests/visits.jsonl --base ../2024-01-01 --candidate . --expect expect.toml --approve",
    ] {
        assert!(text.contains(words), "no {words:?} in:\n{text}");
    }
    let (passed, text) = cargo_test(&crate_folder, true);
    assert!(passed, "{text}");
    let approved = fs::read_to_string(crate_folder.join("expect.toml")).unwrap();
    let shown = block(&readme, "toml", "[[expect]]");
    let code = |line: &str| line.split('#').next().unwrap_or_default().trim().to_owned();
    let lines = |text: &str| -> Vec<String> {
        text.lines()
            .map(code)
            .filter(|line| !line.is_empty())
            .collect()
    };
    assert_eq!(lines(&approved), lines(&shown));
    let (passed, text) = cargo_test(&crate_folder, false);
    assert!(passed, "{text}");
}
