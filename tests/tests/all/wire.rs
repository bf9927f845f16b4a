//! One shape for each message: what the command line prints as JSON is the same for a directory and for a server, and it
//! fits the schema of its message, as the server's own answers do.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use daybook::book::Reader;
use daybook::store::TaskFilter;
use daybook::wire;
use daybook_tests::{Server, TestBook, event, guest, plugin};
use serde_json::{Value as Json, json};

const OLD: &str = "bank@1993-01-01";
const NEW: &str = "bank@1994-01-01";

/// Runs the command line: exit code, data, talk.
pub fn daybook(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_daybook-under-test"))
        .args(arguments)
        .env_remove("DAYBOOK_TOKEN")
        .output()
        .expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code().expect("an exit code"),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// The verbs below one, with the help of each: told by the binary itself.
fn verbs(above: &[&str]) -> Vec<(String, String)> {
    let (_, help, _) = daybook(&[above, &["--help"]].concat());
    let commands = help.split("\nCommands:\n").nth(1);
    let names = commands.into_iter().flat_map(|text| {
        let lines = text.lines().take_while(|line| !line.is_empty());
        let names = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
        names.filter_map(|line| line.split_whitespace().next())
    });
    let mut found = Vec::new();
    if !above.is_empty() {
        found.push((above.join(" "), help.clone()));
    }
    for name in names.filter(|name| *name != "help") {
        found.extend(verbs(&[above, &[name]].concat()));
    }
    found
}

/// Text without times, ids and hashes: what differs between two books to which the same was done.
fn masked(text: &str) -> String {
    let is_of_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '.' | '-' | '_');
    let mut masked = String::new();
    let mut word = String::new();
    for c in text.chars().chain(['\n']) {
        if is_of_word(c) {
            word.push(c);
            continue;
        }
        masked.push_str(&mask(&word));
        word.clear();
        masked.push(c);
    }
    masked
}

