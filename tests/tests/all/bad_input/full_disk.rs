//! A disk that is full: what was acknowledged stays, the rest is refused, and once there is room the book goes on.

use std::process::Command;

use daybook::book::Book;
use daybook::history;
use daybook::model::{ErrorKind, Seq};
use daybook_tests::{SmallDisk, TestBook, event, open, runtime};
use serde_json::json;

use super::{DEPOSIT, deposit, stderr};

/// Appends until the disk is full; then the last mark holds, and once there is room the book goes on.
#[test]
fn a_full_disk_refuses_the_append_and_keeps_what_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(folder.path(), 16 << 10) else {
        return full_disk_by_limit();
    };
    let path = folder.path().join("book");
    let mut book = Book::init(runtime(), &path).unwrap();
    let version = book.load(daybook_tests::plugin(DEPOSIT)).unwrap().version;
    book.activate(
        &version,
        daybook::versions::Policy::Pinned,
        &mut history::silent(),
    )
    .unwrap();
    let filler = disk.fill(512);
    let long = "x".repeat(4_000);
    let mut kept = book.head();
    let error = loop {
        let events = (0..8).map(|n| {
            event(
                "deposit.Deposited",
                json!({"account": n, "amount": 1, "note": long}),
            )
        });
        match book.append(events.collect()) {
            Ok(receipts) => kept = receipts.last().unwrap().seq,
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind, ErrorKind::Io, "{error}");
    assert!(error.message.contains("full"), "{error}");
    assert!(kept > Seq(8), "nothing fitted on the disk");
    std::fs::remove_file(filler).unwrap();
    // Where the log was full nothing was kept; where only the projection was, the message says that the events are.
    let behind = error.message.contains("the events are kept");
    assert_eq!(book.head().0, kept.0 + if behind { 8 } else { 0 });
    drop(book);
    let mut book = open(&path).unwrap();
    assert_eq!(book.live_head().position, book.head());
    book.append(vec![deposit(1, 1)])
        .expect("there is room again");
    assert_eq!(book.verify(&mut history::silent()).unwrap().problem, None);
}

/// The same with a limit on the size of files, for those who may not mount: the process is the command's own.
fn full_disk_by_limit() {
    let mut book = TestBook::with_plugins(&[DEPOSIT]);
    let events = book.folder().join("events.jsonl");
    let long = "x".repeat(4_000);
    let line =
        json!({"type": "deposit.Deposited", "data": {"account": 1, "amount": 1, "note": long}});
    std::fs::write(&events, format!("{line}\n").repeat(4_000)).unwrap();
    let mut output = None;
    book.reopen_after(|path| {
        // The signal is ignored, so that a write beyond the limit fails as it does on a full disk.
        let script = "trap '' XFSZ; ulimit -f 6000; exec \"$0\" append \"$1\" \"$2\" --batch 50";
        let command = env!("CARGO_BIN_EXE_daybook-under-test");
        let mut shell = Command::new("sh");
        output = Some(
            shell
                .args(["-c", script, command])
                .arg(path)
                .arg(&events)
                .output()
                .expect("a shell"),
        );
    });
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(7), "{}", stderr(&output));
    assert_eq!(book.live_head().position, book.head());
    assert_eq!(
        book.head().0 % 50,
        2,
        "a load, an activation and whole batches"
    );
    book.append_one(deposit(1, 1)).unwrap();
    book.assert_verified();
}

/// The log took the events and the projection's disk was full: the next event must not be worked out on a state that
/// lacks them.
#[test]
fn a_projection_that_could_not_follow_the_log_is_not_worked_on() {
    let mut book = TestBook::with_plugins(&[DEPOSIT]);
    book.append_one(deposit(1, 5)).unwrap();
    let projections = book.path().join("projections");
    let mut disk = None;
    book.reopen_after(|_| disk = SmallDisk::mount(&projections, 2 << 10));
    let Some(disk) = disk else {
        daybook_tests::not_run(
            "a projection on a full disk",
            "this process may not mount one",
        );
        return;
    };
    let filler = disk.fill(0);
    let head = book.head();
    let mut error = None;
    for n in 0..2_000 {
        let wide = (0..50)
            .map(|account| deposit(n * 50 + account, 1))
            .collect();
        if let Err(refused) = book.append(wide) {
            error = Some(refused);
            break;
        }
    }
    let error = error.expect("the projection's disk is full");
    assert_eq!(error.kind, ErrorKind::Io, "{error}");
    if error.message.contains("the events are kept") {
        assert!(book.head() > head && book.live_head().position < book.head());
        let refused = book
            .append_one(deposit(1, 1))
            .expect_err("the state lacks events");
        assert!(refused.message.contains("behind the log's"), "{refused}");
        let refused = book.command("deposit.Deposit", json!({"account": 1, "amount": 1}), false);
        assert!(
            refused
                .map(|reply| reply.command_id)
                .unwrap_err()
                .message
                .contains("behind the log's")
        );
    }
    std::fs::remove_file(filler).unwrap();
    book.reopen_after(|_| drop(disk));
    book.append_one(deposit(1, 1)).unwrap();
    book.assert_verified();
}
