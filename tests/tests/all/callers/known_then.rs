//! The state as the book showed it then: old versions, old payloads, old tables; beside what today's logic makes of it.

use daybook_tests::{Server, TestBook, done, plugin, version};
use serde_json::{Value as Json, json};

use super::told_alike;

/// A bank whose interest was counted by the first version until event 8, and by the second from then on; one deposit, event
/// 4, was amended afterwards.
fn bank() -> Server {
    let mut book = TestBook::with_plugins(&["bank@1993-01-01"]);
    let mut run = |kind: &str, data: Json| drop(book.command(kind, data, false).unwrap());
    run(
        "bank.OpenAccount",
        json!({"account": 1, "date": "1993-01-01"}),
    );
    run(
        "bank.Deposit",
        json!({"account": 1, "date": "1993-01-05", "amount": 50_000}),
    );
    run(
        "bank.Deposit",
        json!({"account": 1, "date": "1993-03-05", "amount": 1}),
    );
    run(
        "bank.Deposit",
        json!({"account": 1, "date": "1993-05-05", "amount": 1}),
    );
    book.load(plugin("bank@1994-01-01")).unwrap();
    book.activate_pinned(&version("bank@1994-01-01")).unwrap();
    let server = Server::of(book);
    let mut data = server.get("/events/4").json["event"]["data"].clone();
    data["amount"] = json!(70_000);
    let amended = server.post(
        "/events/4/amend",
        &json!({"data": data, "reason": "a slip"}),
    );
    assert_eq!(amended.status, 200, "{}", amended.text);
    server
}

const SQL: &str = "SELECT balance, interest_microcents FROM bank_account";

#[test]
fn an_earlier_state_is_shown_as_it_was_known_then_beside_todays_logic() {
    let server = bank();
    let ask = |more: Json| {
        let mut query = json!({ "sql": SQL });
        query
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let answer = server.post("/query", &query);
        assert_eq!(answer.status, 200, "{more}: {}", answer.text);
        let row = &answer.json["rows"][0];
        (row[0].as_i64().unwrap(), row[1].as_i64().unwrap())
    };
    // What was shown on the way, by the versions and payloads of then.
    let mut then = TestBook::with_plugins(&["bank@1993-01-01"]);
    let mut run = |kind: &str, data: Json| drop(then.command(kind, data, false).unwrap());
    run(
        "bank.OpenAccount",
        json!({"account": 1, "date": "1993-01-01"}),
    );
    run(
        "bank.Deposit",
        json!({"account": 1, "date": "1993-01-05", "amount": 50_000}),
    );
    run(
        "bank.Deposit",
        json!({"account": 1, "date": "1993-03-05", "amount": 1}),
    );
    run(
        "bank.Deposit",
        json!({"account": 1, "date": "1993-05-05", "amount": 1}),
    );
    let interest = then.numbers("SELECT interest_microcents FROM bank_account")[0];
    let shown = (50_002, interest);
    assert_eq!(ask(json!({"as_of": 6, "as_known": true})), shown);
    let today = ask(json!({"as_of": 6}));
    assert_eq!(today.0, 70_002, "today's payloads");
    assert_ne!(today.1, interest, "today's logic");
    // Known at the activation: the second version on the first payload.
    let switched = ask(json!({"as_of": 8, "as_known": true}));
    assert_eq!(switched.0, 50_002);
    assert_ne!(switched.1, interest);
    assert_eq!(ask(json!({"as_of": 9, "as_known": true})), ask(json!({})));
    // By the time at which it was recorded, and at which it happened.
    let recorded = server.get("/events/6").json["recorded_at"].clone();
    assert_eq!(ask(json!({"as_of": recorded, "as_known": true})), shown);
    let happened = server.get("/events/6").json["event"]["time"].clone();
    assert_eq!(
        ask(json!({"as_of_event_time": happened, "as_known": true})),
        shown
    );
    // Rows of a table, and one row.
    for path in ["/state/bank.account?", "/state/bank.account/1?"] {
        let page = server.get(&format!("{path}as_of=6&as_known=true")).json;
        let row = page["rows"].get(0).unwrap_or(&page["row"]).clone();
        assert_eq!(row["balance"], 50_002, "{path}: {page}");
    }
    let alone = server.get("/state/bank.account?as_known=true");
    assert_eq!(alone.status, 400, "{}", alone.text);
    let (mut book, told) = told_alike(
        server.stop(),
        &[
            (
                "query",
                &[SQL, "--as-of", "6", "--as-known", "--format", "json"],
            ),
            ("query", &[SQL, "--as-of", "6", "--format", "json"]),
            (
                "query",
                &[SQL, "--as-of", "8", "--as-known", "--format", "json"],
            ),
            ("query", &[SQL, "--as-known"]),
        ],
    );
    assert!(
        told[0].contains("50002") && told[1].contains("70002"),
        "{told:?}"
    );
    book.assert_verified();
}

#[test]
fn what_was_redacted_is_gone_from_what_was_known_too_and_old_tables_are_shown_as_they_were() {
    let mut book = TestBook::with_plugins(&["festival@2020-01-01", "team@2020-01-01"][1..]);
    book.load_active(plugin("festival@2020-01-01"));
    let server = Server::of(book);
    done(&server.post(
        "/commands/festival.Plan",
        &json!({"event": "race", "name": "Secret"}),
    ));
    let position = server.get("/").json["head"].clone();
    let mut book = server.stop();
    book.load(plugin("festival@2021-01-01")).unwrap();
    book.activate_pinned(&version("festival@2021-01-01"))
        .unwrap();
    let server = Server::of(book);
    let columns = |as_known: bool| {
        let query = json!({"sql": "SELECT * FROM festival_occasion", "as_of": position, "as_known": as_known});
        let answer = server.post("/query", &query);
        assert_eq!(answer.status, 200, "{}", answer.text);
        (
            answer.json["columns"].as_array().unwrap().len(),
            answer.text,
        )
    };
    assert_eq!((columns(true).0, columns(false).0), (3, 4));
    assert!(columns(true).1.contains("Secret"));
    let redacted = server.post(
        &format!("/events/{position}/redact"),
        &json!({"reason": "asked for"}),
    );
    assert_eq!(redacted.status, 200, "{}", redacted.text);
    for as_known in [true, false] {
        let told = columns(as_known).1;
        assert!(!told.contains("Secret"), "{as_known}: {told}");
    }
    server.stop().assert_verified();
}
