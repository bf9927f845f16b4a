//! Mistakes that an author makes, and the words that come: the table is `mistakes.md`, and what it says is so.
//!
//! A mistake that the compiler finds is a file in `compile`. All are checked by one cargo, each as a crate of its own.

mod native;
mod visits;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// One line of the table.
struct Mistake {
    name: &'static str,
    told_by: &'static str,
    words: &'static str,
}

const TABLE: &str = include_str!("mistakes.md");

/// Where a mistake is told: by the compiler, by a native test, or by the host when it has the component.
const TOLD_BY: [&str; 3] = ["compiler", "test", "host"];

fn mistakes() -> Vec<Mistake> {
    let lines = TABLE.lines().filter(|line| line.starts_with("| `"));
    lines
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
            let [name, _, told_by, words] = cells[..] else {
                panic!("not four cells: {line}");
            };
            assert!(TOLD_BY.contains(&told_by), "{line}");
            assert!(
                !words.is_empty() && !words.contains("unreachable"),
                "{line}"
            );
            Mistake {
                name: name.trim_matches('`'),
                told_by,
                words,
            }
        })
        .collect()
}

/// The rows that somebody tells.
fn told_by(who: &str) -> impl Iterator<Item = Mistake> {
    mistakes().into_iter().filter(move |it| it.told_by == who)
}

/// Says of every mistake what was expected and what came, rather than of the first alone.
fn check(found: impl IntoIterator<Item = (Mistake, Option<String>)>) {
    let mut wrong = String::new();
    for (mistake, got) in found {
        let got = got.unwrap_or_else(|| "nothing at all".to_owned());
        if !got.contains(mistake.words) {
            let Mistake { name, words, .. } = mistake;
            wrong += &format!("\n{name}\n  expected: {words}\n  got: {got}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn thirty_mistakes_are_in_the_table_and_each_once() {
    let mut names: Vec<_> = mistakes().iter().map(|it| it.name).collect();
    assert!(names.len() >= 30, "{}", names.len());
    names.sort_unstable();
    let repeated = names.windows(2).find(|pair| pair[0] == pair[1]);
    assert_eq!(repeated, None);
}

#[test]
fn a_native_test_says_what_is_wrong() {
    check(told_by("test").map(|mistake| {
        let got = native::told(mistake.name);
        (mistake, got)
    }));
}

#[test]
fn the_compiler_says_what_is_wrong() {
    let mut errors = errors_of_the_compiler();
    let found: Vec<_> = told_by("compiler")
        .map(|mistake| {
            let got = errors.remove(mistake.name);
            (mistake, got)
        })
        .collect();
    check(found);
    assert!(errors.is_empty(), "not in the table: {:?}", errors.keys());
}

/// The first error of each file in `compile`, as the compiler shows it. Files without one have no entry.
fn errors_of_the_compiler() -> BTreeMap<String, String> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mistakes");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mistakes");
    let examples = folder.join("examples");
    let _ = fs::remove_dir_all(&examples);
    fs::create_dir_all(&examples).unwrap();
    fs::create_dir_all(folder.join("src")).unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.join(path);
        // A file that is the same keeps its time, and so is not compiled again.
        if fs::read_to_string(&path).ok().as_deref() != Some(text) {
            fs::write(path, text).unwrap();
        }
    };
    write("Cargo.toml", &manifest());
    write("src/lib.rs", include_str!("visits.rs"));
    // Versions of crates are those of this workspace, which are on the machine.
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    write("Cargo.lock", &fs::read_to_string(lock).unwrap());
    for file in fs::read_dir(here.join("compile")).unwrap() {
        let path = file.unwrap().path();
        let source = fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        write(
            &format!("examples/{name}"),
            &format!("{source}\nfn main() {{}}\n"),
        );
    }
    let output = Command::new(env!("CARGO"))
        .args([
            "check",
            "--examples",
            "--keep-going",
            "--offline",
            "--quiet",
        ])
        .args(["--message-format", "json"])
        .current_dir(&folder)
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .output()
        .unwrap();
    let mut errors = BTreeMap::new();
    for line in output.stdout.split(|&byte| byte == b'\n') {
        let Ok(line) = serde_json::from_slice::<Value>(line) else {
            continue;
        };
        if line["message"]["level"] == "error" {
            let name = line["target"]["name"].as_str().unwrap().to_owned();
            let shown = line["message"]["rendered"].as_str().unwrap().to_owned();
            errors.entry(name).or_insert(shown);
        }
    }
    assert!(
        !errors.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    errors
}

fn manifest() -> String {
    let sdk = env!("CARGO_MANIFEST_DIR");
    format!(
        "[package]\nname = \"visits\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
         [dependencies]\ndaybook-sdk = {{ path = {sdk:?} }}\n\n[workspace]\n"
    )
}
