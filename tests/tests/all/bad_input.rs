//! Bad input and bad circumstances: each is named, with the way out, and nothing is kept.

use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::Path;
use std::process::{Command, Output};

use daybook::model::log::EventLog;
use daybook::model::{ErrorKind, Seq, clock};
use daybook::replay;
use daybook::service::{Book, CloudEvent, Incoming};
use daybook_tests::{SmallDisk, TestBook, event, event_at, open, runtime};
use serde_json::{Value as Json, json};

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

#[test]
fn a_book_that_is_open_is_not_opened_again() {
    let book = TestBook::with_plugins(&[DEPOSIT]);
    let error = Book::open(runtime(), &book.path(), &mut replay::silent())
        .map(|book| book.head())
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(
        error.message.ends_with("is open in another process"),
        "{error}"
    );
    let output = daybook(&["activate", book.path().to_str().unwrap(), DEPOSIT]);
    assert_eq!(output.status.code(), Some(6), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("is open in another process"),
        "{}",
        stderr(&output)
    );
    // Reading needs no lock.
    let output = daybook(&[
        "query",
        book.path().to_str().unwrap(),
        "SELECT count(*) FROM deposit_account",
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

/// Writes SQLite's `user_version`, which says the format, into a closed file: four bytes at offset 60.
fn set_format(file: &Path, format: u32) {
    let mut file = File::options().write(true).open(file).unwrap();
    file.seek(SeekFrom::Start(60)).unwrap();
    file.write_all(&format.to_be_bytes()).unwrap();
}

#[test]
fn a_file_of_a_newer_format_is_refused_and_left_as_it_is() {
    let mut book = TestBook::with_plugins(&[DEPOSIT]);
    book.append_one(deposit(1, 1)).unwrap();
    let mark = book.mark();
    for (file, what) in [
        (book.path().join("log.db"), "log.db"),
        (book.live_path(), "live-"),
    ] {
        let error = book
            .try_reopen_after(|_| set_format(&file, 2))
            .expect_err(what);
        assert_eq!(error.kind, ErrorKind::Unavailable, "{error}");
        assert!(
            error.message.contains(what) && error.message.contains("has format 2"),
            "{error}"
        );
        assert!(error.message.contains("reads formats up to 1"), "{error}");
        assert_eq!(
            error.hint.as_deref(),
            Some("open it with the daybook that wrote it, or a newer one")
        );
        set_format(&file, 1);
        book.reopen();
        assert_eq!(book.mark(), mark, "the refusal left {what} as it was");
    }
}

#[test]
fn what_is_no_book_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let check = |kind: ErrorKind, says: &str| {
        let error = Book::open(runtime(), folder.path(), &mut replay::silent())
            .map(|book| book.head())
            .unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.message.contains(says), "'{says}' is not in: {error}");
    };
    check(ErrorKind::Unavailable, "is not a book: it has no log.db");
    std::fs::write(folder.path().join("log.db"), vec![b'x'; 10_000]).unwrap();
    check(ErrorKind::Corrupt, "log.db");
    std::fs::write(folder.path().join("log.db"), b"").unwrap();
    check(ErrorKind::Unavailable, "is not the log of a book");
    let error = Book::init(runtime(), folder.path())
        .map(|book| book.head())
        .unwrap_err();
    assert!(
        error.message.contains("is not an empty directory"),
        "{error}"
    );
}

#[test]
fn the_same_source_and_id_give_the_first_result_and_no_second_event() {
    let mut book = TestBook::with_plugins(&[DEPOSIT]);
    let time = "2026-01-01T00:00:00Z";
    let first = |amount| {
        event_at(
            "deposit.Deposited",
            "one",
            time,
            json!({"account": 1, "amount": amount}),
        )
    };
    let receipt = book.append_one(first(5)).unwrap();
    let before = book.mark();
    let again = book.append(vec![first(5), first(5)]).unwrap();
    assert!(
        again
            .iter()
            .all(|known| known.seq == receipt.seq && known.id == receipt.id && known.duplicate)
    );
    assert_eq!(book.mark(), before);
    book.reopen();
    assert!(book.append_one(first(5)).unwrap().duplicate);

    let error = book.append(vec![deposit(2, 1), first(6)]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused);
    let says = format!(
        "event 'one' of source '/tests' is in the log at {} with another payload",
        receipt.seq
    );
    assert_eq!(error.message, says);
    assert_eq!(book.mark(), before);

    // Within one group, and from another source.
    let two = event_at(
        "deposit.Deposited",
        "two",
        time,
        json!({"account": 1, "amount": 1}),
    );
    let other = Incoming {
        source: "/elsewhere".to_owned(),
        ..first(5)
    };
    let receipts = book.append(vec![two.clone(), two, other]).unwrap();
    let duplicates: Vec<bool> = receipts.iter().map(|receipt| receipt.duplicate).collect();
    assert_eq!(duplicates, [false, true, false]);
    assert_eq!(book.head().0, before.head.0 + 2);
    assert_eq!(book.numbers("SELECT balance FROM deposit_account"), [11]);
}

#[test]
fn what_a_cloud_event_lacks_is_filled_in_and_what_it_has_is_kept() {
    let mut book = TestBook::with_plugins(&[DEPOSIT]);
    let read = |book: &TestBook, seq: Seq| {
        serde_json::to_value(CloudEvent(&book.log().read(seq, seq, 1).unwrap()[0])).unwrap()
    };
    let before = clock::now();
    let receipt = book.append_one(deposit(1, 1)).unwrap();
    let filled = read(&book, receipt.seq);
    let text = |name: &str| filled[name].as_str().unwrap_or_default().to_owned();
    assert!(uuid::Uuid::parse_str(&text("id")).is_ok(), "{filled}");
    assert!(
        clock::is_rfc3339(&text("time")) && text("time") >= before && text("time") <= clock::now(),
        "{filled}"
    );
    assert_eq!(
        (text("specversion"), text("source")),
        ("1.0".to_owned(), "/daybook".to_owned())
    );
    assert_eq!(
        (text("version"), &filled["seq"]),
        ("2020-01-01".to_owned(), &json!(receipt.seq.0))
    );

    let given = json!({
        "specversion": "1.0", "id": "an id", "source": "/till/7", "type": "deposit.Deposited", "subject": "account/1",
        "time": "1999-12-31T23:59:59.5+01:00", "datacontenttype": "application/json", "traceparent": "00-ab-cd-01",
        "data": {"account": 1, "amount": 2},
    });
    let receipt = book
        .append_one(Incoming::parse(&given.to_string()).unwrap())
        .unwrap();
    let kept = read(&book, receipt.seq);
    for (name, value) in given.as_object().unwrap() {
        assert_eq!(&kept[name], value, "{name}");
    }
    let text = r#"{"type":"deposit.Deposited","data":{ "account":1, "amount":10, "note":"1.10" }}"#;
    let receipt = book.append_one(Incoming::parse(text).unwrap()).unwrap();
    let event = book
        .log()
        .read(receipt.seq, receipt.seq, 1)
        .unwrap()
        .remove(0);
    assert_eq!(
        event.data, r#"{ "account":1, "amount":10, "note":"1.10" }"#,
        "a payload is kept as it came"
    );
    book.assert_verified();
}

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
        daybook::service::Policy::Pinned,
        &mut replay::silent(),
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
    assert_eq!(book.verify(&mut replay::silent()).unwrap().problem, None);
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
        eprintln!("NOT RUN: a projection on a full disk: this process may not mount one");
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

#[test]
fn arbitrary_lines_are_refused_one_by_one_and_never_end_the_process() {
    let mut book = TestBook::with_plugins(&[DEPOSIT]);
    let before = book.mark();
    let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
    let huge = json!({"account": 1, "amount": 1, "note": "x".repeat(1 << 20)});
    let lines = [
        "".to_owned(),
        "null".to_owned(),
        "\u{0}".to_owned(),
        "{\"type\":\"deposit.Deposited\",\"data\":".to_owned(),
        format!("{{\"type\":\"deposit.Deposited\",\"data\":{deep}}}"),
        format!(
            "{{\"type\":\"deposit.Deposited\",\"data\":{{\"account\":1,\"amount\":1,\"deep\":{deep}}}}}"
        ),
        format!("{{\"type\":\"deposit.Deposited\",\"data\":{huge}}}"),
        "{\"type\":\"deposit.Deposited\",\"data\":{\"account\":1e400,\"amount\":1}}".to_owned(),
        "{\"type\":\"deposit.Deposited\",\"data\":{\"account\":99999999999999999999,\"amount\":1}}"
            .to_owned(),
        json!({"type": "x".repeat(1_000_000)}).to_string(),
    ];
    for line in lines {
        let refused: Result<Json, _> = Incoming::parse(&line)
            .and_then(|incoming| book.append_one(incoming))
            .map(|receipt| json!(receipt.seq.0));
        let error = refused.expect_err(&line.chars().take(80).collect::<String>());
        assert!(
            matches!(error.kind, ErrorKind::Refused | ErrorKind::Plugin),
            "{:?}: {error}",
            error.kind
        );
        assert!(
            error.message.len() < 2_000,
            "the message is as long as the input"
        );
        assert_eq!(book.mark(), before);
    }
}
