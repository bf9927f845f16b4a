//! Tasks and their configuration by the command line, by directory and at a server; and what a redaction leaves of them.

use std::process::Command;

use daybook_tests::repair::{files_with, redact, to_redact};
use daybook_tests::{Heard, Server, Sse, TestBook, Ws};
use serde_json::{Value as Json, json};

use super::receiver::{Receiver, Reply};
use super::{act, ask, asked, served, tasks, until};

/// Runs the command line: exit code, data, talk.
fn daybook(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_daybook-under-test"))
        .args(arguments)
        .output()
        .expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code().expect("an exit code"),
        text(&output.stdout),
        text(&output.stderr),
    )
}

fn lines(data: &str) -> Vec<Json> {
    data.lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

#[test]
fn tasks_are_listed_shown_and_acted_upon_by_directory_and_at_a_server() {
    let receiver = Receiver::start(|_, _| Reply::Refuse(400, vec![], "no"));
    let mut book = TestBook::with_guests(&["asks-1"]);
    book.append_one(asked(json!({"n": 1, "key": "k"}))).unwrap();
    let path = book.path().to_str().unwrap().to_owned();
    let book_taken = book.take();
    drop(book_taken);
    let (code, _, talk) = daybook(&[
        "gateway",
        "set",
        &path,
        "note",
        "webhook",
        "--address",
        "nowhere",
    ]);
    assert_eq!(code, 2, "{talk}");
    let set = [
        "gateway",
        "set",
        &path,
        "note",
        "webhook",
        "--tries",
        "2",
        "--address",
    ];
    let (code, _, talk) = daybook(&[&set[..], &[&receiver.url()]].concat());
    assert_eq!(code, 0, "{talk}");
    let (code, data, _) = daybook(&["gateway", "show", &path, "--format", "json"]);
    assert_eq!(code, 0);
    assert_eq!(
        lines(&data)[1]["config"]["driver"]["webhook"]["url"],
        receiver.url()
    );
    let (_, data, _) = daybook(&["tasks", &path, "--format", "json"]);
    assert_eq!(lines(&data)[0]["state"], "pending");

    book.put(daybook_tests::open(std::path::Path::new(&path)).unwrap());
    let server = Server::of(book);
    let dead = until(&server, 1, "dead").remove(0);
    let id = dead["id"].as_str().unwrap();
    let at = ["--url", &server.url];
    let (_, data, _) =
        daybook(&[&["tasks", "--state", "dead", "--format", "json"], &at[..]].concat());
    assert_eq!(lines(&data), std::slice::from_ref(&dead));
    // By directory too: its server is asked.
    receiver.behave(|_, _| Reply::Take);
    let (code, data, talk) = daybook(&["tasks", "retry", &path, id, "--reason", "it is up again"]);
    assert_eq!(code, 0, "{talk}");
    assert!(
        data.contains("state  retry") && data.contains("it is up again"),
        "{data}"
    );
    until(&server, 1, "done");
    let (_, data, _) = daybook(&[&["tasks", "show"], &at[..], &[id]].concat());
    assert!(
        data.contains("state  done, 1 try") && data.contains("dead  400 no"),
        "{data}"
    );
    let (_, data, _) = daybook(&["show", &path, &dead["event"].to_string()]);
    assert!(data.contains(id) && data.contains("state  done"), "{data}");
    let (code, _, talk) = daybook(&["tasks", "cancel", &path, id, "--reason", "r"]);
    assert_eq!(code, 9, "{talk}");
    assert!(talk.contains("is done") && talk.contains("hint:"), "{talk}");
    let (code, _, _) = daybook(&[&["gateway", "unset"], &at[..], &["note"]].concat());
    assert_eq!(code, 0);
    let (code, _, talk) = daybook(&[&["gateway", "unset"], &at[..], &["note"]].concat());
    assert_eq!(code, 2, "{talk}");
}

#[test]
fn a_redaction_leaves_no_byte_of_what_was_asked_for_answered_or_edited() {
    const MARKER: &str = "zqx9-told-to-the-receiver";
    let receiver = Receiver::start(|_, before| match before {
        0 => Reply::Refuse(400, vec![], "zqx9-told-to-the-receiver is wrong"),
        _ => Reply::Take,
    });
    let server = served(&receiver, json!({}));
    let data = json!({ "secret": MARKER });
    let seq = ask(&server, json!({"n": 1, "data": data.to_string()}));
    let other = ask(&server, json!({"n": 2}));
    let dead = until(&server, 2, "dead").remove(0);
    act(
        &server,
        &dead,
        "edit",
        Some(json!({"secret": format!("{MARKER} edited")})),
    );
    until(&server, 1, "done");
    let mut book = server.stop();
    assert!(!files_with(&book.path(), MARKER.as_bytes()).is_empty());
    redact(&mut book, &to_redact(seq, None)).unwrap();
    redact(&mut book, &to_redact(other, None)).unwrap();
    assert_eq!(
        files_with(&book.path(), MARKER.as_bytes()),
        Vec::<String>::new()
    );
    book.assert_verified();
    let server = Server::of(book);
    assert_eq!(tasks(&server, ""), Vec::<Json>::new());
}

#[test]
fn listings_come_a_page_at_a_time_and_by_what_is_asked_for() {
    let server = Server::of(TestBook::with_guests(&["asks-1"]));
    for n in 1..=5 {
        let kind = if n % 2 == 0 { "letter" } else { "note" };
        ask(&server, json!({"n": n, "kind": kind, "count": 2}));
    }
    let mut found = Vec::new();
    let mut after = String::new();
    loop {
        let page = server.get(&format!("/tasks?limit=3{after}")).json;
        found.extend(page["tasks"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else {
            break;
        };
        after = format!("&after={next}");
    }
    let places: Vec<_> = found
        .iter()
        .map(|task| {
            (
                task["data"]["n"].as_i64().unwrap(),
                task["ordinal"].as_i64().unwrap(),
            )
        })
        .collect();
    let all: Vec<_> = (1..=5).flat_map(|n| [(n, 0), (n, 1)]).collect();
    assert_eq!(places, all);
    assert_eq!(tasks(&server, "kind=letter").len(), 4);
    assert_eq!(
        tasks(&server, &format!("event={}", found[0]["event"])).len(),
        2
    );
    assert_eq!(tasks(&server, "kind=nobody").len(), 0);
    for bad in ["state=odd", "after=7", "event=x", "limit=0", "color=red"] {
        assert_eq!(server.get(&format!("/tasks?{bad}")).status, 400, "{bad}");
    }
    for (path, body) in [
        ("/gateway/daybook.react", json!({"driver": {"command": {}}})),
        (
            "/gateway/note",
            json!({"driver": {"command": {}}, "tries": 0}),
        ),
        (
            "/gateway/note",
            json!({"driver": {"webhook": {"url": "ftp://x"}}}),
        ),
        ("/gateway/note", json!({"driver": {}})),
    ] {
        let answer = server.ask("PUT", path, &[], Some(&body.to_string()));
        assert_eq!(answer.status, 400, "{path} {body}: {}", answer.text);
    }
}

#[test]
fn subscribers_who_ask_for_it_are_told_what_happens_to_tasks_and_others_are_not() {
    let receiver = Receiver::start(|_, before| match before {
        0 => Reply::Refuse(500, vec![], "no"),
        _ => Reply::Take,
    });
    let server = served(&receiver, json!({}));
    let mut silent = Sse::open(&server.url, "?from=1", None);
    let mut all = Sse::open(&server.url, "?tasks=now", None);
    let mut ws = Ws::open(&server.url, "?tasks=0");
    let seq = ask(&server, json!({"n": 1}));
    let done = until(&server, 1, "done").remove(0);
    let mut events = 0;
    let mut told = Vec::new();
    while told.len() < 2 || events == 0 {
        match all.hear() {
            Heard::Task(task) => {
                assert_eq!((&task["id"], &task["event"]), (&done["id"], &json!(seq)));
                told.push((task["what"].clone(), task["step"].as_u64().unwrap()));
            }
            Heard::Event(_, _, json) => {
                assert_eq!(json["tasks"][0]["id"], done["id"]);
                events += 1;
            }
            Heard::Position(_) => {}
            end @ Heard::End(_) => panic!("{end:?}"),
        }
    }
    assert_eq!((&told[0].0, &told[1].0), (&json!("retry"), &json!("done")));
    // From a step on, as one who comes back would.
    let mut later = Sse::open(&server.url, &format!("?tasks={}", told[0].1), None);
    assert_eq!(first_task(|| later.hear())["step"], told[1].1);
    assert_eq!(first_task(|| ws.hear())["what"], "retry");
    ask(&server, json!({"n": 2, "count": 0}));
    loop {
        match silent.hear() {
            Heard::Event(_, _, json) if json["event"]["data"]["n"] == 2 => break,
            Heard::Event(..) | Heard::Position(_) => {}
            other => panic!("nobody asked for {other:?}"),
        }
    }
    assert_eq!(server.get("/subscribe?tasks=soon").status, 400);
}

/// The first that is heard of a task.
fn first_task(mut hear: impl FnMut() -> Heard) -> Json {
    loop {
        match hear() {
            Heard::Task(task) => return task,
            Heard::Event(..) | Heard::Position(_) => {}
            end @ Heard::End(_) => panic!("{end:?}"),
        }
    }
}

#[test]
fn metrics_tell_how_many_tasks_wait_and_for_how_long() {
    let receiver = Receiver::start(|_, _| Reply::Refuse(400, vec![], "no"));
    let server = served(&receiver, json!({}));
    ask(&server, json!({"n": 1, "kind": "letter", "count": 3}));
    ask(&server, json!({"n": 2}));
    // Nobody waits for these yet; and one has been due for no longer than it has been there.
    ask(
        &server,
        json!({"n": 3, "kind": "note", "not_before": "2099-01-01T00:00:00Z"}),
    );
    until(&server, 1, "dead");
    std::thread::sleep(std::time::Duration::from_millis(20));
    let text = server.get("/metrics").text;
    let value = |name: &str| -> f64 {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("{name}: {text}"))
            .trim()
            .parse()
            .unwrap()
    };
    assert_eq!(
        value(r#"daybook_tasks{kind="letter",state="pending"}"#),
        3.0
    );
    assert_eq!(value(r#"daybook_tasks{kind="note",state="dead"}"#), 1.0);
    assert_eq!(value(r#"daybook_tasks{kind="note",state="pending"}"#), 1.0);
    assert!(value(r#"daybook_tasks_oldest_seconds{kind="letter"}"#) >= 0.02);
    assert_eq!(value(r#"daybook_tasks_oldest_seconds{kind="note"}"#), 0.0);
    ask(
        &server,
        json!({"n": 4, "kind": "letter", "not_before": "1999-01-01T00:00:00Z"}),
    );
    let text = server.get("/metrics").text;
    let oldest = text
        .lines()
        .find_map(|line| line.strip_prefix(r#"daybook_tasks_oldest_seconds{kind="letter"}"#));
    assert!(
        oldest.unwrap().trim().parse::<f64>().unwrap() < 600.0,
        "{text}"
    );
}