fn mask(word: &str) -> String {
    let is_time = word.len() >= 20
        && word
            .bytes()
            .zip("0000-00-00T00:00:00".bytes())
            .all(|(at, form)| match form {
                b'0' => at.is_ascii_digit(),
                other => at == other,
            });
    let mut longest = 0;
    let mut run = 0;
    for c in word.chars().filter(|c| *c != '-') {
        run = if c.is_ascii_hexdigit() { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    match (is_time, longest >= 32) {
        (true, _) => "TIME".to_owned(),
        (_, true) => "ID".to_owned(),
        _ => word.to_owned(),
    }
}

/// The message of a name, as a schema that a JSON document can be held against.
fn validator(name: &str) -> jsonschema::Validator {
    let schemas = wire::schemas();
    assert!(schemas.contains_key(name), "there is no message {name}");
    let document = json!({
        "$ref": format!("#/components/schemas/{name}"),
        "components": { "schemas": schemas },
    });
    jsonschema::validator_for(&document).expect("a schema")
}

#[track_caller]
fn assert_fits(name: &str, json: &Json) {
    let validator = validator(name);
    let faults: Vec<_> = { validator.iter_errors(json) }
        .map(|fault| format!("{} {fault}", fault.instance_path()))
        .collect();
    assert_eq!(faults, Vec::<String>::new(), "{name}: {json}");
}

/// One use of a verb: its words, what follows the book, and what each line of its answer is.
struct Use {
    verb: &'static str,
    more: Vec<String>,
    message: &'static str,
}

fn used(verb: &'static str, more: &[&str], message: &'static str) -> Use {
    Use {
        verb,
        more: more.iter().map(|it| (*it).to_owned()).collect(),
        message,
    }
}

/// A book with a little of everything: two plugins of the workspace's bank, tasks, one of which is dead, and an event of
/// doom for a version that is not loaded yet.
fn lively() -> TestBook {
    let mut book = TestBook::with_plugins(&[OLD]);
    book.load_active(guest("asks-1"));
    book.load_active(guest("cascade-1"));
    book.load_active(guest("logs"));
    book.append_one(event("logs.Happened", json!({"n": 1})))
        .unwrap();
    for account in [1, 2] {
        book.command(
            "bank.OpenAccount",
            json!({"account": account, "date": "1993-01-01"}),
            false,
        )
        .unwrap();
        for date in ["1993-01-05", "1993-03-05"] {
            let deposit = json!({"account": account, "date": date, "amount": 50_000});
            book.command("bank.Deposit", deposit, false).unwrap();
        }
        book.command("bank.AccrueInterest", json!({"date": "1993-12-31"}), false)
            .unwrap();
    }
    for n in [1, 13, 2] {
        book.append_one(event("cascade.Happened", json!({"n": n})))
            .unwrap();
    }
    for kind in ["note", "letter", "letter"] {
        book.append_one(event(
            "asks.Happened",
            json!({"n": 1, "kind": kind, "key": "k"}),
        ))
        .unwrap();
    }
    book.load(plugin(NEW)).unwrap();
    // Served once: only then does the standby follow, and stands at the log's head in both books.
    let server = Server::of(book);
    let by = ["--url", &server.url];
    let set = [&["gateway", "set"], &by[..], &["note", "webhook"]].concat();
    let nobody = ["--address", "http://127.0.0.1:1/", "--tries", "1"];
    let (code, _, talk) = daybook(&[&set[..], &nobody].concat());
    assert_eq!(code, 0, "{talk}");
    let begun = Instant::now();
    while server.get("/tasks?kind=note&state=dead").json["tasks"] == json!([]) {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "it is tried for ever"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    let (code, _, talk) = daybook(&[&["gateway", "unset"], &by[..], &["note"]].concat());
    assert_eq!(code, 0, "{talk}");
    let is_behind = |shadow: &Json| shadow["position"] != shadow["head"];
    let some_behind = || {
        let shadows = server.get("/shadows").json;
        { shadows["shadows"].as_array() }.is_some_and(|all| all.iter().any(is_behind))
    };
    while some_behind() {
        let waited = begun.elapsed();
        assert!(waited < Duration::from_secs(60), "the standby stays behind");
        std::thread::sleep(Duration::from_millis(20));
    }
    server.stop()
}

/// What is asked of both, in this order: reading first, then what changes the book.
fn uses(book: &TestBook, folder: &Path) -> Vec<Use> {
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let component = file("bank-1994.wasm", plugin(NEW));
    let doomed = file("doomed.wasm", guest("doom-2"));
    let doomed_version = "cascade@2020-03-01";
    let posted = json!({
        "type": "bank.AccountOpened", "id": "by-file", "source": "/t",
        "data": {"account": 9, "opened": "1993-02-01"},
    });
    let appended = file("events.jsonl", format!("{posted}\n").as_bytes());
    let expect = file("expect.toml", b"");
    let ids = |kind: &str| -> Vec<String> {
        let filter = TaskFilter {
            kind: Some(kind.to_owned()),
            ..TaskFilter::default()
        };
        let reader = Reader::beside(&book.path()).unwrap();
        let tasks = reader.tasks(&filter, 10).unwrap();
        tasks.into_iter().map(|task| task.id).collect()
    };
    let (letters, notes) = (ids("letter"), ids("note"));
    let [letter, other, note] = [&letters[0], &letters[1], &notes[0]].map(String::as_str);
    let seq_of = |event_type: &str| {
        let stored = book.recorded();
        let found = { stored.iter() }.find(|it| it.event.event_type.as_str() == event_type);
        found.expect("such an event").event.seq.to_string()
    };
    let deposit = seq_of("bank.TransactionPosted");
    let asked = seq_of("asks.Happened");
    let doom = {
        let stored = book.recorded();
        let mut found = stored.iter().filter(|it| it.event.data.contains("13"));
        let of_cascade = found.find(|it| it.event.event_type.as_str() == "cascade.Happened");
        of_cascade.expect("such an event").event.seq.to_string()
    };
    let pinned = "cascade@2020-01-01";
    let sides = ["--base", OLD, "--candidate", NEW];
    let payload = {
        let stored = book.recorded();
        let found = { stored.iter() }.find(|it| it.event.seq.to_string() == deposit);
        let mut data: Json = serde_json::from_str(&found.unwrap().event.data).unwrap();
        data["amount"] = json!(70_000);
        data.to_string()
    };
    let yearly = [
        "yearly",
        "--cron",
        "0 0 1 1 *",
        "bank.Deposit",
        r#"{"account": 1, "date": "1994-01-02", "amount": 1}"#,
    ];
    vec![
        used("events", &["--limit", "3"], "CloudEvent"),
        used(
            "events",
            &["--type", "bank.TransactionPosted"],
            "CloudEvent",
        ),
        used("show", &[&deposit], "RecordedEvent"),
        used("show", &[&asked], "RecordedEvent"),
        used("query", &["SELECT * FROM bank_account"], ""),
        used("query", &["SELECT 1.5, x'00ff', NULL, 'a', 1e300 AS b"], ""),
        used(
            "query",
            &["SELECT * FROM bank_account", "--as-of", &deposit],
            "",
        ),
        used("commands", &[], "Command"),
        used("commands", &["--newest", "--limit", "2"], "Command"),
        used("subject", &["account/1"], "Subject"),
        used("tasks", &[], "Task"),
        used("tasks show", &[note], "Task"),
        used(
            "tasks dismiss",
            &[note, "--reason", "told by telephone"],
            "Task",
        ),
        used(
            "tasks edit",
            &[letter, r#"{"n": 2}"#, "--reason", "a typo"],
            "Task",
        ),
        used("tasks cancel", &[other, "--reason", "a test"], "Task"),
        used("tasks retry", &[other, "--reason", "it is wanted"], "Task"),
        used("show", &[&asked], "RecordedEvent"),
        used("gateway show", &[], "GatewayKind"),
        used("load", &[&component], "Loaded"),
        used("versions", &[], "Version"),
        used("changelog", &[], "ChangelogEntry"),
        used("changelog", &["--plugin", "bank"], "ChangelogEntry"),
        used("certify", &[NEW], "Certified"),
        used("bisect", &sides, "Bisected"),
        used("bisect", &["--base", OLD, "--candidate", OLD], "Bisected"),
        used("shadow", &[NEW, "--expect", &expect], "Track"),
        used("shadow", &[], "Track"),
        used("promote", &[NEW], "Differs"),
        used("promote", &[NEW, "--patch", "--preview"], "Promoted"),
        used("shadow", &[NEW, "--drop"], "DroppedShadow"),
        used("shadow", &[NEW], "Track"),
        used(
            "promote",
            &[NEW, "--force", "--reason", "agreed"],
            "Promoted",
        ),
        used("promote", &[NEW, "--tasks", "list"], "LateTasks"),
        used(
            "rollback",
            &["--reason", "statements went out twice"],
            "Promoted",
        ),
        used("activate", &[NEW, "--policy", "recorded"], "Activated"),
        used("doom", &[], "Dooms"),
        used("load", &[&doomed], "Loaded"),
        used("doom", &[doomed_version, "--keep-going"], "Dooms"),
        used("doom", &[doomed_version, "--forecast"], ""),
        used(
            "doom",
            &["--event", &doom, "--skip", "--preview"],
            "Forecast",
        ),
        used(
            "doom",
            &["--event", &doom, "--pin", pinned, "--reason", "old"],
            "RemedyReply",
        ),
        used(
            "doom",
            &["--event", &doom, "--unpin", "--reason", "new"],
            "RemedyReply",
        ),
        used("retire", &[OLD, "--why-not"], "WhyNot"),
        used(
            "retire",
            &[doomed_version, "--reason", "never went live"],
            "Retired",
        ),
        used("snapshot", &[], "Snapshot"),
        used("snapshot", &["--list"], "Snapshot"),
        used("append", &[&appended], "AppendedFile"),
        used("append", &[&appended], "AppendedFile"),
        used(
            "run",
            &[
                "bank.Deposit",
                r#"{"account": 1, "date": "1994-01-06", "amount": 7}"#,
            ],
            "CommandReply",
        ),
        used(
            "run",
            &[
                "bank.Deposit",
                r#"{"account": 1, "date": "1994-01-07", "amount": 7}"#,
                "--preview",
            ],
            "CommandReply",
        ),
        used(
            "run",
            &[
                "bank.Withdraw",
                r#"{"account": 1, "date": "1994-01-08", "amount": 99999999}"#,
            ],
            "CommandReply",
        ),
        used(
            "amend",
            &[&deposit, "--data", &payload, "--preview"],
            "AmendReply",
        ),
        used(
            "amend",
            &[&deposit, "--data", &payload, "--reason", "misread"],
            "AmendReply",
        ),
        used(
            "amend",
            &[&deposit, "--revert", "--reason", "it was right"],
            "AmendReply",
        ),
        used("undo", &[&asked, "--preview"], "Undone"),
        used("undo", &[&asked, "--reason", "never meant"], "Undone"),
        // Which a redaction empties.
        used("log", &["--limit", "3"], "HandlerLogLine"),
        used("redact", &[&doom, "--preview"], "RedactReply"),
        used(
            "redact",
            &[&doom, "--reason", "erasure was asked for"],
            "RedactReply",
        ),
        used("show", &[&doom], "RecordedEvent"),
        used("reconcile", &[], "Reconciled"),
        used("schedule set", &yearly, "CommandSchedule"),
        used("schedule pause", &["yearly"], "CommandSchedule"),
        used("schedule list", &[], "CommandSchedule"),
        used("schedule resume", &["yearly"], "CommandSchedule"),
        used("schedule run", &["yearly"], "CommandSchedule"),
        used("schedule list", &[], "CommandSchedule"),
        used("verify", &[], "Verified"),
        used("head", &[], "LogHead"),
    ]
}

/// Verbs that write JSON and that no server is asked for by an option; `same` takes directories and URLs alike.
const OF_A_DIRECTORY: &[&str] = &["diff", "export", "plugin inspect", "same", "token list"];

#[test]
fn every_verb_answers_the_same_json_for_a_directory_and_for_a_server() {
    let mut book = lively();
    let folder = book.folder().to_owned();
    let uses = uses(&book, &folder);
    let named = |name: &str| uses.iter().any(|it| it.verb == name);
    for (name, help) in verbs(&[]) {
        if !help.contains("--format") {
            continue;
        }
        match help.contains("--url") {
            // How long it took is in its answer: `callers` compares it.
            true if name == "replay" => {}
            true => assert!(named(&name), "nothing compares `daybook {name}`"),
            false => assert!(
                OF_A_DIRECTORY.contains(&name.as_str()),
                "`daybook {name}` is for a directory alone, and nothing says that it should be"
            ),
        }
    }
    let mut other = book.copy();
    let here = other.path().to_str().unwrap().to_owned();
    drop(other.take());
    let server = Server::of(book);
    for Use {
        verb,
        more,
        message,
    } in &uses
    {
        let words: Vec<&str> = verb.split(' ').collect();
        let more: Vec<&str> = more.iter().map(String::as_str).collect();
        let ask =
            |place: &[&str]| daybook(&[&words, place, &more[..], &["--format", "json"]].concat());
        let (code, data, talk) = ask(&[&here]);
        let (code_there, data_there, talk_there) = ask(&["--url", &server.url]);
        let what = format!("{verb} {more:?}\nhere: {talk}\nthere: {talk_there}");
        assert_eq!(masked(&data), masked(&data_there), "{what}");
        assert_eq!(code, code_there, "{what}");
        assert!(!data.is_empty(), "{what}");
        for line in data.lines().filter(|_| !message.is_empty()) {
            let json = serde_json::from_str(line).expect("JSON");
            assert_fits(message, &json);
        }
    }
    server.stop().assert_verified();
}

#[test]
fn whole_histories_are_compared_by_their_hashes_wherever_they_are() {
    let mut book = lively();
    let mut copy = book.copy();
    let path = copy.path().to_str().unwrap().to_owned();
    drop(copy.take());
    let server = Server::of(book);
    let (code, data, talk) = daybook(&["same", &path, &server.url, "--format", "json"]);
    let same: Json = serde_json::from_str(&data).expect(&talk);
    assert_fits("SameHistories", &same);
    assert_eq!(
        (code, &same["same"], &same["log"]),
        (0, &json!(true), &json!(true))
    );
    assert_eq!(same["one"], server.get("/hashes").json);
    // Another payload in one of them, and the changes are others.
    let deposited = json!({"account": 1, "date": "1994-02-08", "amount": 5});
    assert_eq!(
        server.post("/commands/bank.Deposit", &deposited).status,
        201
    );
    let (code, data, _) = daybook(&["same", &path, &server.url]);
    assert_eq!(code, 1, "{data}");
    assert!(data.starts_with("other changes, "), "{data}");
    server.stop().assert_verified();
}

#[test]
fn what_a_server_answers_fits_the_schema_of_its_message() {
    let server = Server::of(lively());
    let gets = [
        ("/", "Index"),
        ("/events", "Events"),
        ("/events/8", "RecordedEvent"),
        ("/versions", "Versions"),
        ("/changelog", "Changelog"),
        ("/state", "Tables"),
        ("/state/bank.account?hashes=true", "TablePage"),
        ("/state/bank.account/1", "TableRow"),
        ("/tasks", "Tasks"),
        ("/gateway", "GatewayKinds"),
        ("/gateway/note", "GatewayKind"),
        ("/schedules", "CommandSchedules"),
        ("/log", "HandlerLog"),
        ("/shadows", "Tracks"),
        ("/snapshots", "Snapshots"),
        ("/head", "LogHead"),
        ("/hashes", "HistoryHashes"),
        ("/versions/bank@1993-01-01/why-not", "WhyNot"),
    ];
    for (path, message) in gets {
        let answer = server.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        assert_fits(message, &answer.json);
    }
    let account = json!({"account": 3, "date": "1993-01-01"});
    let opened =
        json!({"type": "bank.AccountOpened", "data": {"account": 4, "opened": "1993-01-01"}});
    let sides = json!({"base": OLD, "candidate": "recorded"});
    let posts = [
        (
            "/query",
            json!({"sql": "SELECT 1.5, x'00', NULL"}),
            "QueryReply",
        ),
        ("/commands/bank.OpenAccount", account, "CommandReply"),
        ("/events", opened, "Appended"),
        ("/diff/commands", sides, "CommandsDiff"),
        ("/tasks/late", json!({}), "LateTasks"),
    ];
    for (path, asked, message) in posts {
        let answer = server.post(path, &asked);
        assert!(answer.status < 300, "{path}: {}", answer.text);
        assert_fits(message, &answer.json);
    }
    let refusals = [
        (
            "/commands/bank.Withdraw",
            json!({"account": 1, "date": "1994-01-01", "amount": 99_999_999}),
            422,
            "Rejected",
        ),
        (
            "/commands/bank.Deposit",
            json!({"account": "x"}),
            422,
            "Misfit",
        ),
        ("/query", json!({"text": "SELECT 1"}), 400, "Problem"),
    ];
    for (path, asked, status, members) in refusals {
        let answer = server.post(path, &asked);
        assert_eq!(answer.status, status, "{path}: {}", answer.text);
        assert_fits("Problem", &answer.json);
        assert_fits(members, &answer.json);
    }
    let absent = server.get("/state/bank.account/77");
    assert_eq!(absent.status, 404, "{}", absent.text);
    assert_fits("Absent", &absent.json);
    let api = server.get("/openapi.json").json;
    for (name, schema) in wire::schemas() {
        assert_eq!(api["components"]["schemas"][&name], schema, "{name}");
    }
}
