//! How requests are read: keys that name them, media types, positions, subjects.

use daybook::book::{Decision, Request};
use daybook::model::ErrorKind;
use daybook_tests::{Answer, Server, TestBook, event, guest};
use serde_json::{Value as Json, json};

use super::reads::{bank, encoded, ok};

const KEY: &str = "idempotency-key";

fn deposits() -> Server {
    Server::of(TestBook::with_plugins(&["deposit@2020-01-01"]))
}

fn deposited(amount: i64) -> Json {
    json!({"type": "deposit.Deposited", "subject": "account/1", "data": {"account": 1, "amount": amount}})
}

fn balance(server: &Server) -> Json {
    ok(&server.get("/state/deposit.account/1"))["row"]["balance"].clone()
}

#[test]
fn a_key_names_one_request_for_events_as_for_commands() {
    let server = deposits();
    let send = |key: &str, body: &Json| {
        server.ask("POST", "/events", &[(KEY, key)], Some(&body.to_string()))
    };
    let both = json!([deposited(1), deposited(2)]);
    let previewed = server.ask(
        "POST",
        "/events?preview=true",
        &[(KEY, "pay-1")],
        Some(&both.to_string()),
    );
    let first = send("pay-1", &both);
    assert_eq!(first.status, 201, "{}", first.text);
    let id = |answer: &Answer| answer.json["events"][1]["id"].clone();
    assert_eq!(
        id(&previewed),
        id(&first),
        "a preview and its run share ids"
    );
    // A retry is another span of the trace, and comes after what it saw has changed.
    let headers = [
        (KEY, "pay-1"),
        (
            "traceparent",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ),
    ];
    for _ in 0..2 {
        let again = server.ask("POST", "/events", &headers, Some(&both.to_string()));
        assert_eq!(again.status, 200, "{}", again.text);
        assert_eq!(again.json["events"][1]["duplicate"], true);
        assert_eq!(
            again.json["events"][1]["changes"],
            first.json["events"][1]["changes"]
        );
        assert_eq!(id(&again), id(&first));
    }
    assert_eq!(balance(&server), 3);
    let mut elsewhere = both.clone();
    elsewhere[0]["source"] = json!("/elsewhere");
    for other in [
        json!([deposited(1), deposited(3)]),
        deposited(1),
        json!([deposited(1), deposited(2), deposited(3)]),
        elsewhere,
    ] {
        let refused = send("pay-1", &other);
        assert_eq!(
            (refused.status, refused.problem()),
            (422, "id-reused"),
            "{other}: {}",
            refused.text
        );
    }
    assert_eq!(send("pay-2", &both).status, 201);
    assert_eq!(balance(&server), 6);
    // An event with an id of its own goes by that.
    let mut named = deposited(4);
    named["id"] = json!("own");
    assert_eq!(send("pay-3", &named).status, 201);
    assert_eq!(send("pay-3", &named).status, 200);
    assert_eq!(send("", &named).status, 400);
    server.stop().assert_verified();
}

#[test]
fn a_request_that_comes_again_gets_its_first_answer_though_what_it_saw_has_moved() {
    let server = deposits();
    let headers = [(KEY, "k"), ("if-match", "\"0\"")];
    let send = || server.ask("POST", "/events", &headers, Some(&deposited(1).to_string()));
    assert_eq!(send().status, 201);
    let again = send();
    assert_eq!(again.status, 200, "{}", again.text);
    let other = [(KEY, "other"), ("if-match", "\"0\"")];
    let moved = server.ask("POST", "/events", &other, Some(&deposited(1).to_string()));
    assert_eq!((moved.status, moved.problem()), (412, "position"));
    assert_eq!(balance(&server), 1);
    server.stop();
}

