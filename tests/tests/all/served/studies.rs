//! What an operator asks before anything is changed, of a book that is online: comparisons, dooms and their remedies, late
//! tasks, a patch.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use daybook::history::silent;
use daybook::study::LateTask;
use daybook::versions::{Policy, PromoteRequest, Promotion};
use daybook_tests::{Server, TestBook, event, guest, version};
use serde_json::{Value as Json, json};

use crate::promote::{SECOND, bank};

const FIRST: &str = "bank@1993-01-01";

/// Ends who works in the background, also where the test fails: else it would wait for them for ever.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn sides() -> Json {
    json!({"base": FIRST, "candidate": SECOND})
}

#[test]
fn versions_are_compared_over_http_while_commands_go_on() {
    let server = Server::of(bank());
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let paying = scope.spawn(|| {
            let mut answered = 0;
            while !stop.load(Ordering::Relaxed) {
                let deposit = json!({"account": 1, "date": "1994-01-02", "amount": 100});
                let answer = server.post("/commands/bank.Deposit", &deposit);
                assert_eq!(answer.status, 201, "{}", answer.text);
                answered += 1;
            }
            answered
        });
        let ends = Ends(&stop);
        let bisected = server.post("/bisect", &sides());
        assert_eq!(bisected.status, 200, "{}", bisected.text);
        let first = bisected.json["first"].as_u64().expect("they part");

        let report = server.post("/diff", &sides());
        assert_eq!(report.header("content-type"), Some("application/jsonl"));
        let lines: Vec<Json> = { report.text.lines() }
            .map(|line| serde_json::from_str(line).expect("JSON Lines"))
            .collect();
        let summary = lines.last().expect("a summary");
        assert_eq!(summary["kind"], "summary", "{summary}");
        assert_eq!(lines[0]["seq"], first, "{}", lines[0]);

        let turned = server.post("/diff/commands", &sides());
        assert_eq!(turned.status, 200, "{}", turned.text);
        assert!(turned.json["summary"]["commands"].as_u64().unwrap() > 100);
        let dooms = server.post("/dooms", &json!({"version": SECOND}));
        assert_eq!(dooms.json["found"], json!([]), "{}", dooms.text);
        let certified = server.post(&format!("/versions/{SECOND}/certify"), &json!({}));
        assert_eq!(certified.json["deterministic"], true, "{}", certified.text);
        let same = server.post("/reconcile", &json!({}));
        assert_eq!(
            (same.status, &same.json["total"]),
            (200, &json!(0)),
            "{}",
            same.text
        );

        // The command line needs no server for it, and no lock.
        let book = server.alone(|book| book.dir().path().to_owned());
        let compared = Command::new(env!("CARGO_BIN_EXE_daybook-under-test"))
            .args(["bisect", book.to_str().unwrap()])
            .args(["--base", FIRST, "--candidate", SECOND, "--format", "json"])
            .output()
            .expect("the command runs");
        let found: Json = serde_json::from_slice(&compared.stdout).expect("JSON");
        assert_eq!(found["first"], first, "{found}");
        drop(ends);
        assert!(paying.join().unwrap() > 10, "commands waited");
    });
    let refused = |path: &str, body: Json| {
        let answer = server.post(path, &body);
        (answer.status, answer.problem().to_owned())
    };
    let unknown = json!({"base": FIRST, "candidate": "bank@2001-01-01"});
    assert_eq!(refused("/diff", unknown.clone()), (404, "unknown".into()));
    assert_eq!(refused("/bisect", unknown), (404, "unknown".into()));
    assert_eq!(
        refused("/diff", json!({"base": FIRST})),
        (400, "malformed".into())
    );
    let range = json!({"base": FIRST, "candidate": SECOND, "from": 9, "to": 2});
    assert_eq!(refused("/diff", range).0, 400);
    let expect = json!({"base": FIRST, "candidate": SECOND, "expect": "[[expect]]"});
    assert_eq!(refused("/diff", expect).0, 400);
    server.stop().assert_verified();
}

