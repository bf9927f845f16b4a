//! Certification, and what instances that are reset may change: nothing but time.

mod wear;

use std::path::Path;
use std::process::Command;

use bank_import::{Scope, convert_folder};
use daybook::book::Incoming;
use daybook::history;
use daybook::log::{CommitLog, SqliteLog};
use daybook::model::log::{Appended, Commit, LogOp};
use daybook::model::{Calls, Certification, Instances, LogLine, Seq};
use daybook::store::Catalog;
use daybook::study::Picked;
use daybook::versions::{Certified, Loaded};
use daybook_tests::{TestBook, accepted, data, event, event_at, guest, plugin, version};
use serde_json::{Value as Json, json};

const BANK: &str = "bank@1993-01-01";
const BANK_1994: &str = "bank@1994-01-01";

/// A guest under a later date.
fn later(name: &str) -> Vec<u8> {
    let mut bytes = guest(name).to_vec();
    let (from, to) = (b"2020-01-01", b"2020-02-02");
    let places: Vec<usize> = (0..bytes.len() - from.len())
        .filter(|&at| bytes[at..].starts_with(from))
        .collect();
    assert!(!places.is_empty(), "{name} has no date to write over");
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    bytes
}

/// Events of a guest with ids and times of their own.
fn happened(plugin: &str, count: i64) -> Vec<Incoming> {
    let name = format!("{plugin}.Happened");
    (0..count)
        .map(|n| {
            let time = format!("2019-12-31T23:{:02}:{:02}Z", n / 60 % 60, n % 60);
            event_at(&name, &format!("e{n}"), &time, json!({"n": n % 10}))
        })
        .collect()
}

/// A book in which a guest is active and has history.
fn book_of(name: &str, plugin: &str, count: i64) -> TestBook {
    let mut book = TestBook::with_guests(&[name]);
    book.append(happened(plugin, count)).unwrap();
    book
}

/// The same, with the guest certified on its history.
fn certified_book_of(name: &str, plugin: &str, count: i64) -> (TestBook, Certified) {
    let mut book = book_of(name, plugin, count);
    let certified = book
        .certify(&version(&format!("{plugin}@2020-01-01")))
        .unwrap();
    (book, certified)
}

fn instances(book: &TestBook, name: &str) -> Option<Instances> {
    let lines = book.versions().unwrap();
    let line = lines.iter().find(|line| line.version == version(name));
    line.expect("a loaded version").instances()
}

fn certification(loaded: Loaded) -> Certification {
    loaded
        .certification
        .expect("a version that was not loaded before")
}

#[test]
fn effects_that_follow_clock_seed_or_order_of_rows_are_a_reason_to_refuse() {
    for (name, plugin, why) in [
        (
            "clock",
            "clock",
            "when WASI's clock shows another time: clock.thing[",
        ),
        (
            "random",
            "random",
            "when WASI's random bytes are others: random.thing[",
        ),
        (
            "hash-order",
            "hashorder",
            "when WASI's random bytes are others: hashorder.thing[",
        ),
        (
            "unordered-sql",
            "unordered",
            "without ORDER BY come in another order: unordered.thing[",
        ),
    ] {
        let mut book = book_of(name, plugin, 12);
        let before = book.mark();
        let error = book.load(&later(name)).unwrap_err();
        let start = format!("{plugin}@2020-02-02 is not deterministic: event ");
        assert!(error.message.starts_with(&start), "{error}");
        assert!(
            error
                .message
                .contains(&format!(" ({plugin}.Happened) has other effects ")),
            "{error}"
        );
        assert!(error.message.contains(why), "{name}: {error}");
        assert!(error.hint.is_some());
        assert_eq!(
            book.mark(),
            before,
            "{name}: a refused load changes nothing"
        );

        // The version that was loaded before there was history to try it on.
        let first = version(&format!("{plugin}@2020-01-01"));
        let certified = book.certify(&first).unwrap();
        let refusal = certified.refusal.expect("the same difference");
        assert!(refusal.what.contains(why), "{name}: {refusal:?}");
    }
}

#[test]
fn a_command_answered_by_the_order_of_rows_is_a_reason_to_refuse() {
    let mut book = TestBook::with_guests(&["mutable-global", "unordered-sql"]);
    for n in 0..3 {
        book.command("unordered.Do", json!({"n": n}), false)
            .unwrap();
    }
    let certified = book.certify(&version("unordered@2020-01-01")).unwrap();
    assert!(certified.refusal.is_some());
    // A creator that reads in no order, of a version whose materializers were not tried: its command is named.
    let mut book = TestBook::with_guests(&["unordered-sql"]);
    book.append(happened("unordered", 1)).unwrap();
    book.command("unordered.Do", json!({"n": 0}), false)
        .unwrap();
    book.command("unordered.Do", json!({"n": 0}), false)
        .unwrap();
    let refusal = book
        .certify(&version("unordered@2020-01-01"))
        .unwrap()
        .refusal
        .unwrap();
    assert!(
        refusal.what.contains("(unordered.Do) after event ")
            && refusal.what.contains("is answered otherwise"),
        "{refusal:?}"
    );
}

