//! A book online and people who try what they can: SQL in parameters, statements that are none, queries without end.

use std::time::{Duration, Instant};

use daybook_tests::{Random, Server};
use serde_json::json;

use super::reads::{bank, encoded, ok, things};

#[test]
fn nothing_in_a_parameter_becomes_sql_and_nothing_strange_is_a_fault() {
    let mut random = Random::new(7);
    let mut book = things(&mut random, 20);
    let before = book.mark();
    let server = Server::of(book);
    let hostile = [
        "' OR 1=1 --",
        "\"; DROP TABLE findall_thing; --",
        "x\") UNION SELECT * FROM _daybook --",
        "id\" DESC, (SELECT 1)--",
        "1; DELETE FROM findall_thing",
        "\0",
        "99999999999999999999",
        "1e999",
        "NaN",
        "-",
        "",
        "../../log.db",
    ];
    let refused = |path: &str| {
        let answer = server.get(path);
        assert!(
            [400, 404].contains(&answer.status),
            "{path}: {}",
            answer.text
        );
        assert!(
            ["malformed", "unknown", "absent"].contains(&answer.problem()),
            "{path}: {}",
            answer.text
        );
    };
    for text in hostile {
        let text = encoded(text);
        for parameter in [
            "order",
            "limit",
            "columns",
            "after",
            "hashes",
            "id",
            "n.gt",
            "text.null",
        ] {
            refused(&format!("/state/findall.thing?{parameter}={text}"));
        }
        refused(&format!("/state/findall.thing?{text}x=1"));
        refused(&format!("/state/findall.thing?id.{text}x=1"));
        refused(&format!("/state/findall.thing?id%22{text}=1"));
        refused(&format!("/state/x{text}"));
        refused(&format!("/state/findall.thing/x{text}"));
        refused(&format!("/state/findall.pair/x{text},1"));
        for parameter in ["from", "to", "order", "limit", "after", "x"] {
            refused(&format!("/events?{parameter}={text}"));
        }
        refused(&format!("/events/x{text}"));
        let none = server.get(&format!("/state/findall.thing?text={text}&limit=1000"));
        let found = ok(&none)["rows"].as_array().unwrap().clone();
        assert!(found.iter().all(|row| row["text"] == "" && text.is_empty()));
        assert_eq!(
            ok(&server.get(&format!("/events?type=x{text}")))["events"],
            json!([])
        );
    }
    for path in [
        "/state/findall.thing?limit=1001",
        "/state/findall.thing?limit=0",
        "/state/findall.thing?limit=99999999999999999999",
        "/state/findall.thing?limit=1&limit=2",
        "/state/findall.thing?n=%zz",
        "/state/findall.thing?text=%ff%fe",
        "/state/findall.thing?text=%",
        "/state/%ff",
        "/state/findall.thing/%c3%28",
        "/state/findall.thing/1,2",
        "/state/findall.thing/1?limit=1",
        "/state/findall_thing",
        "/state/_daybook",
        "/state?x=1",
        "/versions?x=1",
        "/events/%ff",
        "/events?limit=1001",
    ] {
        refused(path);
    }
    let many = ["id.gt=1"; 60].join("&");
    refused(&format!("/state/findall.thing?{many}"));
    let known = server.get("/state/findall.thing?nope=1");
    assert!(
        known.json["known"]
            .as_array()
            .unwrap()
            .contains(&json!("text")),
        "{}",
        known.text
    );
    let mut book = server.stop();
    assert_eq!(book.mark(), before);
}

