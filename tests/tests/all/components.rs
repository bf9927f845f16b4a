//! Files that are no honest plugin: each is refused in a sentence that names what is wrong, and the book stays as it was.

use daybook::model::{ErrorKind, limits};
use daybook_tests::{Random, TestBook, event, guest};
use serde_json::json;

/// Loads what must be refused, and shows that nothing changed.
#[track_caller]
fn check_refused(book: &mut TestBook, bytes: &[u8], says: &str) {
    let before = book.mark();
    let error = book
        .load(bytes)
        .map(|loaded| loaded.version)
        .expect_err(says);
    assert_eq!(error.kind, ErrorKind::Refused, "{error}");
    assert!(error.message.contains(says), "'{says}' is not in: {error}");
    assert_eq!(book.mark(), before);
}

#[test]
fn a_component_that_lies_or_is_no_plugin_is_refused_with_what_is_wrong() {
    let mut book = TestBook::with_guests(&["mutable-global"]);
    let cases = [
        (
            "lying-tables",
            "table 'lyingtables.thing': the primary key names column 'absent', which it does not have",
        ),
        (
            "lying-types",
            "lyingtypes@2020-01-01 says that it materializes 'lyingtypes.NeverDeclared', which it does not declare",
        ),
        ("lying-names", "is not of the form [a-z][a-z0-9_]*"),
        ("bad-version", "version '2020-02-30' is not a calendar date"),
        (
            "extends-itself",
            "extendsitself@2020-01-01 extends '2020-01-01', which is not an earlier date",
        ),
        ("unknown-import", "the component imports 'acme:mail/send"),
        ("wrong-world", "so it is not a plugin"),
        ("describe-loop", "ran out of fuel"),
    ];
    for (name, says) in cases {
        check_refused(&mut book, guest(name), says);
    }
    book.append_one(event("counter.Happened", json!({"n": 1})))
        .unwrap();
    book.assert_verified();
}

#[test]
fn a_version_whose_extended_version_is_absent_is_refused() {
    let mut book = TestBook::new();
    let before = book.mark();
    let error = book
        .load(guest("cascade-2"))
        .map(|loaded| loaded.version)
        .unwrap_err();
    assert!(
        error
            .message
            .contains("cascade@2020-02-01 extends cascade@2020-01-01"),
        "{error}"
    );
    assert_eq!(error.hint.as_deref(), Some("load cascade@2020-01-01 first"));
    assert_eq!(book.mark(), before);
}

#[test]
fn what_is_not_webassembly_is_refused() {
    let mut book = TestBook::with_guests(&["mutable-global"]);
    let module = [0, b'a', b's', b'm', 1, 0, 0, 0];
    let component = [0, b'a', b's', b'm', 13, 0, 1, 0];
    let mut large = module.to_vec();
    large.resize(limits::COMPONENT_BYTES_MAX + 1, 0);
    let cases: [(&[u8], &str); 8] = [
        (b"", "the file is not WebAssembly"),
        (b"not a component at all", "the file is not WebAssembly"),
        (
            b"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00",
            "the file is not WebAssembly",
        ),
        (&module[..7], "the file is not WebAssembly"),
        (&module, "it is not a plugin"),
        (&component, "it is not a plugin"),
        (
            &[0, b'a', b's', b'm', 13, 0, 1, 0, 255, 255],
            "the component is not valid",
        ),
        (
            &large,
            "the file has 33554433 bytes; a component may have 33554432",
        ),
    ];
    for (bytes, says) in cases {
        check_refused(&mut book, bytes, says);
    }
    book.append_one(event("counter.Happened", json!({"n": 1})))
        .unwrap();
}

#[test]
fn a_truncated_file_is_refused_at_every_length() {
    let mut book = TestBook::with_guests(&["mutable-global"]);
    for name in ["nan", "stdout"] {
        let whole = guest(name);
        for part in 0..37 {
            let length = whole.len() * part / 37;
            let before = book.mark();
            let error = book
                .load(&whole[..length])
                .map(|loaded| loaded.version)
                .expect_err("a truncated file");
            assert_eq!(
                error.kind,
                ErrorKind::Refused,
                "{name} cut at {length}: {error}"
            );
            assert_eq!(book.mark(), before, "{name} cut at {length}");
        }
        book.load(whole).expect("the whole file is fine");
    }
}

#[test]
fn a_file_with_a_flipped_bit_is_refused_or_loads_and_never_harms_the_book() {
    let mut random = Random::announced("flipped bits");
    let mut book = TestBook::with_guests(&["mutable-global"]);
    let whole = guest("nan");
    for _ in 0..40 {
        let mut bytes = whole.to_vec();
        let bit = random.below(bytes.len() as u64 * 8);
        bytes[(bit / 8) as usize] ^= 1 << (bit % 8);
        let before = book.mark();
        match book.load(&bytes) {
            // Any answer but a fault of the host will do; a manifest may have become another one.
            Err(error) => {
                assert!(
                    matches!(error.kind, ErrorKind::Refused | ErrorKind::Plugin),
                    "bit {bit}: {:?} {error}",
                    error.kind
                );
                assert_eq!(book.mark(), before, "bit {bit}: {error}");
            }
            Ok(_) => assert_eq!(book.head().0, before.head.0 + 1, "bit {bit}"),
        }
    }
    book.append_one(event("counter.Happened", json!({"n": 1})))
        .unwrap();
    book.reopen();
    book.assert_verified();
}

#[test]
fn a_cached_component_that_somebody_replaced_is_not_run() {
    let mut book = TestBook::with_guests(&["mutable-global", "nan"]);
    book.append_one(event("counter.Happened", json!({"n": 1})))
        .unwrap();
    // Every entry now holds another component's machine code, as somebody with access to the folder could arrange.
    book.reopen_after(|path| {
        let cache = path.join("cache");
        let mut files: Vec<_> = std::fs::read_dir(&cache)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        assert_eq!(files.len(), 2, "{files:?}");
        let contents: Vec<_> = files
            .iter()
            .map(|file| std::fs::read(file).unwrap())
            .collect();
        for (file, content) in files.iter().zip(contents.iter().rev()) {
            std::fs::write(file, content).unwrap();
        }
    });
    book.append_one(event("counter.Happened", json!({"n": 1})))
        .unwrap();
    assert_eq!(book.numbers("SELECT n FROM counter_thing"), [1, 1]);
    // And garbage is no better.
    book.reopen_after(|path| {
        for entry in std::fs::read_dir(path.join("cache")).unwrap() {
            std::fs::write(entry.unwrap().path(), b"garbage").unwrap();
        }
    });
    book.assert_verified();
    book.reopen_after(|path| std::fs::remove_dir_all(path.join("cache")).unwrap());
    book.assert_verified();
}
