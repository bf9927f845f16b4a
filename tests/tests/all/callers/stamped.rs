//! The policy `stamped`: an event is handled by the version of its caller's date, live and in every replay, with all that it
//! asks for; and one book serves callers of several dates, as far as their tables permit.

use daybook::history;
use daybook::model::error::Problem;
use daybook::study::Picked;
use daybook::versions::Policy;
use daybook_tests::{Answer, Server, TestBook, guest, plugin, version};
use serde_json::{Value as Json, json};

const OLD: &str = "prescription@2018-03-01";
const NEW: &str = "prescription@2019-09-01";
const OLD_DATE: (&str, &str) = ("daybook-version", "2018-12-24");

/// A clinic that serves callers by their dates, with one patient.
fn clinic() -> Server {
    let mut book = TestBook::with_plugins(&[OLD]);
    let admit = json!({"patient": "p", "name": "E", "weight_grams": 60_000});
    book.command("prescription.Admit", admit, false).unwrap();
    book.load(plugin(NEW)).unwrap();
    let stamped = book.activate(&version(NEW), Policy::Stamped, &mut history::silent());
    stamped.unwrap();
    assert_eq!(book.lineup().to_string(), format!("{NEW}+2018-03-01"));
    Server::of(book)
}

fn prescribe(server: &Server, headers: &[(&str, &str)]) -> Answer {
    let data = json!({"patient": "p", "drug": "w", "class": "anticoagulant", "daily_milligrams": 5, "doctor": "d"});
    let path = "/commands/prescription.Prescribe";
    server.ask("POST", path, headers, Some(&data.to_string()))
}

/// The version that handled an answer's first event, and what the laboratory is asked for.
#[track_caller]
fn handled(answer: &Answer) -> (String, Vec<String>) {
    assert!(matches!(answer.status, 200 | 201), "{}", answer.text);
    let event = &answer.json["events"][0];
    let labs = event["tasks"].as_array().unwrap().iter();
    let labs = labs.filter(|task| task["kind"] == "lab");
    let tests = labs.map(|task| task["data"]["test"].as_str().unwrap().to_owned());
    (
        event["event"]["version"].as_str().unwrap().to_owned(),
        tests.collect(),
    )
}

fn by_old() -> (String, Vec<String>) {
    ("2018-03-01".to_owned(), vec!["blood-count".to_owned()])
}

fn by_new() -> (String, Vec<String>) {
    (
        "2019-09-01".to_owned(),
        vec!["blood-count".to_owned(), "clotting-time".to_owned()],
    )
}

fn event(id: &str, version: Option<&str>) -> String {
    let mut event = json!({"type": "prescription.Prescribed", "id": id, "source": "/s", "data": {
        "prescription": id, "patient": "p", "drug": "w", "class": "anticoagulant", "daily_milligrams": 5, "doctor": "d"}});
    if let Some(version) = version {
        event["version"] = json!(version);
    }
    event.to_string()
}

