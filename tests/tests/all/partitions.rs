//! Partitions: an event touches rows of its own alone, and what is played on all cores is what one core makes of it.

use daybook::diff::Expectations;
use daybook::history::silent;
use daybook::model::Seq;
use daybook::store::ProjectionHead;
use daybook::study::{Picked, Verified};
use daybook::versions::Policy;
use daybook_tests::{Random, TestBook, diff, event, guest, version};
use serde_json::json;

const FREE: &str = "strays@2020-01-01";
const BOUND: &str = "strays@2020-02-01";
const OTHER: &str = "strays@2020-03-01";

/// More than there are accounts, and a number that divides nothing.
const CORES: [usize; 3] = [2, 3, 7];

#[test]
fn a_row_beyond_an_events_partition_is_refused_by_name_and_nothing_is_kept() {
    let mut book = TestBook::with_guests(&["strays-2"]);
    book.append_one(event("strays.Happened", json!({"n": 2})))
        .unwrap();
    let before = book.mark();
    for (what, told) in [
        ("get", "touches strays.thing[2], which is not of it"),
        ("put", "touches strays.thing[2], which is not of it"),
        ("delete", "touches strays.thing[2], which is not of it"),
        ("find", "searches strays.thing for rows with id 2"),
        ("find-all", "searches strays.thing without saying its id"),
        ("find-text", "searches strays.thing without saying its id"),
        ("find-both", "searches strays.thing for rows with id 2"),
        ("sql", "asks with SQL"),
        (
            "whole",
            "touches strays.whole, whose rows are not said to have partitions",
        ),
    ] {
        let data = json!({"n": 1, "do": what, "id": 2});
        let error = book.append_one(event("strays.Happened", data)).unwrap_err();
        assert!(
            error.message.contains("partition '1' (field 'n')"),
            "{what}: {error}"
        );
        assert!(error.message.contains(told), "{what}: {error}");
        assert_eq!(book.mark(), before, "{what}");
    }
    for what in ["get", "put", "delete", "find", "find-both"] {
        let data = json!({"n": 2, "do": what, "id": 2});
        book.append_one(event("strays.Happened", data)).unwrap();
    }
    book.assert_verified();
}

#[test]
fn certification_refuses_a_version_that_strays_and_names_the_row() {
    let mut book = TestBook::with_guests(&["strays-1"]);
    for id in 1..4 {
        let data = json!({"n": id, "do": "get", "id": 2});
        book.append_one(event("strays.Happened", data)).unwrap();
    }
    let error = book.load(guest("strays-2")).unwrap_err();
    let told = "strays@2020-02-01 is not partitioned as it says: event 3 (strays.Happened): the event is of partition '1'";
    assert!(error.message.starts_with(told), "{error}");
    assert!(error.message.contains("strays.thing[2]"), "{error}");

    let mut book = TestBook::with_guests(&["strays-1"]);
    book.append_one(event("strays.Happened", json!({"n": 1})))
        .unwrap();
    book.load(guest("strays-2")).unwrap();
}

/// Everything that playing the log gives.
#[derive(Debug, PartialEq)]
struct Played {
    replays: Vec<Result<(ProjectionHead, String), String>>,
    verified: Verified,
    compared: String,
}

fn played(book: &mut TestBook, picked: &[Picked], pair: [&str; 2], cores: usize) -> Played {
    book.use_cores(cores);
    let replay = |picked: &Picked| {
        let done = book.replay(picked, None, "again", &mut silent());
        done.map(|done| (done.head, done.rows.to_string()))
            .map_err(|error| error.message)
    };
    let replays = picked.iter().map(replay).collect();
    let verified = book.verify(&mut silent()).unwrap();
    let (mut summary, found) = diff(book, pair[0], pair[1], &mut Expectations::none());
    (
        summary.seconds,
        summary.cost.0.seconds,
        summary.cost.1.seconds,
    ) = (0.0, 0.0, 0.0);
    Played {
        replays,
        verified,
        compared: format!("{summary:#?} {found:#?}"),
    }
}

fn check_alike(book: &mut TestBook, picked: &[Picked], pair: [&str; 2]) -> Played {
    let alone = played(book, picked, pair, 1);
    for cores in CORES {
        let together = played(book, picked, pair, cores);
        assert_eq!(together, alone, "{cores} cores");
    }
    alone
}

/// From now on a version handles what comes, if it does not already.
fn go_on_under(book: &mut TestBook, text: &str) {
    if !book.lineup().to_string().contains(text) {
        let policy = Policy::Recorded;
        book.activate(&version(text), policy, &mut silent())
            .unwrap();
    }
}

fn pinned(text: &str) -> Picked {
    Picked::Pinned(vec![version(text)])
}

