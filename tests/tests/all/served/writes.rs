//! A book online: writes, their answers and their guards.

use std::process::Command;

use daybook::model::limits;
use daybook_tests::{Server, TestBook, done};
use serde_json::json;

fn bank() -> Server {
    let server = Server::of(TestBook::with_plugins(&["bank@1993-01-01"]));
    let opened = server.post("/commands/bank.OpenAccount", &json!({"account": 1}));
    assert_eq!(opened.status, 201, "{}", opened.text);
    server
}

#[test]
fn a_command_is_answered_after_its_commit_with_what_it_caused_and_who_answered() {
    let server = bank();
    let answer = server.post(
        "/commands/bank.Deposit",
        &json!({"account": 1, "amount": 5000}),
    );
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(answer.header("daybook-version"), Some("1993-01-01"));
    let event = &answer.json["events"][0];
    assert_eq!(event["event"]["type"], "bank.TransactionPosted");
    assert_eq!(event["changes"][0]["after"]["balance"], 5000);
    let mut book = server.stop();
    assert_eq!(book.numbers("SELECT balance FROM bank_account"), [5000]);
    book.assert_verified();
}

#[test]
fn a_rejection_leaves_nothing_but_its_entry_in_the_journal() {
    let server = bank();
    let answer = server.post(
        "/commands/bank.Withdraw",
        &json!({"account": 1, "amount": 1}),
    );
    assert_eq!((answer.status, answer.problem()), (422, "rejected"));
    assert!(answer.json["code"].is_string(), "{}", answer.text);
    let book = server.stop();
    let commands = book.log().commands(0, 10).unwrap();
    assert_eq!(commands.len(), 2);
    assert_eq!(book.head().0, 3);
}