#[test]
fn media_types_are_compared_without_case_and_parameters_and_what_is_not_json_is_refused() {
    let server = deposits();
    let structured = deposited(1).to_string();
    let batch = json!([deposited(1)]).to_string();
    let ask = |path: &str, kind: &str, more: &[(&str, &str)], body: &str| {
        let headers = [more, &[("content-type", kind)]].concat();
        server.ask("POST", path, &headers, Some(body))
    };
    let events = "/events?preview=true";
    for kind in [
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/json;charset=\"UTF-8\"",
        "APPLICATION/CloudEvents+JSON",
        "application/cloudevents+json ; charset=UTF-8",
    ] {
        let taken = ask(events, kind, &[], &structured);
        assert_eq!(taken.status, 200, "{kind}: {}", taken.text);
    }
    let taken = ask(
        events,
        "Application/CloudEvents-Batch+JSON; charset=utf-8",
        &[],
        &batch,
    );
    assert_eq!(taken.status, 200, "{}", taken.text);
    let binary = [
        ("ce-type", "deposit.Deposited"),
        ("ce-source", "/s"),
        ("ce-id", "1"),
        ("ce-specversion", "1.0"),
    ];
    let payload = r#"{"account":1,"amount":1}"#;
    for kind in [
        "application/json",
        "Application/JSON; charset=utf-8",
        "application/vnd.till+json",
    ] {
        let taken = ask(events, kind, &binary, payload);
        assert_eq!(taken.status, 200, "{kind}: {}", taken.text);
    }
    let commands = "/commands/deposit.Deposit?preview=true";
    let query = r#"{"sql":"SELECT 1"}"#;
    for kind in ["application/json", "Application/JSON; charset=utf-8"] {
        assert_eq!(ask(commands, kind, &[], payload).status, 200);
        assert_eq!(ask("/query", kind, &[], query).status, 200);
    }
    for kind in [
        "application/xml",
        "application/avro",
        "text/plain",
        "text/json",
        "application/cloudevents+avro",
        "application/json; charset=utf-16",
        "json",
        "",
    ] {
        for (path, more, body) in [
            (events, &[][..], &*structured),
            (events, &binary[..], payload),
            (commands, &[][..], payload),
            ("/query", &[][..], query),
        ] {
            let refused = ask(path, kind, more, body);
            assert_eq!(
                (refused.status, refused.problem()),
                (415, "media-type"),
                "{path} {kind}: {}",
                refused.text
            );
        }
    }
    let mut typed = deposited(1);
    for (kind, status) in [
        ("Application/JSON; charset=utf-8", 200),
        ("application/xml", 400),
    ] {
        typed["datacontenttype"] = json!(kind);
        let answer = ask(events, "application/json", &[], &typed.to_string());
        assert_eq!(answer.status, status, "{kind}: {}", answer.text);
    }
    server.stop();
}

#[test]
fn a_position_beyond_what_a_log_can_keep_is_refused_in_words_wherever_it_stands() {
    let server = bank();
    let wrong = [
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "-1",
        "+1",
        "1.0",
        "1e3",
        "0x1",
    ];
    let refused = |answer: &Answer, place: &str, text: &str| {
        assert_eq!(
            (answer.status, answer.problem()),
            (400, "malformed"),
            "{place} {text}: {}",
            answer.text
        );
    };
    for text in wrong {
        let coded = encoded(text);
        for path in [
            "/events?from=",
            "/events?to=",
            "/events?after=",
            "/tasks?event=",
            "/state?as_of=",
            "/subscribe?from=",
            "/subscribe?tasks=",
        ] {
            refused(&server.get(&format!("{path}{coded}")), path, text);
        }
        for header in ["last-event-id", "if-match"] {
            let path = match header {
                "if-match" => ("POST", "/commands/bank.OpenAccount?subject=x"),
                _ => ("GET", "/subscribe"),
            };
            let body = (path.0 == "POST").then_some("{}");
            refused(
                &server.ask(path.0, path.1, &[(header, text)], body),
                header,
                text,
            );
        }
        for verb in ["amend", "redact", "undo", "doom"] {
            let path = format!("/events/{coded}/{verb}");
            let answer = server.post(&path, &json!({"preview": true, "reason": "x"}));
            if answer.status != 404 {
                refused(&answer, &path, text);
            }
        }
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            refused(&server.get(&format!("/events/{coded}")), "/events/", text);
            let diff = json!({"base": "recorded", "candidate": "recorded", "to": serde_json::from_str::<Json>(text).unwrap()});
            let answer = server.post("/diff", &diff);
            assert!(
                [400, 422].contains(&answer.status),
                "{text}: {}",
                answer.text
            );
        }
    }
    server.stop();
}

