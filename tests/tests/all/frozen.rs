//! The contract is frozen: components that were built for it once load and run in every later host, to the same bytes. What
//! was built for another contract is told so.

use std::fs::{self, File};
use std::io::Read;
use std::path::PathBuf;

use daybook_tests::{TestBook, event_at, workspace};
use flate2::read::GzDecoder;
use serde_json::json;

/// The running hash of changes, and the hash of rows, that the events below come to: the same in every language.
const RUNNING: &str = "2368203a5ee82716d0b5d595054bcea8a968909de98694f77afd003c2d693deb";
const ROWS: &str = "58c3ef83ae17715cc7910a6f148254326fbb3618f1a6454c8067213b464ae77e";

fn unpacked(path: &PathBuf) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut packed = GzDecoder::new(File::open(path).unwrap());
    packed.read_to_end(&mut bytes).unwrap();
    bytes
}

/// Every component that is kept, by its file's name.
fn components() -> Vec<(String, Vec<u8>)> {
    let folder = workspace::root().join("tests/fixtures/components/v1");
    let files = fs::read_dir(folder).unwrap();
    let mut files: Vec<_> = files.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|it| it == "gz"));
    files.sort();
    let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    let read = files.iter().map(|path| (name(path), unpacked(path)));
    read.collect()
}

/// Hundred deposits under `deposit@2020-01-01`, and what they come to.
fn deposits(component: &[u8]) -> [String; 2] {
    let mut book = TestBook::new();
    book.load_active(component);
    for number in 0..100 {
        let id = format!("e{number}");
        let data = json!({"account": number % 7, "amount": number * 1_000_003});
        let event = event_at("deposit.Deposited", &id, "2026-01-01T00:00:00Z", data);
        book.append_one(event).unwrap();
    }
    book.reopen();
    let verified = book.assert_verified();
    [verified.running.to_string(), verified.rows.to_string()]
}

/// The component with another version of the contract's names.
fn renamed(component: &[u8], version: &[u8; 5]) -> Vec<u8> {
    let mut bytes = component.to_vec();
    let name = b"daybook:plugin/";
    let mut at = 0;
    while let Some(found) = bytes[at..].windows(name.len()).position(|it| it == name) {
        at += found + name.len();
        let version_at = bytes[at..].iter().position(|byte| *byte == b'@').unwrap();
        bytes[at + version_at + 1..][..5].copy_from_slice(version);
    }
    bytes
}

#[test]
fn components_that_were_built_once_run_as_they_did() {
    let components = components();
    assert!(!components.is_empty());
    for (name, component) in components {
        assert_eq!(deposits(&component), [RUNNING, ROWS], "{name}");
    }
}

#[test]
fn a_component_of_a_later_minor_version_runs_where_it_asks_for_nothing_new() {
    let (_, component) = components().remove(0);
    assert_eq!(deposits(&renamed(&component, b"1.1.0")), [RUNNING, ROWS]);
}

#[test]
fn a_component_of_another_major_version_is_told_so() {
    let (_, component) = components().remove(0);
    let error = TestBook::new()
        .load(&renamed(&component, b"2.0.0"))
        .unwrap_err();
    assert!(error.message.contains("@2.0.0"), "{error}");
    assert!(error.message.contains("1.x"), "{error}");
}
