//! The skeleton that `daybook plugin new` writes: nothing of the template's marks is left in it, and it is a plugin by
//! the SDK's own rules.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const FILES: [(&str, &str); 3] = [
    ("Cargo.toml", include_str!("../template/Cargo.toml.tmpl")),
    ("README.md", include_str!("../template/README.md.tmpl")),
    ("src/lib.rs", include_str!("../template/src/lib.rs.tmpl")),
];

/// Writes the skeleton of the plugin `visits` as the host would.
fn write_skeleton(folder: &Path) {
    let sdk = format!("{{ path = {:?} }}", env!("CARGO_MANIFEST_DIR"));
    fs::create_dir_all(folder.join("src")).unwrap();
    for (name, text) in FILES {
        let text = text
            .replace("{{name}}", "visits")
            .replace("{{Name}}", "Visits")
            .replace("{{version}}", "2024-01-01")
            .replace("{{sdk}}", &sdk);
        fs::write(folder.join(name), text).unwrap();
    }
}

fn skeleton(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    write_skeleton(&folder);
    folder
}

#[test]
fn every_mark_of_the_template_is_replaced() {
    let folder = skeleton("marks");
    for (name, _) in FILES {
        let text = fs::read_to_string(folder.join(name)).unwrap();
        assert!(
            !text.contains("{{") && !text.contains("}}"),
            "{name} still has a mark:\n{text}"
        );
    }
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    assert!(
        manifest.contains("name = \"visits-2024-01-01\""),
        "{manifest}"
    );
}

#[test]
fn the_skeleton_is_formatted() {
    let source = skeleton("format").join("src/lib.rs");
    let output = Command::new("rustfmt")
        .args(["--check", "--edition", "2024"])
        .arg(&source)
        .output()
        .expect("rustfmt is part of the toolchain");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}
