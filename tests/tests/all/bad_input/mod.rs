//! Bad input and bad circumstances: each is named, with the way out, and nothing is kept.

mod cloud_events;
mod damaged;
mod full_disk;
mod opening;
mod read_only;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::process::{Command, Output};

use daybook::book::Incoming;
use daybook::model::ErrorKind;
use daybook_tests::{TestBook, event};
use serde_json::json;

const DEPOSIT: &str = "deposit@2020-01-01";

fn deposit(account: i64, amount: i64) -> Incoming {
    event(
        "deposit.Deposited",
        json!({"account": account, "amount": amount}),
    )
}

/// The `daybook` command as a process of its own.
fn daybook(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_daybook-under-test"))
        .args(arguments)
        .output()
        .expect("the command runs")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn malformed_json_at_line_30001_is_named_and_nothing_of_its_batch_is_kept() {
    let mut book = TestBook::with_plugins(&[DEPOSIT]);
    let file = book.folder().join("events.jsonl");
    let mut out = BufWriter::new(File::create(&file).unwrap());
    for n in 1..=30_000 {
        writeln!(
            out,
            r#"{{"type":"deposit.Deposited","data":{{"account":{},"amount":1}}}}"#,
            n % 100
        )
        .unwrap();
    }
    writeln!(out, r#"{{"type":"deposit.Deposited","data":{{"account":1,"#).unwrap();
    writeln!(
        out,
        r#"{{"type":"deposit.Deposited","data":{{"account":1,"amount":1}}}}"#
    )
    .unwrap();
    drop(out);
    let before = book.head().0;
    let mut output = None;
    book.reopen_after(|path| {
        let arguments = [
            "append",
            path.to_str().unwrap(),
            file.to_str().unwrap(),
            "--batch",
            "7000",
        ];
        output = Some(daybook(&arguments));
    });
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("line 30001: malformed JSON"),
        "{}",
        stderr(&output)
    );
    assert!(
        stderr(&output).contains("28000"),
        "it says what was kept: {}",
        stderr(&output)
    );
    assert_eq!(
        book.head().0,
        before + 28_000,
        "four whole batches, and nothing of the fifth"
    );
    assert_eq!(
        book.numbers("SELECT sum(balance) FROM deposit_account"),
        [28_000]
    );
    book.assert_verified();
}

#[test]
fn a_payload_that_does_not_fit_its_schema_is_refused_with_a_pointer_to_the_fault() {
    let mut book = TestBook::with_plugins(&[DEPOSIT, "bank@1993-01-01"]);
    let cases = [
        (
            "deposit.Deposited",
            json!({"account": "one", "amount": 1}),
            "'/account'",
        ),
        (
            "deposit.Deposited",
            json!({"account": 1, "amount": -1}),
            "'/amount'",
        ),
        (
            "deposit.Deposited",
            json!({"account": 1, "amount": 1.5}),
            "'/amount'",
        ),
        (
            "deposit.Deposited",
            json!({"account": 1}),
            "\"amount\" is a required property",
        ),
        (
            "deposit.Deposited",
            json!([1, 2]),
            "does not fit its schema at the payload",
        ),
        (
            "deposit.Deposited",
            json!("text"),
            "does not fit its schema at the payload",
        ),
        (
            "bank.TransactionPosted",
            json!({"account": 1, "transaction": "t", "date": "1993-01-01", "kind": "gift", "amount": 1}),
            "'/kind'",
        ),
    ];
    for (event_type, data, says) in cases {
        let before = book.mark();
        let mut incoming = event(event_type, data.clone());
        incoming.line = Some(17);
        let error = book.append(vec![deposit(1, 1), incoming]).expect_err(says);
        assert_eq!(error.kind, ErrorKind::Refused, "{error}");
        assert!(
            error
                .message
                .starts_with(&format!("line 17: payload of '{event_type}'")),
            "{error}"
        );
        assert!(error.message.contains(says), "'{says}' is not in: {error}");
        assert_eq!(book.mark(), before, "{data}");
    }
    let error = book
        .command("deposit.Deposit", json!({"account": 1}), false)
        .map(|reply| reply.command_id);
    assert_eq!(
        error.expect_err("a command has a schema too").kind,
        ErrorKind::Refused
    );
}

#[test]
fn unknown_types_are_refused_with_the_known_ones() {
    let mut book = TestBook::with_plugins(&[DEPOSIT]);
    let before = book.mark();
    for event_type in ["deposit.Withdrawn", "nobody.Happened"] {
        let error = book.append_one(event(event_type, json!({}))).unwrap_err();
        assert_eq!(
            error.message,
            format!("event type '{event_type}' is not known to this book")
        );
        assert_eq!(
            error.hint.as_deref(),
            Some("known event types: deposit.Deposited")
        );
    }
    let error = book
        .command("deposit.Withdraw", json!({}), false)
        .map(|reply| reply.command_id)
        .unwrap_err();
    assert_eq!(
        error.hint.as_deref(),
        Some("known command types: deposit.Deposit")
    );
    let error = book
        .append_one(event("daybook.VersionActivated", json!({})))
        .unwrap_err();
    assert!(error.message.contains("made by the host alone"), "{error}");
    assert_eq!(book.mark(), before);
}
