//! What would change a request's meaning elsewhere is heeded or refused here, and never passed over.

use daybook::history;
use daybook::model::Seq;
use daybook_tests::{Server, TestBook, done, event, refused, version};
use serde_json::{Value as Json, json};

use super::{bank, daybook, stderr, stdout};

const OLD: &str = "prescription@2018-03-01";
const NEW: &str = "prescription@2019-09-01";

#[test]
fn a_version_that_an_event_asks_for_and_does_not_get_is_refused_with_the_way_out() {
    let server = Server::of(TestBook::with_plugins(&[OLD, NEW]));
    let admit = json!({"patient": "p", "name": "E", "weight_grams": 60_000});
    done(&server.post("/commands/prescription.Admit", &admit));
    let prescribed = |id: &str, version: Option<&str>| {
        let mut event = json!({"type": "prescription.Prescribed", "id": id, "source": "/s", "data": {
            "prescription": id, "patient": "p", "drug": "w", "class": "anticoagulant", "daily_milligrams": 5, "doctor": "d"}});
        if let Some(version) = version {
            event["version"] = json!(version);
        }
        event.to_string()
    };
    let head = server.get("/").json["head"].clone();
    let pinned = [("daybook-version", "2018-03-01")];
    let wanted = [
        server.ask("POST", "/events", &pinned, Some(&prescribed("a", None))),
        server.ask(
            "POST",
            "/events",
            &[],
            Some(&prescribed("b", Some("2018-03-01"))),
        ),
        server.ask(
            "POST",
            "/events",
            &[
                ("ce-type", "prescription.Prescribed"),
                ("ce-version", "2018-03-01"),
            ],
            Some("{}"),
        ),
    ];
    for answer in wanted {
        assert_eq!(
            (answer.status, answer.problem()),
            (404, "unknown"),
            "{}",
            answer.text
        );
        assert!(
            answer.json["detail"].as_str().unwrap().contains(NEW),
            "{}",
            answer.text
        );
        assert!(
            answer.json["hint"]
                .as_str()
                .unwrap()
                .contains("--policy stamped"),
            "{}",
            answer.text
        );
    }
    let senseless = server.ask("POST", "/events", &[], Some(&prescribed("c", Some("soon"))));
    assert_eq!(senseless.status, 400, "{}", senseless.text);
    assert_eq!(server.get("/").json["head"], head, "nothing of it was kept");
    // What it gets anyway may be said.
    done(&server.ask(
        "POST",
        "/events",
        &[],
        Some(&prescribed("d", Some("2019-09-01"))),
    ));
    done(&server.ask(
        "POST",
        "/events",
        &[("daybook-version", "2020-01-01")],
        Some(&prescribed("e", None)),
    ));
    server.stop().assert_verified();
}

