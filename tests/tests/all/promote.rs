//! A version is tried beside the live state, put in force by moving a pointer, and taken back the same way.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use daybook::diff::Expectations;
use daybook::history;
use daybook::model::Role;
use daybook::versions::{Policy, PromoteRequest, Promoted, Promotion};
use daybook_tests::{Random, Server, TestBook, diff, event, guest, plugin, version};
use serde_json::json;

const FIRST: &str = "bank@1993-01-01";
pub const SECOND: &str = "bank@1994-01-01";
pub const WANTED: &str =
    "[[expect]]\nreason = '30/360'\ntable = 'bank.account'\ncolumn = 'interest_microcents'\n";

/// A bank with some accounts and postings, so that the versions differ; the second one is loaded.
pub fn bank() -> TestBook {
    let mut book = TestBook::with_plugins(&[FIRST]);
    let mut random = Random::new(1993);
    for account in 0..5 {
        book.command(
            "bank.OpenAccount",
            json!({"account": account, "date": "1993-01-01"}),
            false,
        )
        .unwrap();
    }
    for step in 0..27 {
        let date = format!("1993-{:02}-{:02}", 1 + step / 3, 5 + step % 3 * 10);
        for account in 0..5 {
            post(&mut book, account, &date, 1 + random.below(90_000));
        }
    }
    book.load(plugin(SECOND)).unwrap();
    book
}

fn post(book: &mut TestBook, account: u64, date: &str, amount: u64) {
    book.command(
        "bank.Deposit",
        json!({"account": account, "date": date, "amount": amount}),
        false,
    )
    .unwrap();
}

fn done(promotion: Promotion) -> Promoted {
    match promotion {
        Promotion::Done(done) => done,
        Promotion::Differs(status) => panic!("unexpected differences: {status:?}"),
    }
}

fn promote(book: &mut TestBook) -> Promoted {
    let promotion = book
        .promote(
            &version(SECOND),
            &PromoteRequest::default(),
            &mut history::silent(),
        )
        .unwrap_or_else(|error| panic!("{error}"));
    done(promotion)
}

/// Every expectation file that a diff takes is taken, and met as often: causes too, which are found on the live logic's state.
#[test]
fn a_shadow_meets_expectations_that_name_a_cause_as_a_diff_does() {
    let mut book = bank();
    // At first, and after something came and the book was closed in between.
    for _ in 0..2 {
        let (mut unexpected, mut differences) = (0, 0);
        for cause in ["direct", "inherited"] {
            let expect = format!("{WANTED}cause = '{cause}'\n");
            let mut expectations = Expectations::parse(&expect).unwrap();
            let (summary, _) = diff(&mut book, FIRST, SECOND, &mut expectations);
            let status = book.shadow(
                &version(SECOND),
                Policy::Pinned,
                &*expect,
                &mut history::silent(),
            );
            let tally = status.unwrap().tally.unwrap();
            assert_eq!(tally.unexpected, summary.unexpected, "{cause}: {tally:?}");
            unexpected += tally.unexpected;
            differences = tally.lines[0].differences;
        }
        // Each difference has one cause or the other.
        assert_eq!(unexpected, differences);
        post(&mut book, 1, "1993-12-05", 4_711);
        book.reopen();
    }
    book.assert_verified();
}

fn interest(book: &TestBook) -> Vec<i64> {
    book.numbers("SELECT interest_microcents FROM bank_account ORDER BY id")
}

/// The rows of a book that ran the second version from the start.
fn rebuilt(book: &mut TestBook) -> Vec<i64> {
    let mut other = book.copy();
    if other.lineup().to_string() != SECOND {
        other.activate_pinned(&version(SECOND)).unwrap();
    }
    interest(&other)
}

