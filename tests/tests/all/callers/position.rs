//! Read your writes by position: every answer to a write says where the log is, and a read waits for that.

use std::time::{Duration, Instant};

use daybook_tests::done;
use serde_json::json;

use super::{bank, daybook, stderr, stdout};

#[test]
fn every_answer_to_a_write_says_where_the_log_is_also_without_events() {
    let server = bank();
    let position = |method: &str, path: &str, body: &str| {
        let answer = server.ask(method, path, &[], Some(body));
        let told = answer.header("daybook-position").map(str::to_owned);
        (answer.status, told.unwrap_or_default())
    };
    let deposit = r#"{"account": 1, "date": "1993-02-01", "amount": 1}"#;
    let withdraw = r#"{"account": 1, "date": "1993-02-01", "amount": 999999}"#;
    let posted = r#"{"type": "bank.TransactionPosted", "id": "a", "data": {"account": 1, "transaction": "t", "date": "1993-02-01", "kind": "credit", "amount": 1}}"#;
    let at = |status: u16, seq: u64| (status, seq.to_string());
    assert_eq!(
        position("POST", "/commands/bank.Deposit", deposit),
        at(201, 5)
    );
    assert_eq!(
        position("POST", "/commands/bank.Withdraw", withdraw),
        at(422, 5)
    );
    assert_eq!(
        position("POST", "/commands/bank.Deposit?preview=true", deposit),
        at(200, 5)
    );
    assert_eq!(position("POST", "/events", posted), at(201, 6));
    assert_eq!(position("POST", "/events", posted), at(200, 6));
    assert_eq!(
        position("POST", "/events/6/undo", "{\"reason\": \"a test\"}"),
        at(200, 7)
    );
    assert_eq!(position("POST", "/snapshots", ""), at(201, 7));
    assert_eq!(position("POST", "/commands/bank.Deposit", "{"), at(400, 7));
    assert_eq!(position("POST", "/events", "{"), at(400, 7));
    server.stop().assert_verified();
}

#[test]
fn a_read_waits_until_the_book_is_so_far_and_is_refused_where_it_does_not_come() {
    let server = bank();
    for path in [
        "/state/bank.account",
        "/events",
        "/state/bank.account/1",
        "/head",
        "/subjects/account%2F1",
    ] {
        let answer = server.get(&format!("{path}?min-position=4"));
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    }
    let query = r#"{"sql": "SELECT sum(balance) FROM bank_account"}"#;
    let clock = Instant::now();
    let balance = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| server.ask("POST", "/query?min-position=5", &[], Some(query)));
        std::thread::sleep(Duration::from_millis(200));
        assert!(!waiting.is_finished(), "it did not wait");
        let deposit = json!({"account": 1, "date": "1993-02-01", "amount": 1});
        done(&server.post("/commands/bank.Deposit", &deposit));
        waiting.join().unwrap()
    });
    assert_eq!(balance.json["rows"], json!([[5001]]), "{}", balance.text);
    assert!(
        clock.elapsed() < Duration::from_secs(4),
        "{:?}",
        clock.elapsed()
    );
    let clock = Instant::now();
    let behind = server.get("/state/bank.account/1?min-position=99");
    assert_eq!(
        (behind.status, behind.problem()),
        (409, "behind"),
        "{}",
        behind.text
    );
    assert_eq!(behind.json["position"], 5);
    assert_eq!(behind.header("retry-after"), Some("1"));
    assert!(
        clock.elapsed() < Duration::from_secs(30),
        "{:?}",
        clock.elapsed()
    );
    assert_eq!(server.get("/events?min-position=x").status, 400);
    // The command line asks alike, of a server and of a directory.
    let path = server.alone(|book| book.dir().path().to_owned());
    let sql = "SELECT balance FROM bank_account";
    for place in [&["--url", &*server.url][..], &[path.to_str().unwrap()]] {
        let ask = |position: &str| {
            let more = [sql, "--format", "json", "--min-position", position];
            daybook(&[&["query"], place, &more].concat())
        };
        let told = ask("5");
        assert_eq!(
            stdout(&told).trim(),
            r#"{"balance":5001}"#,
            "{}",
            stderr(&told)
        );
        let told = ask("99");
        assert_eq!(told.status.code(), Some(6), "{}", stderr(&told));
        assert!(stderr(&told).contains("not at 99 yet"), "{}", stderr(&told));
    }
    server.stop().assert_verified();
}
