//! A process that is killed keeps what it acknowledged, and nothing by halves.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use daybook::model::{Digest, Seq};
use daybook_tests::{Random, TestBook, event, version};
use serde_json::json;

fn dummy(arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_crash-dummy"))
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the dummy starts")
}

/// Kills a process: in a quarter of the cases while it starts, else once it has told up to so many things, at most so many
/// microseconds later. Gives the lines it had printed.
fn killed(
    mut child: Child,
    random: &mut Random,
    told_max: u64,
    microseconds_max: u64,
) -> Vec<String> {
    let mut out = child.stdout.take().expect("a pipe");
    let mut printed = Vec::new();
    let lines = if random.below(4) == 0 {
        0
    } else {
        1 + random.below(told_max + 1)
    };
    for _ in 0..lines {
        let mut byte = [0];
        while out.read(&mut byte).is_ok_and(|count| count == 1) {
            printed.push(byte[0]);
            if byte[0] == b'\n' {
                break;
            }
        }
    }
    let range = if lines == 0 { 60_000 } else { microseconds_max };
    std::thread::sleep(Duration::from_micros(random.below(range)));
    // `kill` is SIGKILL on Unix: no handler runs, nothing is flushed.
    child.kill().expect("the dummy is still there");
    out.read_to_end(&mut printed).expect("a pipe");
    let status = child.wait().expect("the dummy's end");
    assert!(
        !status.success() && status.code().is_none(),
        "the dummy ended by itself: {status}"
    );
    let text = String::from_utf8(printed).expect("text");
    // A line without its end was cut off by the kill.
    text.split_inclusive('\n')
        .filter_map(|line| line.strip_suffix('\n'))
        .map(str::to_owned)
        .collect()
}

/// Groups of one round in the log: how many events each has, and how many it should have.
fn groups_in_log(book: &TestBook, from: Seq, round: usize) -> BTreeMap<u64, (u64, u64)> {
    let mut groups = BTreeMap::new();
    for event in book.log().read(from, book.head(), usize::MAX >> 1).unwrap() {
        let parts: Vec<u64> = event
            .id
            .split('/')
            .map(|part| part.parse().unwrap())
            .collect();
        assert_eq!(
            parts[0] as usize, round,
            "event {} is of another round",
            event.seq
        );
        let (present, _) = groups.entry(parts[1]).or_insert((0, parts[3]));
        assert_eq!(
            *present, parts[2],
            "event {} is out of its order",
            event.seq
        );
        *present += 1;
    }
    groups
}

#[test]
fn a_process_killed_while_it_appends_keeps_what_it_acknowledged_once_and_whole() {
    let mut random = Random::announced("killed while appending");
    let mut book = TestBook::with_plugins(&["deposit@2020-01-01"]);
    let (mut acknowledged, mut deposits) = (0, 0);
    for round in 0..80 {
        let from = book.head().next();
        let mut lines = Vec::new();
        book.reopen_after(|path| {
            let path = path.to_str().unwrap();
            let child = dummy(&[
                "append",
                path,
                &round.to_string(),
                &random.next().to_string(),
            ]);
            lines = killed(child, &mut random, 6, 3_000);
        });
        let groups = groups_in_log(&book, from, round);
        for (group, (present, size)) in &groups {
            assert_eq!(
                present, size,
                "round {round}: half of group {group} is kept"
            );
        }
        for line in lines.iter().filter(|line| line.starts_with("kept")) {
            let numbers: Vec<u64> = line
                .split(' ')
                .skip(1)
                .map(|number| number.parse().unwrap())
                .collect();
            let kept = groups
                .get(&numbers[0])
                .unwrap_or_else(|| panic!("round {round}: '{line}' is lost"));
            assert_eq!(kept.0, numbers[1], "round {round}: '{line}'");
            acknowledged += numbers[1];
        }
        deposits += groups
            .values()
            .map(|(present, _)| *present as i64)
            .sum::<i64>();
        // State: every deposit is of one cent.
        assert_eq!(
            book.numbers("SELECT coalesce(sum(balance), 0) FROM deposit_account"),
            [deposits]
        );
        assert_eq!(book.live_head().position, book.head());
        if round % 20 == 19 {
            book.assert_verified();
        }
    }
    assert!(
        acknowledged > 100,
        "only {acknowledged} events were acknowledged before the kills: nothing was tried"
    );
    book.append_one(event(
        "deposit.Deposited",
        json!({"account": 1, "amount": 1}),
    ))
    .unwrap();
    book.assert_verified();
}