#[test]
fn a_version_without_history_is_loaded_and_says_that_it_was_not_certified() {
    let mut book = TestBook::new();
    let first = certification(book.load(guest("clock")).unwrap());
    assert_eq!(first.reason, "not certified: no events of its types yet");
    assert_eq!(instances(&book, "clock@2020-01-01"), Some(Instances::Reset));
    // History of others is none.
    let mut book = book_of("tired", "tired", 5);
    let first = certification(book.load(guest("late-leak")).unwrap());
    assert_eq!((first.events, first.commands), (0, 0));
    assert_eq!(first.reason, "not certified: no events of its types yet");
}

#[test]
fn a_version_that_remembers_in_its_memory_meets_it_as_it_was() {
    let mut book = book_of("mutable-global", "counter", 12);
    let second = certification(book.load(&later("mutable-global")).unwrap());
    assert_eq!(second.instances, Instances::Reset);
    assert_eq!(
        second.reason,
        "after each of 24 calls its instance was as a fresh one"
    );
    assert_eq!(second.events, 12);
    let name = version("counter@2020-02-02");
    book.activate_pinned(&name).unwrap();
    book.command("counter.Do", json!({"n": 5}), false).unwrap();
    book.append(vec![event("counter.Happened", json!({"n": 0}))])
        .unwrap();
    assert_eq!(book.numbers("SELECT n FROM counter_thing"), [1; 14]);
    let replayed = book
        .replay(
            &Picked::Pinned(vec![name]),
            None,
            "again",
            &mut history::silent(),
        )
        .unwrap();
    assert_eq!(replayed.head, book.live_head());
    book.assert_verified();
}

#[test]
fn a_call_that_uses_wasi_has_its_instance_dropped() {
    let (_, certified) = certified_book_of("stdout", "stdout", 5);
    assert_eq!(certified.refusal, None);
    assert_eq!(
        certified.certification.instances,
        Instances::Fresh,
        "{certified:?}"
    );
    assert!(
        certified.certification.reason.contains("WASI"),
        "{certified:?}"
    );
}

/// A version is tried with those below it, whose instances are reset as its own.
#[test]
fn a_creator_that_asks_one_which_remembers_meets_it_as_it_was() {
    let mut book = TestBook::with_guests(&["stack-1"]);
    let count = |n: i64| json!({"n": n, "v1": "count"});
    for n in 0..6 {
        book.command("stack.Do", count(n), false).unwrap();
    }
    let below = book.certify(&version("stack@2020-01-01")).unwrap();
    assert_eq!(below.certification.instances, Instances::Reset);
    let above = certification(book.load(guest("stack-2")).unwrap());
    assert_eq!(
        above.reason,
        "after each of 24 calls its instance was as a fresh one"
    );
    assert_eq!((above.events, above.commands), (6, 6));
    book.activate_pinned(&above.version).unwrap();
    for n in 0..4 {
        let events = accepted(book.command("stack.Do", count(n), n == 1).unwrap());
        let data: Json = serde_json::from_str(&events[0].event.data).unwrap();
        assert_eq!(data["counted"], 1, "what it remembers is put back");
        assert_eq!(events.len(), 2);
    }
    book.assert_verified();
}

/// What an event's handlers logged, with its position.
fn logged(book: &mut TestBook, n: i64, preview: bool) -> (Vec<String>, Vec<String>) {
    let reply = book.command("tired.Do", json!({"n": n}), preview).unwrap();
    let texts = |lines: &[LogLine]| lines.iter().map(|line| line.message.clone()).collect();
    let creator = texts(&reply.log);
    (creator, texts(&accepted(reply)[0].log))
}

#[test]
fn every_call_is_the_first_one_live_and_in_previews() {
    let (mut book, certified) = certified_book_of("tired", "tired", 5);
    assert_eq!(
        certified.certification.instances,
        Instances::Reset,
        "{certified:?}"
    );
    let first = || vec!["call 1".to_owned()];
    for n in 0..6 {
        assert_eq!(logged(&mut book, 1, n % 2 == 0), (first(), first()));
    }
    book.reopen();
    assert_eq!(logged(&mut book, 1, false), (first(), first()));
    book.assert_verified();
}

