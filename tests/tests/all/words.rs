//! What is written for people: short where it has to be, in sentences that can be read once, with links that lead somewhere.

use std::fs;
use std::path::{Component, Path, PathBuf};

use daybook_tests::{Server, TestBook, workspace};

/// Lines of the README, and characters of one.
const README_LINES_MAX: usize = 150;
const README_LINE_MAX: usize = 120;

/// Words of the map.
const ARCHITECTURE_WORDS_MAX: usize = 2_500;

const SENTENCE_WORDS_MAX: usize = 30;

/// Every document of the workspace, by its path from the root.
fn documents() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    collect(workspace::root(), &mut found);
    found.sort();
    assert!(found.len() > 20, "{found:?}");
    let read = |path: PathBuf| {
        let text = fs::read_to_string(workspace::root().join(&path)).unwrap();
        (path, text)
    };
    found.into_iter().map(read).collect()
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "target" && !name.starts_with('.') {
                collect(&path, found);
            }
        } else if name.ends_with(".md") {
            found.push(path.strip_prefix(workspace::root()).unwrap().to_owned());
        }
    }
}

/// The documents that are held to plain sentences: the README, the guide, the map and the decisions.
fn for_people() -> Vec<(PathBuf, String)> {
    let held = |path: &Path| {
        path == Path::new("README.md")
            || path == Path::new("host/ARCHITECTURE.md")
            || path.starts_with("host/docs")
    };
    let documents = documents().into_iter();
    let held: Vec<_> = documents.filter(|(path, _)| held(path)).collect();
    assert!(held.len() > 15, "{held:?}");
    held
}

/// A document's lines without code blocks and comments.
fn prose(text: &str) -> Vec<&str> {
    let mut in_code = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
            lines.push("");
        } else if !in_code && !line.starts_with("    ") && !line.starts_with("<!--") {
            lines.push(line);
        }
    }
    lines
}

/// The paragraphs of a document, each in one line: tables are left out, items of a list and headings stand alone.
fn paragraphs(text: &str) -> Vec<String> {
    let mut paragraphs = vec![String::new()];
    for line in prose(text) {
        let line = line.trim();
        let begins = ["- ", "* ", "#"].iter().any(|mark| line.starts_with(mark))
            || line
                .split_once(". ")
                .is_some_and(|(number, _)| number.parse::<u32>().is_ok());
        if line.is_empty() || begins || line.starts_with('|') {
            paragraphs.push(String::new());
        }
        if !line.starts_with('|') {
            let paragraph = paragraphs.last_mut().unwrap();
            paragraph.push_str(line);
            paragraph.push(' ');
        }
    }
    paragraphs
}

/// A paragraph with each piece of code as one word, and links as their text.
fn plain(paragraph: &str) -> String {
    let mut text = String::new();
    for (at, part) in paragraph.split('`').enumerate() {
        text.push_str(if at % 2 == 0 { part } else { "code" });
    }
    let mut plain = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once("](") {
        plain.push_str(before);
        rest = after.split_once(')').map_or("", |(_, rest)| rest);
    }
    plain + rest
}

/// The sentences of a paragraph.
fn sentences(paragraph: &str) -> Vec<String> {
    let mut sentences = vec![Vec::new()];
    let text = plain(paragraph);
    for word in text.split_whitespace() {
        if word.contains(char::is_alphanumeric) {
            sentences.last_mut().unwrap().push(word);
        }
        let end = word.trim_end_matches(['*', ')', '"', '_']);
        if end.ends_with(['.', '?', '!']) {
            sentences.push(Vec::new());
        }
    }
    sentences.iter().map(|words| words.join(" ")).collect()
}

#[test]
fn the_readme_takes_five_minutes() {
    let readme = fs::read_to_string(workspace::root().join("README.md")).unwrap();
    let lines = readme.lines().count();
    assert!(lines <= README_LINES_MAX, "the README has {lines} lines");
    let long: Vec<&str> = { readme.lines() }
        .filter(|line| line.chars().count() > README_LINE_MAX)
        .collect();
    assert_eq!(long, Vec::<&str>::new());
    for command in ["cargo run --release -- demo", "cargo test --workspace"] {
        assert!(readme.contains(command), "the README has no {command}");
    }
}

#[test]
fn the_map_is_a_map() {
    let map = fs::read_to_string(workspace::root().join("host/ARCHITECTURE.md")).unwrap();
    let words = map.split_whitespace().count();
    assert!(
        words <= ARCHITECTURE_WORDS_MAX,
        "ARCHITECTURE.md has {words} words"
    );
    assert!(map.matches("**Invariant:**").count() > 10);
    let sources = workspace::root().join("host/src");
    let entries = fs::read_dir(&sources).unwrap();
    let folders = entries.map(|entry| entry.unwrap().path());
    let unknown: Vec<PathBuf> = folders
        .filter(|path| path.is_dir())
        .filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy();
            !map.contains(&format!("\n**`{name}`**"))
        })
        .collect();
    assert!(unknown.is_empty(), "the map does not show {unknown:?}");
    let named = map.split('`').skip(1).step_by(2);
    let gone: Vec<&str> = named
        .filter(|name| name.ends_with(".rs") && !name.contains(' '))
        .filter(|name| !sources.join(name).exists() && !workspace::root().join(name).exists())
        .collect();
    assert!(gone.is_empty(), "the map names {gone:?}");
}