#[test]
fn a_header_that_means_something_elsewhere_is_refused_where_nobody_looks_at_it() {
    let server = bank();
    let ask = |method: &str, path: &str, header: (&str, &str), body: Option<&str>| {
        let answer = server.ask(method, path, &[header], body);
        (
            answer.status,
            answer.json["detail"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        )
    };
    for (method, path, header, body) in [
        (
            "POST",
            "/query",
            ("daybook-version", "1993-01-01"),
            Some(r#"{"sql": "SELECT 1"}"#),
        ),
        (
            "POST",
            "/query",
            ("idempotency-key", "a"),
            Some(r#"{"sql": "SELECT 1"}"#),
        ),
        ("GET", "/events", ("if-match", "\"3\""), None),
        ("GET", "/state/bank.account", ("daybook-expect", "[]"), None),
        (
            "POST",
            "/commands/bank.Deposit",
            ("daybook-min-position", "4"),
            Some("{}"),
        ),
        (
            "POST",
            "/events/4/undo",
            ("idempotency-key", "a"),
            Some("{}"),
        ),
    ] {
        let (status, detail) = ask(method, path, header, body);
        assert_eq!(status, 400, "{method} {path}: {detail}");
        let said = format!("header '{}' says nothing to {method} ", header.0);
        assert!(detail.starts_with(&said), "{detail}");
    }
    // What changes no meaning is nobody's matter.
    let answer = server.ask(
        "GET",
        "/head",
        &[("x-request-id", "1"), ("prefer", "wait=1")],
        None,
    );
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[test]
fn preview_in_the_query_means_the_same_on_every_path_that_changes_something() {
    let server = bank();
    let mark = || (server.get("/head").json, server.get("/events").json);
    let before = mark();
    let preview = |path: &str, body: Json| {
        let answer = server.post(&format!("{path}?preview=true"), &body);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        assert_eq!(
            answer.json["preview"],
            json!(true),
            "{path}: {}",
            answer.text
        );
    };
    preview(
        "/commands/bank.Deposit",
        json!({"account": 1, "date": "1993-02-01", "amount": 1}),
    );
    let data = json!({"account": 1, "transaction": "t", "date": "1993-02-01", "kind": "credit", "amount": 1});
    preview(
        "/events",
        json!({"type": "bank.TransactionPosted", "data": data}),
    );
    preview("/events/4/undo", json!({}));
    preview("/events/4/amend", json!({"skip": true}));
    preview("/events/4/redact", json!({}));
    assert_eq!(mark(), before);
    server.stop().assert_verified();
}

#[test]
fn a_command_with_a_member_that_its_schema_does_not_name_is_refused() {
    let server = Server::of(TestBook::with_plugins(&["appointment@2020-01-01"]));
    let misspelt = server.post(
        "/commands/appointment.AddRoom",
        &json!({"room": "A", "floor": 1, "seats": 4, "flor": 7}),
    );
    assert_eq!(
        (misspelt.status, misspelt.problem()),
        (422, "schema"),
        "{}",
        misspelt.text
    );
    assert!(misspelt.text.contains("flor"), "{}", misspelt.text);
    let room = json!({"room": "A", "floor": 1, "seats": 4});
    done(&server.post("/commands/appointment.AddRoom", &room));
    let misspelt = server.post(
        "/commands/appointment.EditRoom",
        &json!({"room": "A", "seat": 9}),
    );
    assert_eq!(
        (misspelt.status, misspelt.problem()),
        (422, "schema"),
        "{}",
        misspelt.text
    );
    server.stop().assert_verified();
}

#[test]
fn a_team_joins_only_an_event_that_there_is() {
    let server = Server::of(TestBook::with_plugins(&[
        "team@2020-01-01",
        "festival@2020-01-01",
    ]));
    let join = |event: &str| {
        let data = json!({"team": "t", "name": "t", "event": event, "lazily": false});
        server.post("/commands/team.Join", &data)
    };
    refused(&join("nowhere"), "unknown-event");
    done(&server.post(
        "/commands/festival.Plan",
        &json!({"event": "race", "name": "Race"}),
    ));
    done(&join("race"));
    server.stop().assert_verified();
}

#[test]
fn a_version_that_was_found_not_to_be_deterministic_is_never_shown_as_certified() {
    // Nothing to try it on yet, so it is let in.
    let mut book = TestBook::with_guests(&["unordered-sql"]);
    let name = version("unordered@2020-01-01");
    let shown = |book: &mut TestBook| {
        let mut told = (Json::Null, String::new());
        book.reopen_after(|path| {
            let path = path.to_str().unwrap();
            let lines = stdout(&daybook(&["versions", path, "--format", "json"]));
            told = (
                serde_json::from_str(lines.trim()).unwrap(),
                stdout(&daybook(&["versions", path])),
            );
        });
        told
    };
    let (line, text) = shown(&mut book);
    assert_eq!(line["certified"], json!(false), "{line}");
    assert!(text.contains("nothing to try yet"), "{text}");
    for n in 0..12 {
        book.append_one(event("unordered.Happened", json!({"n": n})))
            .unwrap();
    }
    assert!(book.certify(&name).unwrap().refusal.is_some());
    let (line, text) = shown(&mut book);
    assert_eq!(line["certified"], json!(false), "{line}");
    assert!(text.contains("no: not deterministic: "), "{text}");
    let verified = book.verify(&mut history::silent()).unwrap();
    assert!(verified.problem.is_some(), "it is not to be trusted");
}

#[test]
fn a_replay_is_made_beside_a_server_and_by_it_and_can_be_queried_there() {
    let server = bank();
    let path = server.alone(|book| book.dir().path().to_owned());
    let place = path.to_str().unwrap();
    let beside = daybook(&["replay", place, "--as", "again", "--format", "json"]);
    assert_eq!(beside.status.code(), Some(0), "{}", stderr(&beside));
    let told: Json = serde_json::from_str(&stdout(&beside)).unwrap();
    let alike = json!({"changes": true, "tasks": true});
    assert_eq!(told["same_as_live"], alike, "{told}");
    let answer = server.post(
        "/replays",
        &json!({"name": "then", "to": 3, "with": "recorded"}),
    );
    assert_eq!(answer.status, 200, "{}", answer.text);
    // The live state is at another event, and nothing is said of it.
    assert_eq!(
        (&answer.json["to"], &answer.json["same_as_live"]),
        (&json!(3), &Json::Null)
    );
    let sum = |projection: Json| {
        let query =
            json!({"sql": "SELECT sum(balance) FROM bank_account", "projection": projection});
        let answer = server.post("/query", &query);
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json["rows"][0][0].clone()
    };
    assert_eq!(sum(json!("again")), json!(5000));
    assert_eq!(sum(json!("then")), json!(0));
    assert_eq!(sum(Json::Null), json!(5000));
    let unknown = server.post("/query", &json!({"sql": "SELECT 1", "projection": "none"}));
    assert_eq!(unknown.status, 400, "{}", unknown.text);
    let sql = "SELECT sum(balance) FROM bank_account";
    let asked = [
        "query",
        "--url",
        &server.url,
        "--projection",
        "then",
        sql,
        "--format",
        "json",
    ];
    assert!(stdout(&daybook(&asked)).contains('0'));
    let live = server.post("/replays", &json!({"name": "live"}));
    assert_eq!(live.status, 400, "{}", live.text);
    let mut book = server.stop();
    assert_eq!(book.head(), Seq(4));
    book.assert_verified();
}

#[test]
fn who_does_something_to_a_served_book_is_named_in_its_log() {
    let server = bank();
    let path = server.alone(|book| book.dir().path().to_owned());
    let place = path.to_str().unwrap();
    let mut data = server.get("/events/4").json["event"]["data"].clone();
    data["amount"] = json!(7_000);
    let amend = json!({"data": data, "reason": "a slip"});
    let amended = server.post("/events/4/amend?actor=ben", &amend);
    assert_eq!(amended.status, 200, "{}", amended.text);
    let undo = [
        "undo",
        place,
        "4",
        "--reason",
        "posted twice",
        "--actor",
        "anna",
    ];
    let told = daybook(&undo);
    assert_eq!(told.status.code(), Some(0), "{}", stderr(&told));
    let repairs = server.get("/subjects/account%2F1").json["repairs"].clone();
    let who: Vec<_> = { repairs.as_array().unwrap().iter() }
        .map(|it| (it["what"].clone(), it["actor"].clone()))
        .collect();
    assert_eq!(
        who,
        [
            (json!("amended"), json!("ben")),
            (json!("undone"), json!("anna"))
        ]
    );
    // Nobody acts where nobody is named.
    assert_eq!(
        server
            .post("/query?actor=ben", &json!({"sql": "SELECT 1"}))
            .status,
        400
    );
    server.stop().assert_verified();
}

#[test]
fn an_undo_is_told_alike_of_a_directory_and_of_a_server() {
    let mut book = bank().stop();
    let undone = |place: &[&str]| {
        let told = daybook(&[&["undo"], place, &["4", "--preview"]].concat());
        assert_eq!(told.status.code(), Some(0), "{}", stderr(&told));
        // The time of the undo, and its id, are made anew.
        let lines: Vec<String> = stdout(&told)
            .lines()
            .filter(|line| line.starts_with(' '))
            .map(str::to_owned)
            .collect();
        (lines, stderr(&told))
    };
    let mut here = None;
    book.reopen_after(|path| here = Some(undone(&[path.to_str().unwrap()])));
    let server = Server::of(book);
    assert_eq!(here.unwrap(), undone(&["--url", &server.url]));
    server.stop().assert_verified();
}
