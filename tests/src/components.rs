//! Owns the components the tests load: the guest programs and the plugins of the workspace, built by cargo once per
//! process into `plugins/` of the target directory.

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::workspace;

const UNKNOWN: &str = "wasm32-unknown-unknown";
const WASIP2: &str = "wasm32-wasip2";

/// Names carry no code: what is stripped makes a guest ten times smaller and so compile faster.
const STRIP: &str = "-C strip=debuginfo";
/// As `daybook plugin build` links plugins: a stack of 64 KiB, below which a fresh instance costs less.
const SMALL_STACK: &str = "-C link-arg=-zstack-size=65536 -C strip=debuginfo";

type Built = HashMap<String, Vec<u8>>;

/// The component of a guest program, by its name (`memory-bomb`).
pub fn guest(name: &str) -> &'static [u8] {
    static PLAIN: OnceLock<Built> = OnceLock::new();
    static WASI: OnceLock<Built> = OnceLock::new();
    let built = if daybook_guests::WASI.contains(&name) {
        WASI.get_or_init(|| build_guests(WASIP2, STRIP, daybook_guests::WASI))
    } else {
        PLAIN.get_or_init(|| build_guests(UNKNOWN, SMALL_STACK, daybook_guests::UNKNOWN))
    };
    built
        .get(name)
        .unwrap_or_else(|| panic!("there is no guest '{name}'"))
}

/// The component of a plugin of the workspace, by its version (`bank@1993-01-01`).
pub fn plugin(version: &str) -> &'static [u8] {
    static PLUGINS: OnceLock<Built> = OnceLock::new();
    let built = PLUGINS.get_or_init(build_plugins);
    built
        .get(version)
        .unwrap_or_else(|| panic!("there is no plugin '{version}'"))
}

/// A plugin of the workspace under another date of as many letters: the same code to the letter, and another version.
pub fn redated(version: &str, date: &str) -> Vec<u8> {
    let (_, old) = version.split_once('@').expect("plugin@date");
    dated(plugin(version), old, date, version)
}

/// A guest of 2020-01-01 under another date.
pub fn redated_guest(name: &str, date: &str) -> Vec<u8> {
    dated(guest(name), "2020-01-01", date, name)
}

fn dated(bytes: &[u8], old: &str, date: &str, version: &str) -> Vec<u8> {
    assert_eq!(old.len(), date.len());
    let mut bytes = bytes.to_vec();
    let places: Vec<_> = { bytes.windows(old.len()).enumerate() }
        .filter(|(_, window)| *window == old.as_bytes())
        .map(|(at, _)| at)
        .collect();
    assert!(!places.is_empty(), "{version} does not name its date");
    for at in places {
        bytes[at..at + date.len()].copy_from_slice(date.as_bytes());
    }
    bytes
}

fn build_guests(target: &str, flags: &str, guests: &[&str]) -> Built {
    let names = guests.iter().flat_map(|guest| ["--example", guest]);
    let arguments = ["-p", "daybook-guests"]
        .into_iter()
        .chain(names)
        .map(str::to_owned)
        .collect();
    build(target, flags, arguments, |release| {
        guests
            .iter()
            .map(|guest| {
                (
                    (*guest).to_owned(),
                    read(
                        &release
                            .join("examples")
                            .join(daybook_guests::file_name(guest)),
                    ),
                )
            })
            .collect()
    })
}

/// Every crate `plugins/<name>/<date>`. Plugins in other languages are none, and their tests build them.
fn build_plugins() -> Built {
    let mut versions = Vec::new();
    for plugin in folders(&workspace::root().join("plugins")) {
        for dated in folders(&plugin) {
            let name = |path: &Path| {
                path.file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned()
            };
            let is_dated = name(&dated).starts_with(|first: char| first.is_ascii_digit());
            if is_dated && dated.join("Cargo.toml").is_file() {
                versions.push((name(&plugin), name(&dated)));
            }
        }
    }
    let packages = versions
        .iter()
        .flat_map(|(plugin, date)| ["-p".to_owned(), format!("{plugin}-{date}")]);
    build(
        UNKNOWN,
        SMALL_STACK,
        packages.chain(["--lib".to_owned()]).collect(),
        |release| {
            let file =
                |plugin: &str, date: &str| format!("{plugin}_{}.wasm", date.replace('-', "_"));
            versions
                .iter()
                .map(|(plugin, date)| {
                    (
                        format!("{plugin}@{date}"),
                        read(&release.join(file(plugin, date))),
                    )
                })
                .collect()
        },
    )
}

fn folders(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    entries
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.is_dir())
        .collect()
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Runs cargo and collects what it built, alone: another test process may be doing the same.
fn build(
    target: &str,
    flags: &str,
    arguments: Vec<String>,
    collect: impl FnOnce(&Path) -> Built,
) -> Built {
    let directory = workspace::target().join("plugins");
    fs::create_dir_all(&directory).expect("the target directory can be written");
    let lock =
        File::create(directory.join("tests.lock")).expect("the target directory can be written");
    lock.lock().expect("a file can be locked");
    ensure_target(target);
    let output = workspace::cargo()
        .args(["build", "--release", "--target", target, "--target-dir"])
        .arg(&directory)
        .args(arguments)
        .env("RUSTFLAGS", flags)
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "building for {target}:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    collect(&directory.join(target).join("release"))
}

/// Adds a WebAssembly target to the toolchain where it is missing.
fn ensure_target(target: &str) {
    let output = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", target])
        .current_dir(workspace::root())
        .output()
        .expect("rustc runs");
    let library = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if Path::new(&library).is_dir() {
        return;
    }
    let added = Command::new("rustup")
        .args(["target", "add", target])
        .current_dir(workspace::root())
        .status();
    let added = added.is_ok_and(|status| status.success());
    assert!(
        added,
        "the standard library for {target} is missing and `rustup target add {target}` did not add it; install it with \
         rustup, or with your system's package of that name (libstd-rust-dev-wasm32 on Debian)"
    );
}