#[test]
fn people_may_select_and_nothing_else_and_not_without_end() {
    let mut random = Random::new(7);
    let mut book = things(&mut random, 20);
    let before = book.mark();
    let server = Server::of(book);
    let query = |sql: &str| server.post("/query", &json!({"sql": sql}));
    for sql in [
        "DELETE FROM findall_thing",
        "DROP TABLE findall_thing",
        "PRAGMA query_only=0",
        "PRAGMA table_info(findall_thing)",
        "SELECT * FROM pragma_table_info('findall_thing')",
        "ATTACH 'x.db' AS x",
        "VACUUM INTO '/tmp/x.db'",
        "BEGIN",
        "COMMIT",
        "SAVEPOINT a",
        "EXPLAIN SELECT 1",
        "SELECT 1; DELETE FROM findall_thing",
        "SELECT load_extension('x')",
        "SELECT * FROM nowhere",
        "SELECT",
        "",
        "-- nothing",
        "SELECT ?1",
        "SELECT zeroblob(100000000)",
        "CREATE TEMP TABLE x (a)",
    ] {
        let answer = query(sql);
        assert_eq!(
            (answer.status, answer.problem()),
            (400, "malformed"),
            "{sql}: {}",
            answer.text
        );
        assert_eq!(ok(&query("SELECT 1"))["rows"], json!([[1]]), "after {sql}");
    }
    let bound = server.post(
        "/query",
        &json!({"sql": "SELECT ?1, ?2, ?3, ?4, ?5", "parameters": [1, 2.5, "' OR 1", null, {"blob": "00ff"}]}),
    );
    assert_eq!(
        ok(&bound)["rows"],
        json!([[1, 2.5, "' OR 1", null, {"blob": "00ff"}]])
    );
    let endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c";
    let cut = server.post("/query", &json!({"sql": endless, "limit": 3}));
    assert_eq!(
        (&ok(&cut)["rows"], &cut.json["truncated"]),
        (&json!([[1], [2], [3]]), &json!(true))
    );
    assert_eq!(ok(&query(endless))["rows"].as_array().unwrap().len(), 1_000);
    let large = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT zeroblob(1000000) FROM c";
    assert_eq!(ok(&query(large))["rows"].as_array().unwrap().len(), 8);
    for body in [
        json!({"sql": "SELECT 1", "limit": 10_001}),
        json!({"sql": "SELECT 1", "limit": 0}),
        json!({"sql": "SELECT 1", "limit": -1}),
        json!({"sql": "SELECT ?1", "parameters": [[1]]}),
        json!({"sql": "SELECT 1", "parameters": [1]}),
        json!({"sql": "SELECT 1", "more": 1}),
        json!({"sql": format!("SELECT '{}'", "x".repeat(70_000))}),
        json!(1),
    ] {
        let answer = server.post("/query", &body);
        assert_eq!(
            (answer.status, answer.problem()),
            (400, "malformed"),
            "{}",
            answer.text
        );
    }
    let mut book = server.stop();
    assert_eq!(book.mark(), before);
}

#[test]
fn a_query_without_end_is_cut_off_and_holds_up_nobody() {
    let server = bank();
    std::thread::scope(|scope| {
        let slow = || {
            let endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c";
            let begun = Instant::now();
            (
                server.post("/query", &json!({"sql": endless})),
                begun.elapsed(),
            )
        };
        let slow = [scope.spawn(slow), scope.spawn(slow)];
        std::thread::sleep(Duration::from_millis(300));
        let begun = Instant::now();
        for balance in 1..=20 {
            let deposit = server.post(
                "/commands/bank.Deposit",
                &json!({"account": 1, "amount": 1}),
            );
            assert_eq!(deposit.status, 201, "{}", deposit.text);
            assert_eq!(
                ok(&server.get("/state/bank.account/1"))["row"]["balance"],
                balance
            );
            ok(&server.get("/state/bank.statement"));
        }
        assert!(
            begun.elapsed() < Duration::from_secs(4),
            "{:?}",
            begun.elapsed()
        );
        assert!(slow.iter().all(|slow| !slow.is_finished()));
        for slow in slow {
            let (answer, taken) = slow.join().unwrap();
            assert_eq!(
                (answer.status, answer.problem()),
                (422, "limit"),
                "{}",
                answer.text
            );
            assert!((4..15).contains(&taken.as_secs()), "{taken:?}");
        }
    });
    ok(&server.post("/query", &json!({"sql": "SELECT 1"})));
}