#[test]
fn a_patch_is_shown_and_made_over_http_and_by_the_command_line() {
    let server = Server::of(bank());
    server
        .alone(|book| book.shadow(&version(SECOND), Policy::Pinned, "", &mut silent()))
        .unwrap();
    let promote = format!("/versions/{SECOND}/promote");
    let refused = server.post(&promote, &json!({"preview": true}));
    assert_eq!(refused.status, 400, "only a patch has a preview");
    let shown = server.post(&promote, &json!({"patch": true, "preview": true}));
    assert_eq!(shown.json["patched"]["total"], 5, "{}", shown.text);
    let row = &shown.json["patched"]["rows"][0];
    assert_eq!(
        (&row["table"], &row["key"]),
        (&json!("bank.account"), &json!([0]))
    );
    let unexpected = server.post(&promote, &json!({"patch": true}));
    assert_eq!((unexpected.status, unexpected.problem()), (409, "differs"));
    let output = Command::new(env!("CARGO_BIN_EXE_daybook-under-test"))
        .args(["promote", "--url", &server.url, SECOND, "--patch"])
        .args(["--force", "--reason", "agreed", "--format", "json"])
        .output()
        .expect("the command runs");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}{:?}", output.stderr);
    let done: Json = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(done["lineup"], SECOND, "{done}");
    let talk = String::from_utf8(output.stderr).unwrap();
    assert!(talk.contains("a patch leaves no standby"), "{talk}");
    server.stop().assert_verified();
}

#[test]
fn an_event_of_doom_is_found_forecast_and_pinned_over_http() {
    let mut book = TestBook::with_guests(&["cascade-1"]);
    for n in [1, 13, 2] {
        book.append_one(event("cascade.Happened", json!({"n": n})))
            .unwrap();
    }
    let doomed = book.load(guest("doom-2")).unwrap().version.to_string();
    let server = Server::of(book);
    let asked = json!({"version": doomed, "keep_going": true});
    let dooms = server.post("/dooms", &asked);
    let seq = dooms.json["found"][0]["seq"].as_u64().expect("a doom");
    let way = |mut body: Json| {
        body["version"] = json!(doomed);
        server.post(&format!("/events/{seq}/doom"), &body)
    };
    let pin = json!("cascade@2020-01-01");
    let forecast = way(json!({"pin": pin, "preview": true}));
    assert_eq!(
        (&forecast.json["dooms"], &forecast.json["rows"]),
        (&json!(0), &json!(2)),
        "{}",
        forecast.text
    );
    assert_eq!(way(json!({"pin": pin})).status, 400, "no reason");
    assert_eq!(
        way(json!({"skip": true, "pin": pin, "reason": "both"})).status,
        400
    );
    assert_eq!(
        way(json!({"unpin": true, "reason": "not pinned"})).status,
        400
    );
    let pinned = way(json!({"pin": pin, "reason": "an old form"}));
    assert_eq!(pinned.status, 200, "{}", pinned.text);
    assert_eq!(server.post("/dooms", &asked).json["found"], json!([]));
    let said = server.get(&format!("/events/{}", pinned.json["seq"]));
    assert_eq!(
        said.json["event"]["type"], "daybook.EventPinned",
        "{}",
        said.text
    );
    let given_up = way(json!({"unpin": true, "reason": "never mind"}));
    assert_eq!(given_up.status, 200, "{}", given_up.text);
    assert_eq!(server.post("/dooms", &asked).json["found"][0]["seq"], seq);
    server.stop().assert_verified();
}

/// A version of `rows` that asks for a note with every row, later than the one that asks for none.
fn asks_for_notes() -> Vec<u8> {
    let mut component = guest("rows-1").to_vec();
    let date = component
        .windows(10)
        .position(|bytes| bytes == b"2020-01-01")
        .expect("the date stands in it as text");
    component[date..date + 10].copy_from_slice(b"2020-06-01");
    component
}