#[test]
fn refusals_have_stable_types() {
    let server = bank();
    let post = |path: &str, body: &str| {
        let answer = server.ask("POST", path, &[], Some(body));
        (answer.status, answer.problem().to_owned())
    };
    let refused = |status: u16, name: &str| (status, name.to_owned());
    assert_eq!(
        post("/commands/bank.Deposit", "{"),
        refused(400, "malformed")
    );
    assert_eq!(post("/commands/bank.Nope", "{}"), refused(404, "unknown"));
    assert_eq!(post("/commands/nonsense", "{}"), refused(400, "malformed"));
    assert_eq!(post("/commands/bank.Deposit", "{}"), refused(422, "schema"));
    assert_eq!(
        post("/events", r#"{"type": "bank.Nope", "data": {}}"#),
        refused(404, "unknown")
    );
    assert_eq!(post("/nowhere", "{}"), refused(404, "unknown"));
    assert_eq!(
        post("/commands/bank.Deposit?previw=true", "{}"),
        refused(400, "malformed")
    );
    let schema = server.post(
        "/commands/bank.Deposit",
        &json!({"account": 1, "amount": "x"}),
    );
    assert_eq!(schema.json["pointer"], "/amount", "{}", schema.text);
    let mut book = server.stop();
    assert_eq!(book.head().0, 3);
    book.assert_verified();
}

#[test]
fn the_same_key_gives_the_first_answer_and_another_body_is_refused() {
    let server = bank();
    let ask = |key: &str, amount: i64| {
        server.ask(
            "POST",
            "/commands/bank.Deposit",
            &[("idempotency-key", key)],
            Some(&json!({"account": 1, "amount": amount}).to_string()),
        )
    };
    let first = ask("a key", 5000);
    let again = ask("a key", 5000);
    assert_eq!(again.header("daybook-repeated"), Some("true"));
    assert_eq!(first.json, again.json);
    let other = ask("a key", 6000);
    assert_eq!((other.status, other.problem()), (422, "id-reused"));
    let book = server.stop();
    assert_eq!(book.numbers("SELECT balance FROM bank_account"), [5000]);
}

#[test]
fn a_preview_tells_what_the_run_will_do_and_keeps_nothing() {
    let server = bank();
    let ask = |path: &str| {
        server.ask(
            "POST",
            path,
            &[("idempotency-key", "4fd0b7a2-6a4c-4f3c-9b4e-0d5d8f0f2a11")],
            Some(r#"{"account": 1, "amount": 5000, "date": "2026-11-22"}"#),
        )
    };
    let preview = ask("/commands/bank.Deposit?preview=true");
    assert_eq!(preview.status, 200, "{}", preview.text);
    let run = ask("/commands/bank.Deposit");
    assert_eq!(run.status, 201, "{}", run.text);
    let seen = |answer: &daybook_tests::Answer| {
        let event = &answer.json["events"][0];
        (event["event"]["id"].clone(), event["changes"].clone())
    };
    assert_eq!(seen(&preview), seen(&run));
    let book = server.stop();
    assert_eq!(book.numbers("SELECT balance FROM bank_account"), [5000]);
    assert_eq!(book.head().0, 4);
}

#[test]
fn a_subject_that_moved_and_a_column_that_changed_are_refused() {
    let server = bank();
    let ask = |headers: &[(&str, &str)]| {
        server.ask(
            "POST",
            "/commands/bank.Deposit?subject=account/1",
            headers,
            Some(r#"{"account": 1, "amount": 10}"#),
        )
    };
    assert_eq!(ask(&[("if-match", "\"3\"")]).status, 201);
    let moved = ask(&[("if-match", "\"3\"")]);
    assert_eq!((moved.status, moved.problem()), (412, "position"));
    assert_eq!(moved.json["position"], 4);
    let hash = daybook::book::column_hash(Some(&daybook::model::Value::Integer(10)));
    let expect = json!([{"table": "bank.account", "key": [1], "hashes": {"balance": hash}}]);
    assert_eq!(ask(&[("daybook-expect", &expect.to_string())]).status, 201);
    let stale = ask(&[("daybook-expect", &expect.to_string())]);
    assert_eq!((stale.status, stale.problem()), (409, "stale"));
    assert_eq!(stale.json["changed"][0]["columns"], json!(["balance"]));
    let book = server.stop();
    assert_eq!(book.numbers("SELECT balance FROM bank_account"), [20]);
}

#[test]
fn a_batch_of_events_is_kept_whole_or_not_at_all() {
    let server = bank();
    let event = |id: &str, account: i64, amount: i64| {
        json!({"specversion": "1.0", "id": id, "source": "/t", "type": "bank.TransactionPosted", "subject": "account/1",
               "data": {"account": account, "transaction": id, "date": "2026-11-22", "kind": "credit", "amount": amount}})
    };
    let kept = server.post("/events", &json!([event("a", 1, 5), event("b", 1, 6)]));
    assert_eq!(kept.status, 201, "{}", kept.text);
    let again = server.post("/events", &event("a", 1, 5));
    assert_eq!(again.status, 200, "{}", again.text);
    assert_eq!(again.json["events"][0]["duplicate"], true);
    assert_eq!(
        again.json["events"][0]["changes"],
        kept.json["events"][0]["changes"]
    );
    let refused = server.post("/events", &json!([event("c", 1, 5), event("b", 1, 7)]));
    assert_eq!((refused.status, refused.problem()), (422, "id-reused"));
    let binary = server.ask(
        "POST",
        "/events",
        &[
            ("ce-type", "bank.TransactionPosted"),
            ("ce-id", "d"),
            ("ce-source", "/t"),
            ("ce-specversion", "1.0"),
            ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        ],
        Some(r#"{"account": 1, "transaction": "d", "date": "2026-11-22", "kind": "credit", "amount": 1}"#),
    );
    assert_eq!(binary.status, 201, "{}", binary.text);
    assert_eq!(
        binary.json["events"][0]["event"]["correlationid"],
        "4bf92f3577b34da6a3ce929d0e0e4736"
    );
    let mut book = server.stop();
    assert_eq!(book.numbers("SELECT balance FROM bank_account"), [12]);
    book.assert_verified();
}

#[test]
fn a_request_with_more_events_than_one_may_have_is_refused_before_it_keeps_anybody_waiting() {
    let server = Server::of(TestBook::with_guests(&["mutable-global"]));
    let events = |count: usize| {
        let event = json!({"specversion": "1.0", "type": "counter.Happened", "data": {"n": 1}});
        serde_json::Value::from(vec![event; count])
    };
    let most = limits::EVENTS_PER_REQUEST_MAX;
    for preview in ["", "?preview=true"] {
        let answer = server.post(&format!("/events{preview}"), &events(most + 1));
        assert_eq!(
            (answer.status, answer.problem()),
            (422, "limit"),
            "{}",
            answer.text
        );
        let detail = answer.json["detail"].as_str().unwrap();
        assert!(detail.contains(&format!("{most} at most")), "{detail}");
        assert!(
            answer.json["hint"]
                .as_str()
                .unwrap()
                .contains("several requests")
        );
    }
    done(&server.post("/events", &events(1_000)));
    let book = server.stop();
    assert_eq!(book.numbers("SELECT count(*) FROM counter_thing"), [1_000]);
}

#[test]
fn a_batch_that_is_too_large_for_one_request_is_appended_in_parts() {
    let server = Server::of(TestBook::with_guests(&["mutable-global"]));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("events.jsonl");
    let count = limits::EVENTS_PER_REQUEST_MAX + 1;
    let line = json!({"type": "counter.Happened", "data": {"n": 1}}).to_string() + "\n";
    std::fs::write(&file, line.repeat(count)).unwrap();
    let appended = Command::new(env!("CARGO_BIN_EXE_daybook-under-test"))
        .args([
            "append",
            "--url",
            &server.url,
            "--batch",
            &count.to_string(),
        ])
        .arg(&file)
        .output()
        .unwrap();
    assert!(appended.status.success(), "{appended:?}");
    let book = server.stop();
    assert_eq!(
        book.numbers("SELECT count(*) FROM counter_thing"),
        [count as i64]
    );
}
