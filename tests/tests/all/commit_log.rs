//! A book on a log in memory does what it does on one in a file; another machine makes the same of the same commits; and
//! where replies are lost, the book takes nothing until it knows.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use daybook::book::Book;
use daybook::diff::{Expectations, Summary};
use daybook::history::silent;
use daybook::log::{CommitLog, Loss, LossyLog, MemoryLog};
use daybook::model::error::Problem;
use daybook::model::{CommitSeq, ErrorKind, Seq};
use daybook::store::TaskFilter;
use daybook::study::{DiffRequest, Picked};
use daybook::versions::{Policy, PromoteRequest, Promotion};
use daybook_tests::repair::{self, State, to_amend, to_redact};
use daybook_tests::{Collected, TestBook, accepted, plugin, runtime, version};
use serde_json::json;

const FIRST: &str = "deposit@2020-01-01";
const SECOND: &str = "deposit@2020-02-01";

/// A new book on a log, in a folder of its own.
fn on(log: Box<dyn CommitLog>) -> TestBook {
    let mut book = TestBook::new();
    drop(book.take());
    let path = book.path();
    std::fs::remove_dir_all(&path).unwrap();
    book.put(Book::init_on(runtime(), &path, log).unwrap());
    book
}

fn deposit(book: &mut TestBook, account: i64, amount: i64) {
    let data = json!({"account": account, "amount": amount});
    accepted(book.command("deposit.Deposit", data, false).unwrap());
}

fn diff(book: &mut TestBook) -> Summary {
    let request = DiffRequest {
        base: Picked::Pinned(vec![version(FIRST)]),
        candidate: Picked::Pinned(vec![version(SECOND)]),
        from: None,
        to: None,
    };
    let mut found = Collected::default();
    let mut expectations = Expectations::none();
    { book.study() }
        .diff(&request, &mut expectations, &mut found, &mut silent())
        .unwrap()
}

/// Everything that a book is for, once: events, commands, a replay, a comparison, repairs, a promotion, tasks.
fn scenario(book: &mut TestBook) {
    book.load_active(plugin(FIRST));
    for step in 1..=9 {
        deposit(book, step % 3, step * 100);
    }
    let refused = book.command(
        "deposit.Deposit",
        json!({"account": 1, "amount": -1}),
        false,
    );
    assert_eq!(refused.unwrap_err().kind, ErrorKind::Refused);
    book.load(plugin(SECOND)).unwrap();
    assert_eq!(diff(book).differing.total(), 9);
    let second = version(SECOND);
    book.shadow(&second, Policy::Pinned, "", &mut silent())
        .unwrap();
    let request = PromoteRequest {
        force: Some("the tasks are wanted".to_owned()),
        ..PromoteRequest::default()
    };
    let promoted = book.promote(&second, &request, &mut silent()).unwrap();
    assert!(matches!(promoted, Promotion::Done(_)));
    deposit(book, 1, 7);
    deposit(book, 2, 8);
    let seven = json!({"account": 2, "amount": 1});
    repair::amend(book, &to_amend(4, &seven)).unwrap();
    repair::redact(book, &to_redact(5, None)).unwrap();
    let last = book.head().0;
    deposit(book, 9, 1_000);
    repair::undo(book, last + 1, false).unwrap();
    book.snapshot().unwrap();
    let replayed = book
        .replay(&Picked::Recorded, None, "again", &mut silent())
        .unwrap();
    assert_eq!(replayed.head.position, book.head());
    book.assert_verified();
}

/// What a book came to, but for ids and times.
fn outcome(book: &mut TestBook) -> (State, Vec<String>, Vec<(u64, String, String)>) {
    let types = book.recorded().into_iter();
    let types = types.map(|it| format!("{} {}", it.event.event_type, it.event.data.is_empty()));
    let types = types.collect();
    let tasks = { book.log().tasks(&TaskFilter::default(), 1_000) }.unwrap();
    let tasks = tasks.into_iter().map(|row| {
        let delivery = row.delivery;
        (delivery.place.seq.0, delivery.kind, row.data)
    });
    let tasks = tasks.collect();
    (repair::state(book), types, tasks)
}

#[test]
fn a_book_in_memory_does_what_one_in_a_file_does() {
    let mut in_file = TestBook::new();
    scenario(&mut in_file);
    let mut in_memory = on(Box::new(MemoryLog::default()));
    scenario(&mut in_memory);
    assert_eq!(outcome(&mut in_memory), outcome(&mut in_file));
    assert_eq!(in_memory.tip().commit, in_file.tip().commit);
}

#[test]
fn another_machine_makes_the_same_book_of_the_same_commits() {
    let log = MemoryLog::default();
    let mut first = on(Box::new(log.clone()));
    scenario(&mut first);
    let mut second = on(Box::new(log));
    assert_eq!(outcome(&mut second), outcome(&mut first));
    assert_eq!(second.tip(), first.tip());
    assert_eq!(second.live_head(), first.live_head());
    second.assert_verified();
}

#[test]
fn a_catalog_that_fell_behind_its_log_catches_up_when_the_book_is_opened() {
    let log = MemoryLog::default();
    let mut book = on(Box::new(log.clone()));
    book.load_active(plugin(FIRST));
    deposit(&mut book, 1, 10);
    let mut other = on(Box::new(log.clone()));
    // What the other machine adds, the first one's catalog does not have.
    deposit(&mut other, 1, 20);
    repair::amend(
        &mut other,
        &to_amend(3, &json!({"account": 1, "amount": 11})),
    )
    .unwrap();
    let (head, state) = (other.head(), repair::state(&mut other));
    drop(other);
    drop(book.take());
    let path = book.path();
    book.put(Book::open_on(runtime(), &path, Box::new(log), &mut silent()).unwrap());
    assert_eq!((book.head(), repair::state(&mut book)), (head, state));
    book.assert_verified();
}