#[test]
fn what_traps_half_way_leaves_the_next_event_as_it_should_be() {
    let mut book = book_of("trap-after-writes", "trapafterwrites", 12);
    let one = |n: i64| vec![event("trapafterwrites.Happened", json!({"n": n}))];
    book.append(one(1)).unwrap();
    let before = book.mark();
    let error = book.append(one(13)).unwrap_err();
    assert!(error.message.contains("trapped"), "{error}");
    assert_eq!(book.mark(), before);
    let group = [1, 2, 13].map(|n| one(n).remove(0));
    assert!(book.append(group.to_vec()).is_err());
    assert_eq!(book.mark(), before);
    book.append(one(2)).unwrap();
    let last = "SELECT n FROM trapafterwrites_thing ORDER BY id DESC LIMIT 2";
    assert_eq!(book.numbers(last), [2, 1]);
    book.assert_verified();
}

#[test]
fn what_only_a_used_instance_cannot_do_is_done_by_all() {
    // It would trap in the 150th call of an instance that remembers.
    let (mut book, _) = certified_book_of("tired", "tired", 40);
    book.append(
        (0..400)
            .map(|_| event("tired.Happened", json!({"n": 1})))
            .collect(),
    )
    .unwrap();
    assert_eq!(book.numbers("SELECT count(*) FROM tired_thing"), [440]);
    // What no instance can do fails as ever.
    let before = book.mark();
    let error = book
        .append_one(event("tired.Happened", json!({"n": 13})))
        .unwrap_err();
    assert!(
        error.message.contains("failed: thirteen: n is 13"),
        "{error}"
    );
    assert_eq!(book.mark(), before);
    book.assert_verified();
}

/// What leaks only after fifteen hundred events in one instance leaks in none that is reset.
#[test]
fn a_leak_that_would_come_late_never_comes() {
    let mut book = book_of("late-leak", "lateleak", 12);
    let many = |from: i64, to: i64| {
        (from..to)
            .map(|n| event("lateleak.Happened", json!({"n": n})))
            .collect::<Vec<_>>()
    };
    book.append(many(0, 1_490)).unwrap();
    book.append(many(0, 20)).unwrap();
    book.assert_verified();
    for calls in [Calls::Fresh, Calls::Proved] {
        let verification = book.verification().unwrap().by(calls);
        let verified = verification.run(&mut history::silent(), || true).unwrap();
        assert_eq!(verified.problem, None, "{calls:?}");
    }
}

#[test]
fn on_another_engine_a_certification_is_due() {
    let (mut book, certified) = certified_book_of("tired", "tired", 5);
    let name = version("tired@2020-01-01");
    let old = Certification {
        engine: "daybook 0.0.1 wasmtime 1 contract 1.0.0".into(),
        ..certified.certification
    };
    book.reopen_after(|path| {
        let mut log = Catalog::open(&path.join("log.db")).unwrap();
        let last = log.last_commit().unwrap();
        let commit = Commit::new(last, vec![LogOp::Certification(old)]);
        let kept = SqliteLog.append(&mut log, &commit, &[]).unwrap();
        assert_eq!(kept, Appended::Kept);
    });
    let line = book.versions().unwrap().remove(0);
    assert!(line.is_certification_due());
    assert_eq!(line.instances(), None);
    book.certify(&name).unwrap();
    let line = book.versions().unwrap().remove(0);
    assert!(!line.is_certification_due());
    assert_eq!(line.instances(), Some(Instances::Reset));
}

/// Replays a version in each way to call; effects, running hash and rows must be equal.
fn check_equal_in_all(book: &mut TestBook, name: &str, to: Option<Seq>) {
    let picked = Picked::Pinned(vec![version(name)]);
    let mut found = Vec::new();
    // To prove all of memory takes milliseconds a call.
    let few = Some(Seq(600));
    for (calls, to) in [
        (Calls::Reset, to),
        (Calls::Fresh, to),
        (Calls::Reset, few),
        (Calls::Proved, few),
    ] {
        let mut study = book.study();
        study.set_calls(calls);
        let replayed = study.replay_heard(&picked, to, "each", false, &mut history::silent());
        study.set_calls(Calls::default());
        let (replayed, _) = replayed.unwrap();
        found.push((replayed.head, replayed.rows));
    }
    assert_eq!(found[0], found[1], "{name}");
    assert_eq!(found[2], found[3], "{name}");
}