#[test]
fn a_shadow_counts_what_differs_and_a_promotion_needs_it_to_be_wanted() {
    let mut book = bank();
    let before = book.mark();
    let status = book
        .shadow(&version(SECOND), Policy::Pinned, "", &mut history::silent())
        .unwrap();
    assert_eq!((status.role, status.lag()), (Role::Shadow, 0));
    let tally = status.tally.unwrap();
    assert_eq!(tally.events, book.head().0);
    assert!(
        tally.differing > 0 && tally.unexpected == tally.lines[0].differences,
        "{tally:?}"
    );
    let kinds: Vec<_> = tally
        .lines
        .iter()
        .map(|line| (line.event.as_str(), line.what.as_str()))
        .collect();
    assert_eq!(
        kinds,
        [("bank.TransactionPosted", "bank.account.interest_microcents")]
    );
    assert_eq!(book.mark(), before, "a shadow changes nothing");

    let refused = book
        .promote(
            &version(SECOND),
            &PromoteRequest::default(),
            &mut history::silent(),
        )
        .unwrap();
    assert!(matches!(refused, Promotion::Differs(_)), "{refused:?}");
    assert_eq!(book.mark(), before);

    // The same differences, wanted: and what was counted is still known after the book was closed.
    book.shadow(
        &version(SECOND),
        Policy::Pinned,
        WANTED,
        &mut history::silent(),
    )
    .unwrap();
    book.reopen();
    let promoted = promote(&mut book);
    assert_eq!(promoted.lineup.to_string(), SECOND);
    let known = promoted.status.tally.unwrap();
    assert_eq!((known.differing, known.unexpected), (tally.differing, 0));
    let expected = rebuilt(&mut book);
    assert_eq!(interest(&book), expected);
    book.assert_verified();
}

#[test]
fn what_comes_in_between_is_in_the_state_after_each_switch_and_switching_back_loses_nothing() {
    let mut book = bank();
    book.shadow(
        &version(SECOND),
        Policy::Pinned,
        WANTED,
        &mut history::silent(),
    )
    .unwrap();
    post(&mut book, 1, "1993-11-02", 500);
    promote(&mut book);
    post(&mut book, 2, "1993-12-02", 600);
    let second = rebuilt(&mut book);
    assert_eq!(interest(&book), second);

    let back = book
        .rollback(&PromoteRequest::default(), &mut history::silent())
        .unwrap();
    assert_eq!(done(back).lineup.to_string(), FIRST);
    assert_ne!(interest(&book), second);
    book.assert_verified();
    post(&mut book, 3, "1993-12-03", 700);

    // Forward again: the standby is what was promoted before.
    promote(&mut book);
    let second = rebuilt(&mut book);
    assert_eq!(interest(&book), second);
    let verified = book.assert_verified();
    assert_eq!(verified.epochs, 4);
    book.reopen_after(|path| std::fs::remove_dir_all(path.join("projections")).unwrap());
    assert_eq!(interest(&book), second);
}

#[test]
fn a_shadow_of_a_book_whose_history_was_made_otherwise_is_compared_with_the_live_schedule() {
    let mut book = bank();
    book.activate_pinned(&version(SECOND)).unwrap();
    // What is recorded is the first version's; live is the second's. Back to the first: all of it differs again.
    let status = book
        .shadow(
            &version(FIRST),
            Policy::Pinned,
            WANTED,
            &mut history::silent(),
        )
        .unwrap();
    let tally = status.tally.unwrap();
    assert!(tally.differing > 0 && tally.unexpected == 0, "{tally:?}");
    book.drop_shadow(&version(FIRST)).unwrap();
    let names = std::fs::read_dir(book.path().join("projections")).unwrap();
    let shadows = names.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().starts_with("shadow")
    });
    assert_eq!(
        shadows.count(),
        0,
        "a shadow that is given up takes its file with it"
    );
}