#[test]
fn tasks_that_only_the_later_version_asks_for_are_listed_and_enqueued_once() {
    let mut book = TestBook::with_guests(&["rows-2"]);
    let insert = |id: u64| {
        let data = json!({"do": "insert", "id": id, "n": 1, "text": format!("row {id}")});
        event("rows.Happened", data)
    };
    book.append((0..7).map(insert).collect()).unwrap();
    let later = book.load(&asks_for_notes()).unwrap().version;
    book.shadow(&later, Policy::Pinned, "", &mut silent())
        .unwrap();
    let forced = PromoteRequest {
        force: Some("texts come back".into()),
        actor: None,
    };
    let promoted = book.promote(&later, &forced, &mut silent()).unwrap();
    assert!(matches!(promoted, Promotion::Done(_)));
    // What it handles itself is asked for in the ordinary way.
    book.append_one(insert(7)).unwrap();
    let late = |book: &mut TestBook| {
        let mut found: Vec<LateTask> = Vec::new();
        let mut visit = |task| {
            found.push(task);
            Ok(())
        };
        book.study().late_tasks(&mut visit, &mut silent()).unwrap();
        found
    };
    let found = late(&mut book);
    let texts: Vec<_> = found.iter().map(|it| it.task.data.clone()).collect();
    let expected: Vec<_> = (0..7)
        .map(|id| format!("{{\"text\":\"row {id}\"}}"))
        .collect();
    assert_eq!(texts, expected);
    book.assert_verified();

    let folder = tempfile::tempdir().unwrap();
    let options = daybook::serve::ServeOptions {
        folders: daybook::gateway::Folders::new(&[folder.path().to_owned()], &[]).unwrap(),
        ..Server::options()
    };
    let server = Server::with(book, options);
    let listed = server.post("/tasks/late", &json!({}));
    assert_eq!(
        (&listed.json["total"], &listed.json["enqueued"]),
        (&json!(7), &Json::Null),
        "{}",
        listed.text
    );
    let later_name = later.to_string();
    let run = |what: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_daybook-under-test"))
            .args(["promote", "--url", &server.url, &later_name])
            .args(["--tasks", what, "--format", "json"])
            .output()
            .expect("the command runs");
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice::<Json>(&output.stdout).expect("JSON")
    };
    assert_eq!(run("list")["total"], 7);
    // The gateway has been past their events when they come, and carries them out all the same.
    let notes = folder.path().join("notes");
    let set = Command::new(env!("CARGO_BIN_EXE_daybook-under-test"))
        .args(["gateway", "set", "--url", &server.url, "note", "file"])
        .args(["--address", notes.to_str().unwrap()])
        .output()
        .expect("the command runs");
    assert!(set.status.success(), "{set:?}");
    let begun = std::time::Instant::now();
    let carried_out = |count: usize| {
        let written = || std::fs::read_to_string(&notes).unwrap_or_default();
        while written().lines().count() < count {
            assert!(begun.elapsed().as_secs() < 30, "{}", written());
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    };
    carried_out(1);
    assert_eq!(run("enqueue")["enqueued"], 7);
    carried_out(8);
    assert_eq!(run("enqueue")["enqueued"], 0);
    assert_eq!(server.post("/tasks/late", &json!({})).json["total"], 0);
    let mut book = server.stop();
    assert!(late(&mut book).is_empty());
    let again = book.enqueue_late(&found, None).unwrap();
    assert_eq!(again, (0, None), "they are there");

    // Back and forth: nothing is asked for twice.
    book.rollback(&forced, &mut silent()).unwrap();
    book.rollback(&forced, &mut silent()).unwrap();
    assert_eq!(book.lineup().to_string(), later_name);
    assert!(late(&mut book).is_empty());
    book.assert_verified();
}