fn lossy() -> (TestBook, MemoryLog, Arc<Mutex<Loss>>) {
    let log = MemoryLog::default();
    let (lossy, next) = LossyLog::new(log.clone());
    let mut book = on(Box::new(lossy));
    book.load_active(plugin(FIRST));
    deposit(&mut book, 1, 10);
    (book, log, next)
}

/// Tries a deposit whose reply is lost in some way; gives what was said.
fn lose(book: &mut TestBook, next: &Mutex<Loss>, loss: Loss) -> Option<daybook::model::Error> {
    *next.lock().unwrap() = loss;
    let data = json!({"account": 1, "amount": 20});
    book.command("deposit.Deposit", data, false).err()
}

#[test]
fn a_lost_reply_that_is_found_at_once_is_no_loss() {
    let (mut book, log, next) = lossy();
    let before = book.tip().commit;
    assert_eq!(lose(&mut book, &next, Loss::Reply { questions: 0 }), None);
    assert_eq!(book.tip().commit, before.next());
    assert_eq!(log.after(before).len(), 1);
    deposit(&mut book, 1, 30);
    assert_eq!(book.numbers("SELECT balance FROM deposit_account"), [60]);
    book.assert_verified();
}

#[test]
fn a_lost_commit_is_refused_whole_and_may_be_repeated() {
    let (mut book, log, next) = lossy();
    let before = book.mark();
    let error = lose(&mut book, &next, Loss::Commit { questions: 0 }).unwrap();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(error.hint.unwrap().contains("repeat"));
    assert_eq!(book.mark(), before);
    assert!(log.after(book.tip().commit).is_empty());
    deposit(&mut book, 1, 20);
    assert_eq!(book.numbers("SELECT balance FROM deposit_account"), [30]);
    book.assert_verified();
}

#[test]
fn a_book_takes_nothing_until_it_knows_what_became_of_a_commit() {
    for landed in [true, false] {
        let (mut book, log, next) = lossy();
        let position = book.tip().commit;
        // One question is asked at once, two more by requests that are refused.
        let loss = match landed {
            true => Loss::Reply { questions: 3 },
            false => Loss::Commit { questions: 3 },
        };
        let mut error = lose(&mut book, &next, loss).unwrap();
        for attempt in 0..3 {
            assert_eq!(error.kind, ErrorKind::Unavailable, "attempt {attempt}");
            assert_eq!(
                error.problem.as_deref(),
                Some(&Problem::Lost),
                "attempt {attempt}"
            );
            assert_eq!(book.tip().commit, position);
            let sent = log.after(position).len();
            assert_eq!(sent, usize::from(landed), "something went out meanwhile");
            error = match attempt {
                0 => book.load(plugin(SECOND)).unwrap_err(),
                1 => book.append(Vec::new()).unwrap_err(),
                _ => continue,
            };
        }
        deposit(&mut book, 1, 30);
        let sum = if landed { 60 } else { 40 };
        assert_eq!(
            book.numbers("SELECT balance FROM deposit_account"),
            [sum],
            "{landed}"
        );
        assert_eq!(
            book.tip().commit,
            CommitSeq(position.0 + 1 + u64::from(landed))
        );
        book.assert_verified();
    }
}

#[test]
fn an_activation_whose_reply_was_lost_is_in_force_once_that_is_known() {
    let (mut book, _, next) = lossy();
    book.load(plugin(SECOND)).unwrap();
    *next.lock().unwrap() = Loss::Reply { questions: 1 };
    let error = book.activate_pinned(&version(SECOND)).unwrap_err();
    assert_eq!(error.problem.as_deref(), Some(&Problem::Lost));
    assert_eq!(book.lineup().to_string(), FIRST);
    deposit(&mut book, 1, 5);
    assert_eq!(book.lineup().to_string(), SECOND);
    let kinds: BTreeSet<String> = book.log().task_kinds().unwrap().into_iter().collect();
    assert_eq!(kinds.len(), 2, "{kinds:?}");
    assert_eq!(book.numbers("SELECT balance FROM deposit_account"), [15]);
    book.assert_verified();
}

/// The machine's clock may step back; what was taken in later was taken in no earlier.
#[test]
fn recording_times_never_go_back() {
    let mut book = TestBook::with_plugins(&[FIRST]);
    deposit(&mut book, 1, 1);
    let late = "2999-01-01T00:00:00.000000Z";
    book.reopen_after(|path| {
        let log = rusqlite::Connection::open(path.join("log.db")).unwrap();
        let last = "UPDATE events SET recorded_at = ?1 WHERE seq = (SELECT max(seq) FROM events)";
        assert_eq!(log.execute(last, [late]).unwrap(), 1);
    });
    deposit(&mut book, 1, 2);
    book.load(plugin(SECOND)).unwrap();
    let recorded = book.recorded();
    let times: Vec<&str> = recorded.iter().map(|it| &*it.recorded_at).collect();
    assert!(times.is_sorted(), "{times:?}");
    assert_eq!(times.last(), Some(&late));
    assert_eq!(book.head(), Seq(5));
}
