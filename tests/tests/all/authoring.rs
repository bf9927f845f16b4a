//! A plugin's folder stands alone: what `daybook plugin new` writes names nothing outside of it, and it is built where it is
//! moved to, into the component that it was.

use std::fs;
use std::path::{Path, PathBuf};

use daybook::authoring::{self, Language, Skeleton};
use daybook_tests::workspace;

/// Files below a folder, without what tools wrote.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

fn begin(language: Language, directory: PathBuf) -> PathBuf {
    let skeleton = Skeleton {
        name: "visits".parse().unwrap(),
        date: "2024-01-01".parse().unwrap(),
        language,
        directory,
        sdk: None,
    };
    skeleton.write().unwrap();
    skeleton.directory
}

#[test]
fn no_file_of_a_new_plugin_names_the_checkout_or_its_own_folder() {
    for language in Language::ALL {
        let directory = tempfile::tempdir().unwrap();
        let folder = begin(language, directory.path().join("visits"));
        let files = files(&folder);
        assert!(files.len() > 20, "{files:?}");
        for file in files {
            let text = fs::read_to_string(&file).unwrap();
            for place in [workspace::root(), directory.path()] {
                let place = place.display().to_string();
                assert!(!text.contains(&place), "{} names {place}", file.display());
            }
        }
    }
}

#[test]
fn the_contract_beside_each_sdk_is_the_contract() {
    for entry in fs::read_dir(workspace::root().join("wit/v1")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "wit") {
            continue;
        }
        for folder in ["wit", "js/wit", "python/src/daybook_sdk/wit"] {
            let folder = workspace::root().join("plugin-sdk").join(folder);
            let copy = folder.join(path.file_name().unwrap());
            assert!(
                fs::read(&copy).unwrap() == fs::read(&path).unwrap(),
                "{} is not {}",
                copy.display(),
                path.display()
            );
        }
    }
}

#[test]
fn a_plugin_is_built_where_it_is_moved_to_and_is_the_component_that_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let folder = begin(Language::Rust, directory.path().join("visits"));
    // The very dependencies of the workspace, which are at hand.
    fs::copy(
        workspace::root().join("Cargo.lock"),
        folder.join("Cargo.lock"),
    )
    .unwrap();
    let first = authoring::build(&folder).unwrap();
    let moved = directory.path().join("elsewhere/deeper");
    fs::create_dir_all(moved.parent().unwrap()).unwrap();
    fs::rename(&folder, &moved).unwrap();
    let second = authoring::build(&moved).unwrap();
    assert_eq!(first.digest, second.digest);
    assert!(second.file.starts_with(moved.canonicalize().unwrap()));
    let text = String::from_utf8_lossy(&second.bytes);
    for place in [workspace::root(), directory.path()] {
        assert!(!text.contains(&place.display().to_string()));
    }
}