#[test]
fn a_commands_subject_and_actor_obey_the_rules_of_an_events() {
    let server = deposits();
    let payload = json!({"account": 1, "amount": 1});
    for bad in ["", "a\nb", "a\u{7f}", "\u{0}", &"x".repeat(1_025)] {
        for name in ["subject", "actor"] {
            let path = format!("/commands/deposit.Deposit?{name}={}", encoded(bad));
            let refused = server.post(&path, &payload);
            assert_eq!(
                (refused.status, refused.problem()),
                (400, "malformed"),
                "{bad:?}: {}",
                refused.text
            );
            assert!(refused.text.contains(name), "{}", refused.text);
        }
        let mut event = deposited(1);
        event["subject"] = json!(bad);
        assert_eq!(server.post("/events", &event).status, 400, "{bad:?}");
    }
    let most = format!("/commands/deposit.Deposit?subject={}", "x".repeat(1_024));
    assert_eq!(server.post(&most, &payload).status, 201);
    server.stop();
}

/// Nothing was kept of a command that failed, so a key does not hold its caller to a fault that was mended.
#[test]
fn a_command_that_failed_is_answered_so_until_other_versions_are_in_force_and_then_tried_anew() {
    let mut book = TestBook::with_guests(&["cascade-1"]);
    let run = |book: &mut TestBook, n: i64| {
        book.run(Request {
            command_type: "cascade.Do".to_owned(),
            data: json!({"n": n}).to_string(),
            id: Some(uuid::Uuid::from_u128(5)),
            ..Request::default()
        })
    };
    let first = run(&mut book, 7).map(|reply| reply.command_id).unwrap_err();
    assert_eq!(first.kind, ErrorKind::Plugin, "{first}");
    let journal = |book: &TestBook| book.log().commands(0, 10).unwrap().len();
    let again = run(&mut book, 7).map(|reply| reply.command_id).unwrap_err();
    assert_eq!((again.message, journal(&book)), (first.message, 1));
    book.load_active(guest("cascade-2"));
    let other = run(&mut book, 8).map(|reply| reply.command_id).unwrap_err();
    assert!(other.message.contains("another payload"), "{other}");
    let mended = run(&mut book, 7).unwrap();
    assert!(
        !mended.repeated
            && matches!(&mended.decision, Decision::Accepted(events) if events.len() == 1)
    );
    let head = book.head();
    let repeated = run(&mut book, 7).unwrap();
    assert!(repeated.repeated);
    assert_eq!(
        (repeated.command_id, book.head()),
        (mended.command_id, head)
    );
    assert_eq!(journal(&book), 2, "both tries are in the journal");
    book.assert_verified();

    // The same of a served book, where both may come in one group.
    let mut book = TestBook::with_guests(&["cascade-1"]);
    run(&mut book, 7).map(|reply| reply.command_id).unwrap_err();
    book.load_active(guest("cascade-2"));
    let server = Server::of(book);
    let key = uuid::Uuid::from_u128(5).to_string();
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let ask = || {
            server.ask(
                "POST",
                "/commands/cascade.Do",
                &[(KEY, &*key)],
                Some(r#"{"n":7}"#),
            )
        };
        let asked: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
        asked
            .into_iter()
            .map(|asked| asked.join().unwrap())
            .collect()
    });
    assert!(answers.iter().all(|answer| answer.status == 201));
    let repeated = |answer: &&Answer| answer.header("daybook-repeated").is_some();
    assert_eq!(answers.iter().filter(repeated).count(), 7);
    server.stop().assert_verified();
}

#[test]
fn a_row_whose_key_is_the_empty_text_has_a_url() {
    let mut book = TestBook::with_plugins(&["asset@2020-01-01"]);
    for asset in ["", "a"] {
        let registered = json!({"asset": asset, "owner": format!("owner of {asset}")});
        book.append_one(event("asset.AssetRegistered", registered))
            .unwrap();
    }
    let server = Server::of(book);
    let row = server.get("/state/asset.asset/?columns=owner");
    assert_eq!(ok(&row)["row"], json!({"owner": "owner of "}));
    assert_eq!(ok(&row)["key"], json!([""]));
    assert_eq!(
        ok(&server.get("/state/asset.asset/a"))["row"]["owner"],
        "owner of a"
    );
    assert_eq!(server.get("/state/asset.swap/").status, 400);
    server.stop();
}
