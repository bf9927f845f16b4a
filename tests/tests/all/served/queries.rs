//! A book online and people who try what they can: SQL in parameters, statements that are none, queries without end.

use std::io::Write as _;
use std::net::TcpStream;
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

#[test]
fn a_column_is_named_once_and_a_row_is_shown_once() {
    let server = Server::of(things(&mut Random::new(3), 5));
    let shown = server.get("/state/findall.thing/1?columns=id,n");
    assert_eq!(ok(&shown)["row"].as_object().unwrap().len(), 2);
    for path in ["/state/findall.thing/1", "/state/findall.thing"] {
        for columns in [
            "text,text",
            "id,n,id",
            &vec!["text"; 2_000].join(","),
            "id,,",
            ",",
        ] {
            let answer = server.get(&format!("{path}?columns={columns}"));
            assert_eq!(
                (answer.status, answer.problem()),
                (400, "malformed"),
                "{}",
                answer.text
            );
        }
        let twice = server.get(&format!("{path}?columns=id,id"));
        assert!(
            twice.json["detail"]
                .as_str()
                .unwrap()
                .contains("'id' twice"),
            "{}",
            twice.text
        );
    }
    let twice = server.get("/subscribe?type=findall.Put&type=findall.Put");
    assert_eq!(
        (twice.status, twice.problem()),
        (400, "malformed"),
        "{}",
        twice.text
    );
}

#[test]
fn a_query_ends_when_its_client_goes() {
    let server = bank();
    let endless = json!({"sql": "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(x) FROM c"});
    let body = endless.to_string();
    // More than may run at the same time.
    for _ in 0..24 {
        let mut socket = TcpStream::connect(server.address()).unwrap();
        let head = format!(
            "POST /query HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        socket.write_all((head + &body).as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(20));
    }
    let began = Instant::now();
    let answer = server.post("/query", &json!({"sql": "SELECT 1"}));
    ok(&answer);
    // One of them takes five seconds.
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn functions_over_long_values_take_no_longer_than_a_query_may() {
    let server = bank();
    let many = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n<12)
                SELECT sum(instr(zeroblob(1000000), CAST(zeroblob(500000+n*0) || x'01' AS BLOB))) FROM c";
    let answer = server.post("/query", &json!({"sql": many}));
    assert_eq!(ok(&answer)["rows"], json!([[0]]));
    for (sql, says) in [
        ("SELECT length(printf('%.*c', 60000000, 'a'))", "too big"),
        (
            "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n<100000)
             SELECT sum(length(z)) FROM (SELECT printf('%.*c', 100000, 'x') || n AS z FROM c ORDER BY z DESC)",
            "it",
        ),
    ] {
        let began = Instant::now();
        let answer = server.post("/query", &json!({"sql": sql}));
        assert!([400, 422].contains(&answer.status), "{}", answer.text);
        assert!(answer.json["detail"].as_str().unwrap().contains(says), "{}", answer.text);
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    }
}