#[test]
fn callers_of_two_dates_are_served_by_one_book_live_and_in_every_replay() {
    let server = clinic();
    let post = |headers: &[(&str, &str)], body: String| {
        server.ask("POST", "/events", headers, Some(&body))
    };
    assert_eq!(handled(&prescribe(&server, &[OLD_DATE])), by_old());
    assert_eq!(handled(&prescribe(&server, &[])), by_new());
    assert_eq!(
        handled(&prescribe(&server, &[("daybook-version", "2020-01-01")])),
        by_new()
    );
    assert_eq!(handled(&post(&[OLD_DATE], event("a", None))), by_old());
    assert_eq!(handled(&post(&[], event("b", None))), by_new());
    assert_eq!(
        handled(&post(&[], event("c", Some("2018-03-01")))),
        by_old()
    );
    // A preview tells the same, and so does the same command again.
    let key = [OLD_DATE, ("idempotency-key", "once")];
    let path_preview = "/commands/prescription.Prescribe?preview=true";
    let data = json!({"patient": "p", "drug": "w", "class": "anticoagulant", "daily_milligrams": 5, "doctor": "d"});
    let preview = server.ask("POST", path_preview, &[OLD_DATE], Some(&data.to_string()));
    assert_eq!(handled(&preview), by_old());
    assert_eq!(handled(&prescribe(&server, &key)), by_old());
    let again = prescribe(&server, &key);
    assert_eq!(
        (handled(&again), again.header("daybook-repeated")),
        (by_old(), Some("true"))
    );
    // Who is before every version, and who names one that serves nobody, is told which there are.
    for answer in [
        prescribe(&server, &[("daybook-version", "2017-01-01")]),
        post(&[("daybook-version", "2017-01-01")], event("d", None)),
        post(&[], event("d", Some("2019-01-01"))),
    ] {
        assert_eq!(
            (answer.status, answer.problem()),
            (404, "unknown"),
            "{}",
            answer.text
        );
        assert!(
            answer.json["hint"].as_str().unwrap().contains("2018-03-01"),
            "{}",
            answer.text
        );
    }
    let mut book = server.stop();
    let recorded = book.recorded().into_iter();
    let stamps: Vec<String> = recorded
        .filter(|stored| stored.event.event_type.as_str() == "prescription.Prescribed")
        .map(|stored| stored.lineup)
        .collect();
    let of_new = format!("{NEW}+2018-03-01");
    assert_eq!(stamps, [OLD, &of_new, &of_new, OLD, &of_new, OLD, OLD]);
    book.assert_verified();
    // The state that is built again is the same, and so is a replay of what happened.
    let before = book.mark();
    let live = book.live_path();
    book.reopen_after(|_| std::fs::remove_file(&live).unwrap());
    assert_eq!(book.mark(), before);
    let replayed = book.replay(&Picked::Recorded, None, "again", &mut history::silent());
    assert_eq!(replayed.unwrap().head, book.live_head());
    // What the new version would have done for all differs at the events of the others' callers, in one task each.
    let server = Server::of(book);
    let sides = json!({"base": "recorded", "candidate": NEW});
    let diff = server.post("/diff", &sides);
    assert_eq!(diff.status, 200, "{}", diff.text);
    let lines: Vec<Json> = diff
        .text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let differing = lines
        .iter()
        .filter(|line| line["record"] == "event" || line["kind"] == "event")
        .count();
    let summary = lines.last().unwrap();
    assert!(
        differing == 4 || summary.to_string().contains("\"differing\""),
        "{}",
        diff.text
    );
    let mut book = server.stop();
    let error = book.retire(&version(OLD), None, None).unwrap_err();
    assert_eq!(error.problem.as_deref(), Some(&Problem::Needed), "{error}");
    book.assert_verified();
}

#[test]
fn a_version_that_comes_later_leaves_to_each_caller_what_it_had() {
    let mut book = TestBook::with_guests(&["cascade-1"]);
    let happened = |n: i64, version: Option<&str>| {
        let mut event = json!({"type": "cascade.Happened", "data": {"n": n}});
        if let Some(version) = version {
            event["version"] = json!(version);
        }
        daybook::book::Incoming::parse(&event.to_string()).unwrap()
    };
    book.append_one(happened(1, None)).unwrap();
    for (name, date) in [
        ("cascade-2", "cascade@2020-02-01"),
        ("cascade-3", "cascade@2020-04-01"),
    ] {
        book.load(guest(name)).unwrap();
        book.activate(&version(date), Policy::Stamped, &mut history::silent())
            .unwrap();
        book.append_one(happened(1, None)).unwrap();
        book.append_one(happened(1, Some("2020-01-01"))).unwrap();
    }
    assert_eq!(
        book.lineup().to_string(),
        "cascade@2020-04-01+2020-02-01+2020-01-01"
    );
    let texts = book.texts("SELECT text FROM cascade_thing ORDER BY id");
    assert_eq!(texts.len(), 5, "{texts:?}");
    assert_eq!(
        (&*texts[0], &*texts[1], &*texts[2], &*texts[4]),
        ("first", "first, then second", "first", "first")
    );
    assert_ne!(texts[3], "first");
    book.assert_verified();
    // Put in force for all, history is the new version's; the callers' dates decide no more.
    book.activate_pinned(&version("cascade@2020-02-01"))
        .unwrap();
    assert_eq!(book.lineup().to_string(), "cascade@2020-02-01");
    let texts = book.texts("SELECT DISTINCT text FROM cascade_thing");
    assert_eq!(texts, ["first, then second"]);
    let error = book
        .append_one(happened(1, Some("2020-01-01")))
        .unwrap_err();
    assert!(
        error
            .message
            .contains("cascade@2020-02-01, which is in force"),
        "{error}"
    );
    book.assert_verified();
}