#[test]
fn a_shadow_that_meets_an_event_of_doom_is_never_promoted() {
    let mut book = TestBook::with_guests(&["cascade-1"]);
    for n in [1, 13, 2] {
        book.append_one(event("cascade.Happened", json!({"n": n})))
            .unwrap();
    }
    let doomed = book.load(guest("doom-2")).unwrap().version;
    let before = book.mark();
    let status = book
        .shadow(&doomed, Policy::Pinned, "", &mut history::silent())
        .unwrap();
    let doom = status.doom.expect("the version traps on 13");
    assert!(doom.contains("cascade@2020-03-01 on event 4"), "{doom}");
    assert_eq!(status.position.0, 3);
    for force in [None, Some("never mind".to_owned())] {
        let request = PromoteRequest { force, actor: None };
        let error = book
            .promote(&doomed, &request, &mut history::silent())
            .unwrap_err();
        assert_eq!(error.kind.exit_code(), 5, "{error}");
    }
    assert_eq!(book.mark(), before);
}

#[test]
fn twenty_switches_there_and_back_under_load_lose_no_request_and_mix_no_answer() {
    const CONNECTIONS: u64 = 32;
    const SWITCHES: usize = 20;
    let server = Server::of(bank());
    let stop = AtomicBool::new(false);
    let switch_ms: Vec<f64> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CONNECTIONS)
            .map(|client| {
                let (server, stop) = (&server, &stop);
                scope.spawn(move || {
                    let mut answered = 0;
                    while !stop.load(Ordering::Relaxed) {
                        let deposit =
                            json!({"account": client % 5, "date": "1994-01-02", "amount": 100});
                        let answer = server.post("/commands/bank.Deposit", &deposit);
                        assert_eq!(answer.status, 201, "{}", answer.text);
                        // The events were materialized by one version, and it is the one in force at that moment.
                        let events = answer.json["events"].as_array().unwrap();
                        let versions: Vec<_> = events
                            .iter()
                            .map(|it| it["event"]["version"].as_str().unwrap())
                            .collect();
                        assert!(
                            versions == ["1993-01-01"] || versions == ["1994-01-01"],
                            "{}",
                            answer.text
                        );
                        answered += 1;
                    }
                    answered
                })
            })
            .collect();
        server
            .alone(|book| book.begin_shadow(&version(SECOND), Policy::Pinned, WANTED))
            .unwrap();
        let mut times = Vec::new();
        for switch in 0..SWITCHES {
            loop {
                let clock = Instant::now();
                let result = server.alone(move |book| match switch % 2 {
                    0 => book.promote(
                        &version(SECOND),
                        &PromoteRequest::default(),
                        &mut history::silent(),
                    ),
                    _ => book.rollback(&PromoteRequest::default(), &mut history::silent()),
                });
                match result {
                    Ok(promotion) => {
                        times.push(clock.elapsed().as_secs_f64() * 1e3);
                        done(promotion);
                        break;
                    }
                    // It has yet to catch up.
                    Err(error) if error.message.contains("events behind") => {}
                    Err(error) => panic!("switch {switch}: {error}"),
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        stop.store(true, Ordering::Relaxed);
        let answered: u64 = clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .sum();
        println!("{answered} commands were answered meanwhile; switches took {times:.0?} ms");
        assert!(answered > CONNECTIONS * SWITCHES as u64);
        times
    });
    let mut book = server.stop();
    book.assert_verified();
    // Each command's event is there, and the state is what a replay gives.
    let paid_in = book.numbers("SELECT count(*) FROM bank_statement");
    let posted = book.recorded();
    let posted = posted
        .iter()
        .filter(|it| it.event.event_type.as_str() == "bank.TransactionPosted");
    assert_eq!(paid_in, [posted.count() as i64]);
    let mut sorted = switch_ms;
    sorted.sort_by(f64::total_cmp);
    assert_eq!(sorted.len(), SWITCHES);
    // The median: on a machine that does other things too a single one may have to wait for its processor.
    assert!(sorted[SWITCHES / 2] < 100.0, "{sorted:?}");
}

