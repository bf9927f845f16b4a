//! What a server looks after by itself: the alarm of a verification that fails, and redactions that somebody's reading held
//! up.

use std::time::{Duration, Instant};

use daybook::serve::{Background, ServeOptions};
use daybook_tests::repair::files_with;
use daybook_tests::{Server, TestBook, event};
use serde_json::json;

const DEPOSIT: &str = "deposit@2020-01-01";

/// Waits for something that comes by itself.
fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(60), "never: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_verification_that_fails_raises_one_alarm_with_a_task() {
    let mut book = TestBook::with_plugins(&[DEPOSIT]);
    for account in 0..9 {
        let data = json!({"account": account, "amount": 5});
        book.append_one(event("deposit.Deposited", data)).unwrap();
    }
    let (log, tampered) = (book.path().join("log.db"), book.head().0 - 3);
    book.reopen_after(|_| {
        let connection = rusqlite::Connection::open(&log).unwrap();
        let sql = "UPDATE effects SET body = (SELECT body FROM effects WHERE seq = ?1 - 1) WHERE seq = ?1";
        assert_eq!(connection.execute(sql, [tampered as i64]).unwrap(), 1);
    });
    let options = ServeOptions {
        background: Background {
            verify_every: Some(Duration::from_millis(300)),
            ..Background::default()
        },
        ..Server::options()
    };
    let server = Server::with(book, options);
    let alarms = || server.get("/events?type=daybook.VerificationFailed").json["events"].clone();
    eventually("the alarm", || alarms() != json!([]));
    let verified = || {
        let metrics = server.get("/metrics").text;
        let line = "daybook_verifications_total{holds=\"false\"} ";
        let count = metrics.lines().find_map(|it| it.strip_prefix(line));
        count.map_or(0, |count| count.parse::<u64>().unwrap())
    };
    eventually("the third verification", || verified() >= 3);
    let alarms = alarms();
    assert_eq!(alarms.as_array().unwrap().len(), 1, "{alarms}");
    let expected = format!("event {tampered} ");
    let problem = alarms[0]["data"]["problem"].as_str().unwrap();
    assert!(problem.starts_with(&expected), "{alarms}");
    let book = server.stop();
    let tasks = rusqlite::Connection::open(book.path().join("log.db")).unwrap();
    let kinds: Vec<String> = tasks
        .prepare("SELECT kind FROM tasks")
        .and_then(|mut it| it.query_map([], |row| row.get(0))?.collect())
        .unwrap();
    assert_eq!(kinds, [daybook::model::task::ALARM_KIND]);
}

#[test]
fn a_redaction_that_a_reader_held_up_is_finished_once_the_reader_is_gone() {
    let mut book = TestBook::with_plugins(&[DEPOSIT]);
    let secret = "a name that must go";
    let data = json!({"account": 1, "amount": 5, "note": secret});
    book.append_one(event("deposit.Deposited", data)).unwrap();
    let (seq, path) = (book.head(), book.path());
    let server = Server::of(book);
    let reading = rusqlite::Connection::open(path.join("log.db")).unwrap();
    reading
        .execute_batch("BEGIN; SELECT count(*) FROM events")
        .unwrap();
    let body = json!({"reason": "asked for", "with": {"account": 1, "amount": 5}});
    let redacted = server.post(&format!("/events/{seq}/redact"), &body);
    assert_eq!(redacted.status, 200, "{}", redacted.text);
    assert_eq!(redacted.json["cleaned"], false, "somebody reads");
    assert!(!files_with(&path, secret.as_bytes()).is_empty());
    drop(reading);
    eventually("the files are clean", || {
        files_with(&path, secret.as_bytes()).is_empty()
    });
    server.stop().assert_verified();
}
