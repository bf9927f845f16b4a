//! The rules of the sources, as tables: which module names which library, and which module imports which.

mod graph;

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use daybook::model::Digest;
use daybook_tests::workspace;

use self::graph::Graph;

/// SHA-256 over the files of `wit/v1`, in the order of their names. The contract is frozen: a component of any
/// day runs in every later host, so neither these bytes nor this number changes any more.
const CONTRACT_V1: &str = "57a6f34eed9a824cb0f6097e632a527cba71283e683cac8743a2f91aed05d380";

/// Text in the host's sources, and the modules that may hold it.
const OWNERS: &[(&[&str], &[&str])] = &[
    (&["rusqlite"], &["store"]),
    (
        &[
            "wasmtime",
            "wit_component",
            "wit_parser",
            "wasmparser",
            "wasm_encoder",
        ],
        &["runtime"],
    ),
    (&["axum"], &["serve", "console"]),
    (&["clap", "indicatif"], &["cli"]),
    (&["daybook_sdk"], &["model/clock.rs"]),
    (
        &["reqwest"],
        &["outbound.rs", "client", "gateway/driver", "serve/otlp.rs"],
    ),
    (&["lettre", "object_store"], &["gateway/driver"]),
    (
        &["tokio_rustls", "webpki_roots"],
        &["outbound.rs", "serve/tls.rs", "serve/listener.rs"],
    ),
    (&["comfy_table"], &["cli", "diff/text"]),
    (
        &[
            "println!",
            "eprintln!",
            "print!(",
            "eprint!(",
            "dbg!",
            "io::stdout",
            "io::stderr",
        ],
        &["cli"],
    ),
    (
        &[
            "SystemTime",
            "Instant::",
            "Timestamp::now",
            "Zoned::now",
            "Utc::now",
        ],
        &["model/clock.rs", "model/given.rs"],
    ),
    (
        &["std::fs", "File::open", "File::create"],
        &[
            "store",
            "runtime/cache.rs",
            "book",
            "study",
            "versions",
            "shadow",
            "history",
            "repair",
            "engine",
            "authoring",
            "cli",
            "gateway/driver",
            "serve/peer.rs",
        ],
    ),
];

/// Which of the host's modules a module may import, beside its own.
const IMPORTS: &[(&str, &[&str])] = &[
    ("main.rs", &["cli"]),
    ("lib.rs", &[]),
    (
        "cli",
        &[
            "authoring",
            "book",
            "client",
            "diff",
            "gateway",
            "history",
            "model",
            "runtime",
            "serve",
            "store",
            "study",
            "verbs",
            "versions",
            "wire",
        ],
    ),
    (
        "client",
        &[
            "book", "history", "model", "outbound", "store", "study", "verbs", "wire",
        ],
    ),
    (
        "serve",
        &[
            "book", "diff", "engine", "gateway", "history", "model", "outbound", "repair",
            "shadow", "store", "study", "tasks", "verbs", "versions", "wire",
        ],
    ),
    (
        "verbs",
        &[
            "book", "history", "model", "repair", "runtime", "store", "study", "versions", "wire",
        ],
    ),
    (
        "wire",
        &[
            "book", "diff", "engine", "gateway", "model", "repair", "shadow", "store", "study",
            "tasks", "versions",
        ],
    ),
    ("tasks", &["book", "engine", "gateway", "model", "store"]),
    (
        "versions",
        &[
            "book", "diff", "engine", "history", "model", "runtime", "shadow", "store", "study",
        ],
    ),
    (
        "repair",
        &[
            "book", "diff", "engine", "history", "model", "store", "study",
        ],
    ),
    (
        "study",
        &[
            "book", "diff", "engine", "history", "model", "runtime", "store",
        ],
    ),
    (
        "book",
        &[
            "engine", "gateway", "history", "log", "model", "runtime", "shadow", "store",
        ],
    ),
    ("shadow", &["diff", "engine", "history", "model", "store"]),
    ("history", &["engine", "model", "runtime", "store"]),
    ("engine", &["diff", "model", "runtime", "store"]),
    ("authoring", &["runtime", "model"]),
    ("diff", &["model"]),
    ("log", &["model", "store"]),
    ("store", &["model"]),
    ("runtime", &["model"]),
    ("gateway", &["outbound", "model"]),
    ("outbound.rs", &["model"]),
    ("model", &[]),
];

