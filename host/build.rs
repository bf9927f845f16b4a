//! Puts the SDKs' sources into the binary, so that an author needs no checkout: a table for each SDK of its files' names and
//! contents, in the order of the names. Only names below the SDK's folder get in, and no times.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// An SDK's name in the table, its folder, and what of it an author needs.
const SDKS: [(&str, &str, &[&str]); 3] = [
    (
        "RUST",
        "plugin-sdk",
        &[
            "Cargo.toml",
            "README.md",
            "macros/Cargo.toml",
            "macros/src",
            "src",
            "wit",
        ],
    ),
    (
        "TYPESCRIPT",
        "plugin-sdk/js",
        &[
            "README.md",
            "bin",
            "package.json",
            "src",
            "template",
            "tsconfig.json",
            "tsconfig.plugin.json",
            "wit",
        ],
    ),
    (
        "PYTHON",
        "plugin-sdk/python",
        &["README.md", "pyproject.toml", "src"],
    ),
];

/// How names of sources end. What tools leave beside them has other names.
const ENDINGS: [&str; 9] = ["json", "md", "mjs", "py", "rs", "tmpl", "toml", "ts", "wit"];

/// Says to type checkers that the package has types.
const TYPED: &str = "py.typed";

fn main() {
    let host = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo names the folder"));
    let root = host
        .parent()
        .expect("the host is a folder of the workspace");
    let mut text = String::new();
    for (name, folder, parts) in SDKS {
        let folder = root.join(folder);
        let mut files = Vec::new();
        for part in parts {
            let path = folder.join(part);
            println!("cargo::rerun-if-changed={}", path.display());
            collect(&path, &mut files);
        }
        files.push(root.join("LICENSE"));
        let mut named: Vec<_> = files
            .iter()
            .map(|file| {
                (
                    file.strip_prefix(&folder).unwrap_or(Path::new("LICENSE")),
                    file,
                )
            })
            .collect();
        named.sort();
        writeln!(text, "pub static {name}: &[(&str, &[u8])] = &[").expect("a string takes it");
        for (name, file) in named {
            writeln!(text, "({name:?}, include_bytes!({file:?})),").expect("a string takes it");
        }
        text.push_str("];\n");
    }
    let toolchain = root.join("rust-toolchain.toml");
    println!("cargo::rerun-if-changed={}", toolchain.display());
    println!("cargo::rerun-if-changed=build.rs");
    let toolchain = fs::read_to_string(&toolchain).expect("rust-toolchain.toml can be read");
    let channel = toolchain
        .lines()
        .find_map(|line| line.strip_prefix("channel = "))
        .expect("rust-toolchain.toml names a channel");
    writeln!(text, "pub const TOOLCHAIN: &str = {channel};").expect("a string takes it");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo names a folder"));
    fs::write(out.join("sdks.rs"), text).expect("the table can be written");
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) {
    if !path.is_dir() {
        files.push(path.to_owned());
        return;
    }
    for entry in fs::read_dir(path).expect("a folder of an SDK can be read") {
        let path = entry.expect("a folder of an SDK can be read").path();
        let ending = path.extension().and_then(|ending| ending.to_str());
        let is_source = ending.is_some_and(|ending| ENDINGS.contains(&ending));
        if path.is_dir() || is_source || path.file_name().is_some_and(|name| name == TYPED) {
            collect(&path, files);
        }
    }
}