#[test]
fn every_sentence_can_be_read_once() {
    let mut faults = Vec::new();
    for (path, text) in for_people() {
        for paragraph in paragraphs(&text) {
            for sentence in sentences(&paragraph) {
                let words = sentence.split(' ').count();
                if words > SENTENCE_WORDS_MAX {
                    faults.push(format!("{}: {words} words: {sentence}", path.display()));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_sentence_ends_at_its_point() {
    let text = "# A title\nOne `a. b c` two [three four](five.md). Six (seven.) *Eight.*\n\n| not this |\n\n- nine\n- ten\n\
                1. eleven\n\n```sh\nnot. this\n```\n<!-- nor this -->\n";
    let paragraphs = paragraphs(text);
    let all: Vec<String> = { paragraphs.iter() }
        .flat_map(|paragraph| sentences(paragraph))
        .filter(|sentence| !sentence.is_empty())
        .collect();
    assert_eq!(
        all,
        [
            "A title One code two [three four.",
            "Six (seven.)",
            "*Eight.*",
            "nine",
            "ten",
            "1.",
            "eleven"
        ]
    );
}

/// A heading's anchor, as GitHub makes it.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    let kept = kept
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// A path with `..` taken back.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => drop(normal.pop()),
            other => normal.push(other),
        }
    }
    normal
}

#[test]
fn links_lead_somewhere() {
    let documents = documents();
    let mut faults = Vec::new();
    let mut count = 0;
    for (path, text) in &documents {
        for line in prose(text) {
            for link in line.split("](").skip(1) {
                let link = link.split(')').next().unwrap_or_default();
                if link.contains("://") || link.starts_with("mailto:") {
                    continue;
                }
                count += 1;
                let (file, heading) = link.split_once('#').unwrap_or((link, ""));
                let target = match file {
                    "" => path.clone(),
                    file => normal(&path.parent().unwrap().join(file)),
                };
                let known = documents.iter().find(|(path, _)| *path == target);
                let has_heading = |text: &str| {
                    let headings = { prose(text).into_iter() }.filter(|line| line.starts_with('#'));
                    headings.into_iter().any(|line| {
                        anchor(&line.trim_start_matches('#').replace('`', "")) == heading
                    })
                };
                let leads = workspace::root().join(&target).exists()
                    && (heading.is_empty() || known.is_some_and(|(_, text)| has_heading(text)));
                if !leads {
                    faults.push(format!("{}: {link}", path.display()));
                }
            }
        }
    }
    assert!(count > 50, "{count} links");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_guide_names_every_route() {
    let guide = fs::read_to_string(workspace::root().join("host/docs/serving.md")).unwrap();
    let server = Server::of(TestBook::new());
    let api = server.get("/openapi.json").json;
    let paths = api["paths"].as_object().unwrap();
    assert!(paths.len() > 30, "{paths:?}");
    let missing: Vec<&String> = { paths.keys() }
        .filter(|path| !guide.contains(&format!("{path}`")))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_guide_names_every_metric() {
    let guide = fs::read_to_string(workspace::root().join("host/docs/operating.md")).unwrap();
    let server = Server::of(TestBook::new());
    let metrics = server.get("/metrics").text;
    let told: Vec<&str> = { metrics.lines() }
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .collect();
    assert!(told.len() > 8, "{told:?}");
    let missing: Vec<&&str> = { told.iter() }
        .filter(|name| !guide.contains(**name))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_decision_is_in_the_list() {
    let folder = workspace::root().join("host/docs/design");
    let list = fs::read_to_string(folder.join("README.md")).unwrap();
    let entries = fs::read_dir(&folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let missing: Vec<String> = names
        .filter(|name| name != "README.md" && !list.contains(&format!("]({name})")))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// The problem types that the sources of a folder make: a status and a name, one after the other.
fn problems(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            problems(&path, found);
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for rest in text.split("StatusCode::").skip(1) {
            let rest = rest.trim_start_matches(|c: char| c.is_ascii_uppercase() || c == '_');
            let rest = rest.strip_prefix(',').unwrap_or_default().trim_start();
            let name = rest
                .strip_prefix('"')
                .and_then(|rest| rest.split('"').next());
            found.extend(name.map(str::to_owned));
        }
    }
}

#[test]
fn the_guide_names_every_problem() {
    let guide = fs::read_to_string(workspace::root().join("host/docs/serving.md")).unwrap();
    let mut found = Vec::new();
    problems(&workspace::root().join("host/src"), &mut found);
    assert!(found.len() > 15, "{found:?}");
    let missing: Vec<&String> = { found.iter() }
        .filter(|name| !guide.contains(&format!("`/problems/{name}`")))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
