//! What callers are owed: what they say is heeded or refused, their writes are found again, their dates decide where the
//! operator wants it, and the journal and a subject's page tell what became of it all.

mod heeded;
mod journal;
mod known_then;
mod position;
mod stamped;
mod subject;

use std::process::{Command, Output};

use daybook_tests::{Server, TestBook, done};
use serde_json::json;

/// The `daybook` command as a process of its own.
fn daybook(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_daybook-under-test"))
        .args(arguments)
        .env_remove("DAYBOOK_TOKEN")
        .output()
        .expect("the command runs")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What verbs say of a directory, and of a server that serves it: the same, or this fails.
fn told_alike(mut book: TestBook, verbs: &[(&str, &[&str])]) -> (TestBook, Vec<String>) {
    let all = |place: &[&str]| -> Vec<(Option<i32>, String, String)> {
        let told = verbs.iter().map(|(verb, more)| {
            let output = daybook(&[&[*verb], place, more].concat());
            (output.status.code(), stdout(&output), stderr(&output))
        });
        told.collect()
    };
    let mut here = Vec::new();
    book.reopen_after(|path| here = all(&[path.to_str().unwrap()]));
    let server = Server::of(book);
    let there = all(&["--url", &server.url]);
    for (((verb, more), here), there) in verbs.iter().zip(&here).zip(&there) {
        assert_eq!(
            (here.0, &here.1),
            (there.0, &there.1),
            "{verb} {more:?}: {}{}",
            here.2,
            there.2
        );
    }
    (
        server.stop(),
        here.into_iter().map(|(_, out, _)| out).collect(),
    )
}

/// A served bank with an account and a deposit of 5000, and a withdrawal that was refused: events 1 to 4.
fn bank() -> Server {
    let server = Server::of(TestBook::with_plugins(&["bank@1993-01-01"]));
    let opened = json!({"account": 1});
    done(&server.post(
        "/commands/bank.OpenAccount?subject=account/1&actor=ana",
        &opened,
    ));
    let deposit = json!({"account": 1, "date": "1993-01-05", "amount": 5000});
    done(&server.post(
        "/commands/bank.Deposit?subject=account/1&actor=ben",
        &deposit,
    ));
    let withdraw = json!({"account": 1, "date": "1993-01-06", "amount": 999_999});
    let refused = server.post(
        "/commands/bank.Withdraw?subject=account/1&actor=ben",
        &withdraw,
    );
    assert_eq!(refused.status, 422, "{}", refused.text);
    server
}