#[test]
fn tables_that_do_not_permit_it_are_told_by_their_column() {
    let mut book = TestBook::with_guests(&["rows-1"]);
    book.load(guest("rows-2")).unwrap();
    let before = book.mark();
    let stamped = book.activate(
        &version("rows@2020-02-01"),
        Policy::Stamped,
        &mut history::silent(),
    );
    let error = stamped.unwrap_err();
    assert!(error.message.contains("column 'text'"), "{error}");
    assert_eq!(book.mark(), before);
    book.assert_verified();
}

#[test]
fn the_command_line_serves_callers_by_their_dates_and_asks_for_one() {
    let mut book = clinic().stop();
    let data = r#"{"patient": "p", "drug": "w", "class": "anticoagulant", "daily_milligrams": 5, "doctor": "d"}"#;
    let run = |place: &[&str], more: &[&str]| -> Json {
        let told = super::daybook(
            &[
                &["run"],
                place,
                &["prescription.Prescribe", data, "--format", "json"],
                more,
            ]
            .concat(),
        );
        assert_eq!(told.status.code(), Some(0), "{}", super::stderr(&told));
        serde_json::from_str(&super::stdout(&told)).unwrap()
    };
    let of = |reply: Json| {
        reply["events"][0]["event"]["version"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    book.reopen_after(|path| {
        let path = path.to_str().unwrap();
        assert_eq!(of(run(&[path], &["--pin", "2018-03-01"])), "2018-03-01");
        assert_eq!(of(run(&[path], &[])), "2019-09-01");
        let versions = super::stdout(&super::daybook(&["versions", path]));
        let line = versions.lines().find(|line| line.contains(OLD)).unwrap();
        assert!(line.contains("live"), "{versions}");
    });
    let server = Server::of(book);
    assert_eq!(
        of(run(&["--url", &server.url], &["--pin", "2018-03-01"])),
        "2018-03-01"
    );
    let told = super::daybook(&["activate", "--url", &server.url, NEW, "--policy", "stamped"]);
    assert_eq!(told.status.code(), Some(2), "{}", super::stderr(&told));
    server.stop().assert_verified();
}

#[test]
fn what_an_event_asks_for_at_once_or_later_is_asked_of_the_version_that_handled_it() {
    let mut book = TestBook::with_guests(&["asks-1"]);
    book.load(guest("asks-2")).unwrap();
    let stamped = version("asks@2020-02-01");
    book.activate(&stamped, Policy::Stamped, &mut history::silent())
        .unwrap();
    let server = Server::of(book);
    let mut expected = Vec::new();
    for (n, kind) in [(1, "daybook.react"), (3, "daybook.command")] {
        for (date, at) in [("2020-01-01", 0), ("2020-02-01", 10)] {
            let asked = json!({"type": "asks.Do", "data": {"n": n + 1 + at, "count": 0}});
            let data = json!({"n": n + at, "kind": kind, "data": asked.to_string()});
            let event = json!({"type": "asks.Happened", "version": date, "data": data});
            let answer = server.post("/events", &event);
            assert_eq!(answer.status, 201, "{}", answer.text);
            expected.extend([(n + at, date.to_owned()), (n + 1 + at, date.to_owned())]);
        }
    }
    expected.sort();
    let begun = std::time::Instant::now();
    loop {
        let events = server.get("/events?type=asks.Happened").json["events"].clone();
        let mut found: Vec<(i64, String)> = { events.as_array().unwrap().iter() }
            .map(|event| {
                let date = event["version"].as_str().unwrap().to_owned();
                (event["data"]["n"].as_i64().unwrap(), date)
            })
            .collect();
        found.sort();
        if found == expected {
            break;
        }
        let waited = begun.elapsed();
        assert!(waited < std::time::Duration::from_secs(30), "{found:?}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    server.stop().assert_verified();
}