/// Events of the bank's records, with one of each type that the records lack.
fn bank_events(folder: &Path, count: usize) -> Vec<Incoming> {
    let events =
        convert_folder(folder, Scope::AccountsAndTransactions).expect("the bank's records");
    let mut events: Vec<Json> = events[..count].iter().map(|event| json!(event)).collect();
    let account = events[0]["data"]["account"].clone();
    let other = |name: &str, data: Json| json!({"type": name, "source": "/tests", "id": name, "data": data});
    events.push(other(
        "bank.InterestAccrued",
        json!({"account": account, "transaction": "i1", "date": "1993-12-31", "amount": 5}),
    ));
    events.push(other(
        "bank.LoanGranted",
        json!({"loan": 1, "account": account, "date": "1993-12-31", "amount": 100, "months": 2, "payment": 51}),
    ));
    { events.iter() }
        .map(|event| Incoming::parse(&event.to_string()).expect("an event"))
        .collect()
}

#[test]
fn effects_and_rows_of_the_bank_are_the_same_in_each_kind_of_instance() {
    let Some(folder) = data::folder("berka", "instances of the bank's versions") else {
        return;
    };
    let mut book = TestBook::with_plugins(&[BANK]);
    book.append(bank_events(&folder, 20_000)).unwrap();
    let first = book.certify(&version(BANK)).unwrap().certification;
    assert_eq!(first.instances, Instances::Reset, "{first:?}");
    let second = certification(book.load(plugin(BANK_1994)).unwrap());
    assert_eq!(second.instances, Instances::Reset, "{second:?}");
    check_equal_in_all(&mut book, BANK, None);
    check_equal_in_all(&mut book, BANK_1994, None);
    book.activate_pinned(&version(BANK_1994)).unwrap();
    let account = book.numbers("SELECT id FROM bank_account LIMIT 1")[0];
    for amount in 1..200 {
        let data = json!({"account": account, "date": "1995-01-01", "amount": amount});
        accepted(book.command("bank.Deposit", data, false).unwrap());
    }
    let interest = accepted(
        book.command("bank.AccrueInterest", json!({"date": "1995-02-01"}), false)
            .unwrap(),
    );
    assert!(!interest.is_empty());
    book.assert_verified();
}

#[test]
fn effects_and_rows_of_poker_are_the_same_in_each_kind_of_instance() {
    let Some(folder) = data::folder("poker-pluribus", "instances of poker's versions") else {
        return;
    };
    let (whole, exact) = ("poker@2019-07-11", "poker@2019-08-01");
    let file = std::fs::File::open(folder.join("hands.jsonl.gz")).expect("the recording");
    let recording = std::io::BufReader::new(flate2::read::GzDecoder::new(file));
    let mut lines = Vec::new();
    poker_import::convert(recording, &mut lines).expect("the recording");
    let text = String::from_utf8(lines).expect("JSON is text");
    let hands = text
        .lines()
        .take(3_000)
        .map(|line| Incoming::parse(line).expect("an event"));
    let mut book = TestBook::with_plugins(&[whole]);
    book.append(hands.collect()).unwrap();
    book.certify(&version(whole)).unwrap();
    certification(book.load(plugin(exact)).unwrap());
    check_equal_in_all(&mut book, whole, None);
    check_equal_in_all(&mut book, exact, None);
}

/// Runs the command line; its standard output as JSON, and its exit code.
fn daybook(arguments: &[&str]) -> (Json, i32) {
    let output = Command::new(env!("CARGO_BIN_EXE_daybook-under-test"))
        .args(arguments)
        .output()
        .expect("the command runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let json = serde_json::from_str(&text)
        .unwrap_or_else(|_| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)));
    (json, output.status.code().unwrap_or(-1))
}

#[test]
fn the_command_line_certifies_and_shows_it() {
    let mut book = book_of("tired", "tired", 5);
    let path = book.path().to_str().expect("a plain path").to_owned();
    drop(book.take());
    let name = "tired@2020-01-01";
    let (answer, code) = daybook(&["certify", &path, name, "--format", "json"]);
    assert_eq!(
        (
            &answer["certification"]["instances"],
            &answer["deterministic"],
            code
        ),
        (&json!("reset"), &json!(true), 0)
    );
    assert_eq!(
        (
            &answer["certification"]["events"],
            &answer["certification"]["commands"]
        ),
        (&json!(5), &json!(0))
    );
    let (line, _) = daybook(&["versions", &path, "--format", "json"]);
    assert_eq!(line["instances"], "reset");
    assert_eq!(
        line["certification"]["engine"],
        daybook::runtime::fingerprint()
    );
    let replay = |more: &[&str]| {
        let arguments = [&["replay", &path, "--format", "json"], more].concat();
        let (answer, _) = daybook(&arguments);
        (answer["running"].clone(), answer["rows"].clone())
    };
    for instances in ["reset", "fresh", "proved"] {
        assert_eq!(replay(&[]), replay(&["--instances", instances]));
        let verify = [
            "verify",
            &path,
            "--instances",
            instances,
            "--format",
            "json",
        ];
        assert_eq!(daybook(&verify).0["problem"], json!(null));
    }
}
