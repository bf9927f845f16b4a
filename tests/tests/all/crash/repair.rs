//! A process that is killed while it amends or redacts leaves the history before or the history after, and a redaction
//! that was kept is finished by whoever opens the book next.

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use daybook::model::Seq;
use daybook_tests::repair::{amend_to, files_with, state};
use daybook_tests::{Random, TestBook, event};
use serde_json::json;

pub const ROUNDS: u64 = 20;

/// One piece of work in a process of its own, from the moment at which it begins.
pub struct Working {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Working {
    pub fn start(arguments: &[&str]) -> Working {
        let mut child = Command::new(env!("CARGO_BIN_EXE_crash-dummy"))
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the dummy starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let ready = lines.next().expect("it says that it is ready");
        assert_eq!(ready.expect("text"), "ready");
        Working { child, lines }
    }

    /// How long it takes to its end: the kills are spread over a little more than that.
    pub fn measured(mut self) -> u64 {
        let begun = Instant::now();
        let done = self.lines.next().expect("it says that it is done");
        assert_eq!(done.expect("text"), "done");
        let took = begun.elapsed().as_micros() as u64;
        self.killed_after(0);
        took * 13 / 10
    }

    /// True when it had said that it is done.
    pub fn killed_after(mut self, microseconds: u64) -> bool {
        std::thread::sleep(Duration::from_micros(microseconds));
        self.child.kill().expect("it works, or waits to be killed");
        let status = self.child.wait().expect("its end");
        assert_eq!(status.code(), None, "it ended by itself: {status}");
        self.lines.any(|line| line.is_ok_and(|line| line == "done"))
    }
}

fn deposits() -> TestBook {
    let mut book = TestBook::with_plugins(&["deposit@2020-01-01"]);
    let amounts = (0..400).map(|n| json!({"account": n % 7, "amount": 1_000_000 + n}));
    let events = amounts.map(|data| event("deposit.Deposited", data));
    book.append(events.collect()).unwrap();
    book
}

#[test]
fn a_process_killed_while_it_amends_leaves_the_history_before_or_after() {
    let mut random = Random::announced("killed while amending");
    let mut book = deposits();
    let mut other = book.copy();
    let before = state(&mut book);
    let amended = json!({"account": 3, "amount": 5});
    amend_to(&mut other, 10, &amended).unwrap();
    let after = state(&mut other);
    assert_ne!(before, after);
    let mut longest = 0;
    other.reopen_after(|path| {
        let arguments = ["amend", path.to_str().unwrap(), "10", "revert"];
        longest = Working::start(&arguments).measured();
    });
    let (mut kept, mut lost) = (0, 0);
    for round in 0..ROUNDS {
        let head = book.head();
        let is_amended = state(&mut book) == after;
        let payload = match is_amended {
            true => "revert".to_owned(),
            false => amended.to_string(),
        };
        let microseconds = random.below(longest);
        let mut done = false;
        book.reopen_after(|path| {
            let path = path.to_str().unwrap();
            done = Working::start(&["amend", path, "10", &payload]).killed_after(microseconds);
        });
        let moved = book.head() != head;
        assert!(
            moved || !done,
            "round {round}: it was acknowledged and is lost"
        );
        let expected = if is_amended == moved { &before } else { &after };
        assert!(
            state(&mut book) == *expected,
            "round {round}: neither before nor after"
        );
        assert_eq!(book.live_head().position, book.head());
        if moved {
            kept += 1
        } else {
            lost += 1
        }
        if round % 5 == 4 {
            book.assert_verified();
        }
    }
    println!("{kept} amendments kept, {lost} lost");
    assert!(
        kept > 0 && lost > 0,
        "the kills all came too late, or all too early"
    );
    book.assert_verified();
}

#[test]
fn a_process_killed_while_it_redacts_leaves_the_payload_whole_or_nowhere() {
    let mut random = Random::announced("killed while redacting");
    let mut book = deposits();
    let mut longest = 0;
    book.reopen_after(|path| {
        let arguments = ["redact", path.to_str().unwrap(), "5"];
        longest = Working::start(&arguments).measured();
    });
    let (mut kept, mut lost) = (0, 0);
    for round in 0..ROUNDS {
        // Each deposit has an amount of its own, which stands in its payload alone.
        let seq = 10 + round;
        let marker = format!("\"amount\":{}", 1_000_000 + seq - 3);
        assert!(
            !files_with(&book.path(), marker.as_bytes()).is_empty(),
            "{marker}"
        );
        let head = book.head();
        let before = state(&mut book);
        let microseconds = random.below(longest);
        let mut done = false;
        book.reopen_after(|path| {
            let path = path.to_str().unwrap();
            let arguments = ["redact", path, &seq.to_string()];
            done = Working::start(&arguments).killed_after(microseconds);
        });
        let moved = book.head() != head;
        assert!(
            moved || !done,
            "round {round}: it was acknowledged and is lost"
        );
        let left = files_with(&book.path(), marker.as_bytes());
        let redacted = book
            .log()
            .recorded_at(Seq(seq))
            .unwrap()
            .unwrap()
            .event
            .is_withheld();
        assert_eq!(redacted, moved, "round {round}");
        assert_eq!(left.is_empty(), moved, "round {round}: {left:?}");
        assert_eq!(state(&mut book) == before, !moved, "round {round}");
        if moved {
            kept += 1
        } else {
            lost += 1
        }
        if round % 5 == 4 {
            book.assert_verified();
        }
    }
    println!("{kept} redactions kept, {lost} lost");
    assert!(
        kept > 0 && lost > 0,
        "the kills all came too late, or all too early"
    );
    book.assert_verified();
}