/// A bank whose accounts are opened and used in any order; some events have nothing to do with it.
fn bank(random: &mut Random) -> TestBook {
    let versions = ["bank@1993-01-01", "bank@1994-01-01"];
    let mut book = TestBook::with_plugins(&versions[..1]);
    book.load(daybook_tests::plugin(versions[1])).unwrap();
    let mut opened = 0;
    for step in 0..random.between(5, 200) {
        let account = random.between(1, opened.max(1));
        let date = format!("1993-{:02}-{:02}", 1 + step / 28 % 12, 1 + step % 28);
        let happened = match random.below(10) {
            _ if opened == 0 => ("AccountOpened", json!({"account": 1, "opened": date})),
            0 | 1 => {
                let data = json!({"account": opened + 1, "opened": date});
                ("AccountOpened", data)
            }
            2 => {
                let data = json!({"loan": step, "account": account, "date": date, "amount": 9, "months": 3, "payment": 3});
                ("LoanGranted", data)
            }
            3 => {
                let data =
                    json!({"account": account, "transaction": "i", "date": date, "amount": 1});
                ("InterestAccrued", data)
            }
            kind => {
                let kind = if kind == 4 { "debit" } else { "credit" };
                let data = json!({"account": account, "transaction": step.to_string(), "date": date, "kind": kind,
                    "amount": random.between(1, 100_000)});
                ("TransactionPosted", data)
            }
        };
        opened += i64::from(happened.0 == "AccountOpened");
        book.append_one(event(&format!("bank.{}", happened.0), happened.1))
            .unwrap();
        if random.below(60) == 0 {
            go_on_under(&mut book, random.pick::<&str>(&versions));
        }
        if random.below(90) == 0 {
            book.snapshot().unwrap();
        }
    }
    book
}

#[test]
fn a_bank_is_replayed_verified_and_compared_alike_on_any_number_of_cores() {
    let mut random = Random::announced("bank on cores");
    for _ in 0..6 {
        let mut book = bank(&mut random);
        let pair = ["bank@1993-01-01", "bank@1994-01-01"];
        let picked = [pinned(pair[0]), pinned(pair[1]), Picked::Recorded];
        let alone = check_alike(&mut book, &picked, pair);
        assert_eq!(alone.verified.problem, None);
        assert!(alone.replays.iter().all(Result::is_ok));
    }
}

/// Events of doom in any partition, versions that say something of partitions and one that does not, events that stray.
#[test]
fn dooms_and_barriers_are_told_alike_on_any_number_of_cores() {
    let mut random = Random::announced("strays on cores");
    for round in 0..6 {
        let first = if round % 2 == 0 {
            "strays-2"
        } else {
            "strays-1"
        };
        let mut book = TestBook::with_guests(&[first]);
        for name in ["strays-1", "strays-2", "strays-3"] {
            if name != first {
                book.load(guest(name)).unwrap();
            }
        }
        let strays = random.between(20, 120);
        for step in 0..random.between(30, 150) {
            let mut data = json!({"n": random.between(1, 20)});
            if step < strays && random.below(40) == 0 {
                go_on_under(&mut book, random.pick::<&str>(&[FREE, BOUND]));
            }
            if step == strays {
                go_on_under(&mut book, FREE);
                data["do"] = json!("get");
                data["id"] = json!(99);
            }
            book.append_one(event("strays.Happened", data)).unwrap();
        }
        let picked = [pinned(FREE), pinned(BOUND), pinned(OTHER), Picked::Recorded];
        let alone = check_alike(&mut book, &picked, [BOUND, OTHER]);
        assert_eq!(alone.verified.problem, None);
        assert!(alone.replays[0].is_ok() && alone.replays[3].is_ok());
        check_alike(&mut book, &picked, [FREE, OTHER]);
    }
}

#[test]
fn the_first_event_whose_effects_are_not_the_recorded_ones_is_named_on_any_number_of_cores() {
    let mut book = TestBook::with_guests(&["strays-2"]);
    for n in 0..60 {
        book.append_one(event("strays.Happened", json!({"n": n % 11})))
            .unwrap();
    }
    book.reopen_after(|path| {
        let log = rusqlite::Connection::open(path.join("log.db")).unwrap();
        for seq in [17, 23, 41] {
            let sql = "UPDATE effects SET body = (SELECT body FROM effects WHERE seq = ?1 - 1) WHERE seq = ?1";
            assert_eq!(log.execute(sql, [seq]).unwrap(), 1);
        }
    });
    let mut found = Vec::new();
    for cores in [1, 2, 3, 7] {
        book.use_cores(cores);
        found.push(book.verify(&mut silent()).unwrap().problem.unwrap());
    }
    assert!(
        found[0].starts_with("event 17 (strays.Happened) has other effects"),
        "{}",
        found[0]
    );
    assert!(found.iter().all(|it| *it == found[0]), "{found:?}");
    assert_eq!(book.head(), Seq(62));
}