/// Files of one folder that may come to each other by their imports.
const CIRCLE_MAX: usize = 5;

/// Imports that put folders into a circle, and why they are there still.
const CIRCULAR: &[(&str, &str, &str)] = &[];

/// Lines of one file beyond which it holds more than one thing.
const LINES_MAX: usize = 600;

/// Every Rust source below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
    {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The host's sources by their path below `src`, without comments and without the tests at their end.
fn host() -> Vec<(String, String)> {
    let folder = workspace::root().join("host/src");
    let files = sources(&folder);
    assert!(
        files.len() > 30,
        "the host's sources are not where they were"
    );
    files
        .into_iter()
        .map(|path| {
            let name = path
                .strip_prefix(&folder)
                .unwrap()
                .to_string_lossy()
                .replace('\\', "/");
            let text = fs::read_to_string(&path).unwrap();
            let code = text
                .split("#[cfg(test)]\nmod tests {")
                .next()
                .unwrap_or_default();
            let lines = code
                .lines()
                .map(|line| line.split("//").next().unwrap_or_default());
            (name, lines.collect::<Vec<_>>().join("\n"))
        })
        .collect()
}

/// True where a file is the module, or in it.
fn is_in(file: &str, module: &str) -> bool {
    file == module
        || file
            .strip_prefix(module)
            .is_some_and(|rest| rest.starts_with('/'))
}

#[test]
fn each_library_is_named_by_its_one_owner() {
    let mut faults = Vec::new();
    for (file, code) in host() {
        for (texts, owners) in OWNERS {
            if owners.iter().any(|owner| is_in(&file, owner)) {
                continue;
            }
            faults.extend(
                texts
                    .iter()
                    .filter(|text| code.contains(**text))
                    .map(|text| format!("{file} names {text}")),
            );
        }
    }
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn modules_import_only_what_lies_below_them() {
    let mut faults = Vec::new();
    for (file, code) in host() {
        let module = file.split('/').next().unwrap();
        let Some((_, allowed)) = IMPORTS.iter().find(|(known, _)| *known == module) else {
            faults.push(format!(
                "{file} is in a module that the table does not have"
            ));
            continue;
        };
        for rest in code.split("crate::").skip(1) {
            let name: String = rest
                .chars()
                .take_while(|c| c.is_ascii_lowercase() || *c == '_')
                .collect();
            if name != module && !name.is_empty() && !allowed.contains(&name.as_str()) {
                faults.push(format!("{file} imports {name}"));
            }
            if name.is_empty() {
                faults.push(format!(
                    "{file} imports from the crate's root in a way that this test does not read"
                ));
            }
        }
    }
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn no_folder_is_in_a_circle_and_in_a_folder_circles_are_small() {
    let sources = host();
    let graph = Graph::of(&sources);
    println!("{}", table(&sources, &graph));
    let mut folders = graph.folders();
    for (from, to, _) in CIRCULAR {
        folders = folders.without(from, to);
    }
    let circles = folders.circles();
    let mut faults: Vec<String> = circles
        .iter()
        .map(|circle| format!("folders in a circle:\n{}", folders.shown(circle)))
        .collect();
    for folder in top_level(&sources) {
        let within = graph.within(folder);
        let circles = within.circles();
        let large = circles.iter().filter(|circle| circle.len() > CIRCLE_MAX);
        faults.extend(large.map(|circle| {
            let shown = within.shown(circle);
            format!("{} files of {folder} in a circle:\n{shown}", circle.len())
        }));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Folders, and files beside them, directly below `src`.
fn top_level(sources: &[(String, String)]) -> Vec<&str> {
    let mut names: Vec<&str> = { sources.iter() }
        .filter_map(|(file, _)| file.split_once('/').map(|(folder, _)| folder))
        .collect();
    names.dedup();
    names
}

/// For each folder: its files, its lines, its longest file, and the largest circle in it.
fn table(sources: &[(String, String)], graph: &Graph) -> String {
    let root = workspace::root().join("host/src");
    let mut table = format!(
        "{:<12}{:>6}{:>8}  {:<32}{:>6}\n",
        "folder", "files", "lines", "longest", "circle"
    );
    for folder in top_level(sources) {
        let own = sources.iter().filter(|(file, _)| is_in(file, folder));
        let lines = own.map(|(file, _)| {
            let text = fs::read_to_string(root.join(file)).unwrap();
            (text.lines().count(), file)
        });
        let lines: Vec<_> = lines.collect();
        let total: usize = lines.iter().map(|(count, _)| count).sum();
        let (longest, file) = lines.iter().max().expect("a folder has files");
        let within = graph.within(folder);
        let circle = within.circles().first().map_or(1, Vec::len);
        let longest = format!("{file} ({longest})");
        let files = lines.len();
        writeln!(
            table,
            "{folder:<12}{files:>6}{total:>8}  {longest:<32}{circle:>6}"
        )
        .unwrap();
    }
    table
}

#[test]
fn a_circle_is_found_through_what_folders_show_of_their_files() {
    let source = |file: &str, code: &str| (file.to_owned(), code.to_owned());
    let sources = [
        source("lib.rs", "pub mod a;\npub mod b;"),
        source(
            "a/mod.rs",
            "mod one;\nmod two;\npub use one::{First, Second as Other};",
        ),
        source("a/one.rs", "use super::two::Two;\nuse crate::b::Third;"),
        source("a/two.rs", "fn two() -> crate::model::Error {}"),
        source("b/mod.rs", "mod inner;\npub(crate) use inner::Third;"),
        source(
            "b/inner.rs",
            "use crate::{\n    a::{First},\n    model::Error,\n};",
        ),
        source("model.rs", "use std::fmt;"),
    ];
    let graph = Graph::of(&sources);
    let folders = graph.folders();
    let [circle] = &folders.circles()[..] else {
        panic!("not one circle");
    };
    let shown = "    a imports b\n    b imports a\n";
    assert_eq!(folders.shown(circle), shown);
    assert!(graph.within("a").circles().is_empty());
    let [circle] = &graph.circles()[..] else {
        panic!("not one circle");
    };
    let shown = "    a/one imports b/inner\n    b/inner imports a/one\n";
    assert_eq!(graph.shown(circle), shown);
    assert!(folders.without("b", "a").circles().is_empty());
}

#[test]
fn every_source_opens_with_what_it_owns_and_is_of_one_thing() {
    let mut faults = Vec::new();
    for folder in ["host", "plugin-sdk", "plugins", "tests"] {
        for path in sources(&workspace::root().join(folder)) {
            if path
                .components()
                .any(|part| part.as_os_str() == "target" || part.as_os_str() == "fixtures")
            {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            if !text.starts_with("//! ") {
                faults.push(format!("{} does not open with //!", path.display()));
            }
            let lines = text.lines().count();
            if lines > LINES_MAX {
                faults.push(format!("{} has {lines} lines", path.display()));
            }
        }
    }
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn the_contract_is_the_one_that_components_were_built_for() {
    let mut files: Vec<_> = fs::read_dir(workspace::root().join("wit/v1"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut bytes = Vec::new();
    for file in &files {
        bytes.extend_from_slice(file.file_name().unwrap().as_encoded_bytes());
        bytes.push(0);
        bytes.extend(fs::read(file).unwrap());
        bytes.push(0);
    }
    let digest = Digest::of(&bytes).to_string();
    assert_eq!(
        digest, CONTRACT_V1,
        "wit/v1 has changed; published contracts never do"
    );
}

#[test]
fn projections_name_the_engine_that_cargo_asks_for() {
    let manifest = fs::read_to_string(workspace::root().join("Cargo.toml")).unwrap();
    let line = manifest
        .lines()
        .find(|line| line.starts_with("wasmtime = "))
        .expect("the engine is a dependency");
    let version = line.split('"').nth(1).expect("a version");
    let major = version.split('.').next().unwrap();
    let fingerprint = daybook::runtime::fingerprint();
    assert!(
        fingerprint.contains(&format!("wasmtime {major} ")),
        "{fingerprint}, but Cargo.toml has {version}"
    );
}

#[test]
fn the_top_level_holds_what_it_should() {
    let known = [
        ".cargo",
        ".ci",
        ".git",
        ".gitignore",
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE",
        "README.md",
        "host",
        "plugin-sdk",
        "plugins",
        "rust-toolchain.toml",
        "target",
        "tests",
        "wit",
    ];
    let entries = fs::read_dir(workspace::root()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let unknown: Vec<_> = names
        .filter(|name| !known.contains(&name.as_str()))
        .collect();
    assert_eq!(unknown, Vec::<String>::new());
}
