//! A process that is killed while it loads, verifies or patches leaves the book before or after, and nothing beside it.

use std::path::Path;

use daybook::history;
use daybook::model::Seq;
use daybook::versions::Policy;
use daybook_tests::{Random, TestBook, event, guest, version};
use serde_json::json;

use super::repair::{ROUNDS, Working};
use crate::promote::{SECOND, WANTED, bank};

/// Does one piece of work on copies of a book, each killed at a random moment of it, and has each of them looked at: the
/// book as it opens again, and whether the work had been acknowledged. Gives how many were kept and how many lost, as
/// `look` says.
fn killed(
    what: &str,
    book: &mut TestBook,
    arguments: impl Fn(&str) -> Vec<String>,
    mut look: impl FnMut(&mut TestBook) -> bool,
) -> (u32, u32) {
    let mut random = Random::announced(what);
    let run = |path: &Path| {
        let arguments = arguments(path.to_str().expect("text"));
        Working::start(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let mut longest = 0;
    book.copy()
        .reopen_after(|path| longest = run(path).measured());
    let (mut kept, mut lost) = (0, 0);
    for round in 0..ROUNDS {
        let mut copy = book.copy();
        // On a machine that has become slower since it was measured, later rounds wait longer until one is kept.
        let late = match kept {
            0 => longest / 4 * round.saturating_sub(ROUNDS / 2),
            _ => 0,
        };
        let microseconds = random.below(longest) + late;
        let mut done = false;
        copy.reopen_after(|path| done = run(path).killed_after(microseconds));
        let is_kept = look(&mut copy);
        assert!(
            is_kept || !done,
            "round {round}: it was acknowledged and is lost"
        );
        assert_nothing_beside(&copy, round);
        copy.assert_verified();
        if is_kept { kept += 1 } else { lost += 1 }
    }
    println!("{what}: {kept} kept, {lost} lost, killed within {longest} µs");
    (kept, lost)
}

/// No file in the book's folder of projections that the log does not name.
fn assert_nothing_beside(book: &TestBook, round: u64) {
    let named = book.log().projections().unwrap();
    for file in std::fs::read_dir(book.path().join("projections")).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let stem = ["-wal", "-shm", "-journal"]
            .iter()
            .fold(name.as_str(), |name, suffix| name.trim_end_matches(suffix));
        assert!(
            named.iter().any(|record| record.file == stem),
            "round {round}: {name} was left behind"
        );
    }
}

fn cascade() -> TestBook {
    let mut book = TestBook::with_guests(&["cascade-1"]);
    let events = (0..200).map(|n| event("cascade.Happened", json!({"n": n % 5})));
    book.append(events.collect()).unwrap();
    book
}

#[test]
fn a_process_killed_while_it_loads_leaves_the_version_registered_whole_or_unknown() {
    let mut book = cascade();
    let before = book.mark();
    let file = book.folder().join("second.wasm");
    std::fs::write(&file, guest("cascade-2")).unwrap();
    let file = file.to_str().unwrap().to_owned();
    let second = version("cascade@2020-02-01");
    let arguments = |path: &str| vec!["load".into(), path.into(), file.clone()];
    let (kept, lost) = killed("killed while loading", &mut book, arguments, |copy| {
        let line = copy.versions().unwrap();
        let line = line.into_iter().find(|line| line.version == second);
        let after = copy.mark();
        assert_eq!(
            (after.rows, after.lineup),
            (before.rows, before.lineup.clone())
        );
        assert_eq!(after.live.position, after.head);
        match &line {
            Some(line) => {
                assert_eq!(after.head, before.head.next());
                assert!(line.certification.is_some() && !line.active);
            }
            None => assert_eq!(after.head, before.head),
        }
        // Loading it once more is all that is left to do, or nothing.
        let loaded = copy.load(guest("cascade-2")).unwrap();
        assert_eq!(loaded.already, line.is_some());
        copy.activate_pinned(&second).unwrap();
        line.is_some()
    });
    assert!(
        kept > 0 && lost > 0,
        "the kills all came too late, or all too early"
    );
}

#[test]
fn a_process_killed_while_it_verifies_leaves_the_book_as_it_was() {
    let mut book = cascade();
    book.load_active(guest("cascade-2"));
    let before = book.mark();
    let arguments = |path: &str| vec!["verify".into(), path.into()];
    killed("killed while verifying", &mut book, arguments, |copy| {
        assert_eq!(copy.mark(), before);
        true
    });
}

#[test]
fn a_process_killed_while_it_patches_leaves_all_rows_patched_or_none() {
    let mut book = bank();
    book.shadow(
        &version(SECOND),
        Policy::Pinned,
        WANTED,
        &mut history::silent(),
    )
    .unwrap();
    let before = book.mark();
    let patched = {
        let mut other = book.copy();
        other.activate_pinned(&version(SECOND)).unwrap();
        other.mark()
    };
    assert_ne!(before.rows, patched.rows);
    let arguments = |path: &str| vec!["patch".into(), path.into(), SECOND.into()];
    let (kept, lost) = killed("killed while patching", &mut book, arguments, |copy| {
        let after = copy.mark();
        let is_patched = after.head != before.head;
        let expected = match is_patched {
            true => (patched.rows, SECOND, before.head.next()),
            false => (before.rows, before.lineup.as_str(), before.head),
        };
        assert_eq!((after.rows, after.lineup.as_str(), after.head), expected);
        assert_eq!(after.live.position, after.head);
        assert!(after.head > Seq(0));
        is_patched
    });
    assert!(
        kept > 0 && lost > 0,
        "the kills all came too late, or all too early"
    );
}