#[test]
fn a_patch_gives_the_rows_of_a_switch_and_a_crash_between_its_commits_loses_nothing() {
    let mut book = bank();
    book.shadow(
        &version(SECOND),
        Policy::Pinned,
        WANTED,
        &mut history::silent(),
    )
    .unwrap();
    let mut switched = book.copy();
    promote(&mut switched);

    let before = book.mark();
    let mut rows = Vec::new();
    let mut visit = |row: &daybook::diff::FinalRow| {
        rows.push(daybook::diff::words::final_place(row));
        Ok(())
    };
    let request = PromoteRequest::default();
    book.promote_by_patch(
        &version(SECOND),
        &request,
        false,
        &mut visit,
        &mut history::silent(),
    )
    .unwrap();
    assert_eq!(
        rows,
        ["0", "1", "2", "3", "4"].map(|id| format!("bank.account[{id}]"))
    );
    assert_eq!(book.mark(), before, "what is only shown is not done");

    let mut quiet = |_: &_| Ok(());
    let file = book.live_path();
    let copy = book.folder().join("before.db");
    book.reopen_after(|_| {
        std::fs::copy(&file, &copy).unwrap();
    });
    let patched = book
        .promote_by_patch(
            &version(SECOND),
            &request,
            true,
            &mut quiet,
            &mut history::silent(),
        )
        .unwrap();
    assert_eq!(done(patched).lineup.to_string(), SECOND);
    assert_eq!(book.live_path(), file, "the file is the same");
    let (mine, theirs) = (book.mark(), switched.mark());
    assert_eq!((mine.rows, mine.live), (theirs.rows, theirs.live));
    book.assert_verified();
    post(&mut book, 1, "1994-03-01", 5);
    let after = book.mark();

    // As if the process had died after the log's commit: the file is what it was before the patch.
    book.reopen_after(|_| {
        for suffix in ["-wal", "-shm"] {
            let mut name = file.as_os_str().to_owned();
            name.push(suffix);
            let _ = std::fs::remove_file(name);
        }
        std::fs::copy(&copy, &file).unwrap();
    });
    assert_eq!(book.mark(), after);
    book.assert_verified();
}

/// Unexpected differences of a shadow that is begun, or gone on with.
fn unexpected<'e>(book: &mut TestBook, expect: impl Into<Option<&'e str>>) -> u64 {
    let status = book.shadow(
        &version(SECOND),
        Policy::Pinned,
        expect,
        &mut history::silent(),
    );
    status.unwrap().tally.unwrap().unexpected
}

#[test]
fn expectations_stay_with_a_shadow_until_they_are_replaced_or_dropped() {
    let mut book = bank();
    assert!(unexpected(&mut book, None) > 0);
    assert_eq!(unexpected(&mut book, WANTED), 0);
    assert_eq!(unexpected(&mut book, None), 0);
    post(&mut book, 1, "1993-12-05", 77);
    book.reopen();
    assert_eq!(unexpected(&mut book, None), 0);
    // Under another policy it begins anew, with what it had.
    let policy = Policy::Recorded;
    let status = book.shadow(&version(SECOND), policy, None, &mut history::silent());
    assert_eq!(status.unwrap().tally.unwrap().unexpected, 0);
    // So it does where history was repaired.
    let last = book.head();
    let event = book.log().event_at(last).unwrap().unwrap();
    let mut data: serde_json::Value = serde_json::from_str(&event.data).unwrap();
    data["amount"] = json!(78);
    daybook_tests::repair::amend_to(&mut book, last.0, &data).unwrap();
    assert!(book.tracks().unwrap().is_empty());
    assert_eq!(unexpected(&mut book, None), 0);
    // Dropped on purpose.
    assert!(unexpected(&mut book, "") > 0);
    assert!(unexpected(&mut book, None) > 0);
    assert_eq!(unexpected(&mut book, WANTED), 0);
    book.drop_shadow(&version(SECOND)).unwrap();
    assert!(unexpected(&mut book, None) > 0);
}