#[test]
fn a_process_killed_while_it_shadows_copies_promotes_or_goes_back_leaves_the_state_before_or_after()
{
    let mut random = Random::announced("killed in the life of a version");
    let (old, new) = ("cascade@2020-01-01", "cascade@2020-02-01");
    let mut book = TestBook::with_guests(&["cascade-1"]);
    let events = (0..60).map(|n| event("cascade.Happened", json!({"n": n % 5})));
    book.append(events.collect()).unwrap();
    book.load(daybook_tests::guest("cascade-2")).unwrap();
    let mut states: BTreeMap<String, (Digest, Digest)> = BTreeMap::new();
    states.insert(old.to_owned(), (book.mark().rows, book.live_head().running));
    {
        let mut other = book.copy();
        other.activate_pinned(&version(new)).unwrap();
        states.insert(
            new.to_owned(),
            (other.mark().rows, other.live_head().running),
        );
    }
    assert_ne!(states[old], states[new]);
    // In which step the kills came.
    let mut hit: BTreeMap<&str, u32> = BTreeMap::new();
    let steps = ["catch-up", "snapshot", "promote", "roll back"];
    for round in 0.. {
        if steps.iter().all(|step| hit.get(step).copied() >= Some(20)) {
            break;
        }
        assert!(round < 500, "seldom hit: {hit:?}");
        let before = book.mark();
        let mut lines = Vec::new();
        book.reopen_after(|path| {
            let child = dummy(&["life", path.to_str().unwrap(), new]);
            lines = killed(child, &mut random, 6, 60_000);
        });
        let after = book.mark();
        let state = (after.rows, after.live.running);
        assert_eq!(states[&after.lineup], state, "round {round}");
        assert_eq!(after.live.position, after.head, "round {round}");
        // Every acknowledged switch is one event; at most one more was kept and not yet acknowledged.
        let switches = |line: &&String| *line == "promoted" || *line == "back";
        let told = lines.iter().filter(switches).count() as u64;
        let kept = after.head.0 - before.head.0;
        assert!(
            kept == told || kept == told + 1,
            "round {round}: {told} told, {kept} kept"
        );
        // No file that the registry does not name; a snapshot that it names is whole.
        let files = std::fs::read_dir(book.path().join("projections")).unwrap();
        let named = book.log().projections().unwrap();
        for file in files {
            let name = file.unwrap().file_name().into_string().unwrap();
            let stem = name
                .trim_end_matches("-wal")
                .trim_end_matches("-shm")
                .trim_end_matches("-journal");
            assert!(
                named.iter().any(|record| record.file == stem),
                "round {round}: {name}"
            );
        }
        for record in book.snapshots().unwrap() {
            let path = book.path().join("snapshots").join(&record.file);
            let position = daybook::store::Projection::glance(&path)
                .unwrap()
                .head
                .position;
            assert_eq!(position, record.position, "round {round}");
        }
        // What comes after what it said last.
        let step = match lines.last().map(String::as_str) {
            Some("shadow") => "snapshot",
            Some("snapshot") => "promote",
            Some("promoted") => "roll back",
            Some(_) if after.lineup == new => "roll back",
            Some(_) => "catch-up",
            None => "opening",
        };
        *hit.entry(step).or_default() += 1;
    }
    println!("killed in {hit:?}");
    book.assert_verified();
}

#[test]
fn a_process_killed_while_it_activates_leaves_one_version_or_the_other() {
    let mut random = Random::announced("killed while activating");
    let versions = ["cascade@2020-01-01", "cascade@2020-02-01"];
    let mut book = TestBook::with_guests(&["cascade-1", "cascade-2"]);
    let events = (0..60).map(|n| event("cascade.Happened", json!({"n": n % 5})));
    book.append(events.collect()).unwrap();
    let mut states: BTreeMap<String, (Digest, Digest)> = BTreeMap::new();
    for text in versions {
        if book.lineup().to_string() != text {
            book.activate_pinned(&version(text)).unwrap();
        }
        states.insert(
            text.to_owned(),
            (book.mark().rows, book.live_head().running),
        );
    }
    assert_ne!(states[versions[0]], states[versions[1]]);
    let mut switched = 0;
    for round in 0..40 {
        let before = book.mark();
        let mut lines = Vec::new();
        book.reopen_after(|path| {
            lines = killed(
                dummy(&["activate", path.to_str().unwrap(), versions[0], versions[1]]),
                &mut random,
                1,
                60_000,
            );
        });
        let after = book.mark();
        assert_eq!(
            states[&after.lineup],
            (after.rows, after.live.running),
            "round {round}"
        );
        assert_eq!(after.live.position, after.head, "round {round}");
        // Every acknowledged activation is one event; at most one more was kept and not yet acknowledged.
        let told = lines
            .iter()
            .filter(|line| line.starts_with("active"))
            .count() as u64;
        let kept = after.head.0 - before.head.0;
        assert!(
            kept == told || kept == told + 1,
            "round {round}: {told} told, {kept} kept"
        );
        switched += kept;
        let files: BTreeSet<_> = std::fs::read_dir(book.path().join("projections"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| !name.ends_with("-wal") && !name.ends_with("-shm"))
            .collect();
        // The live projection, and what was live before it.
        let named = book.log().projections().unwrap().into_iter();
        let named: BTreeSet<_> = named.map(|record| record.file).collect();
        assert_eq!(files, named, "round {round}");
        assert!(named.len() <= 2, "round {round}: {named:?}");
    }
    assert!(
        switched > 0,
        "no activation was kept before the kills: nothing was tried"
    );
    book.assert_verified();
}
