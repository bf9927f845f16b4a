//! A served book operated from outside: versions loaded and put in force, verification, and, below, the command line's
//! verbs and the traces of requests.

mod traces;
mod verbs;

use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use daybook::store::{BookDir, NewToken, TokenFile, TokenRole};
use daybook_tests::{Server, TestBook, event, plugin};
use serde_json::{Value as Json, json};

const OLD: &str = "bank@1993-01-01";
const NEW: &str = "bank@1994-01-01";
const WASM: (&str, &str) = ("content-type", "application/wasm");

fn bank() -> TestBook {
    TestBook::with_plugins(&[OLD])
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The `daybook` command as a process of its own.
fn daybook(arguments: &[&str]) -> Output {
    daybook_with(arguments, &[])
}

fn daybook_with(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_daybook-under-test"))
        .args(arguments)
        .env_remove("DAYBOOK_TOKEN")
        .envs(environment.iter().copied())
        .output()
        .expect("the command runs")
}

fn token(book: &TestBook, name: &str, role: TokenRole, plugins: &[&str]) -> String {
    let tokens = TokenFile::of(&BookDir::open(&book.path()).unwrap());
    let plugins = plugins.iter().map(|name| name.parse().unwrap()).collect();
    let secret = tokens.create(NewToken {
        name: name.to_owned(),
        role,
        plugins,
        expires: None,
    });
    secret.unwrap()
}

#[test]
fn a_version_is_loaded_put_in_force_and_verified_over_http() {
    let server = Server::of(bank());
    let load = |bytes: &[u8]| server.send("POST", "/versions", &[WASM], Some(bytes));
    let loaded = load(plugin(NEW));
    assert_eq!(loaded.status, 201, "{}", loaded.text);
    assert_eq!(loaded.json["version"], "1994-01-01");
    assert!(!loaded.json["changes"].as_array().unwrap().is_empty());
    let again = load(plugin(NEW));
    assert_eq!((again.status, &again.json["already"]), (200, &json!(true)));
    let nonsense = load(b"not a component");
    assert_eq!((nonsense.status, nonsense.problem()), (400, "malformed"));
    assert_eq!(nonsense.json["kind"], "refused");
    let untyped = server.post("/versions", &json!({}));
    assert_eq!((untyped.status, untyped.problem()), (415, "media-type"));

    let activate =
        |version: &str, body: Json| server.post(&format!("/versions/{version}/activate"), &body);
    let pinned = json!({"policy": "pinned"});
    let unknown = activate("bank@2001-01-01", pinned.clone());
    assert_eq!((unknown.status, unknown.problem()), (404, "unknown"));
    for body in [json!({}), json!({"policy": "other"}), json!([])] {
        assert_eq!(activate(NEW, body).status, 400);
    }
    assert_eq!(activate("bank", pinned.clone()).status, 400);
    let activated = activate(NEW, pinned.clone());
    assert_eq!(activated.status, 200, "{}", activated.text);
    // The reply came after the new state was made public.
    assert_eq!(server.get("/").json["lineup"], activated.json["lineup"]);
    assert_eq!(server.get("/").json["head"], activated.json["seq"]);
    let twice = activate(NEW, pinned);
    assert_eq!((twice.status, twice.problem()), (409, "already"));

    let verified = server.ask("POST", "/verify", &[], None);
    assert_eq!(verified.status, 200, "{}", verified.text);
    assert_eq!(verified.json["holds"], true);
    assert_eq!(verified.json["events"], activated.json["seq"]);
    server.stop().assert_verified();
}

#[test]
fn verification_over_http_and_by_the_command_line_names_what_does_not_hold() {
    let mut book = TestBook::with_guests(&["unordered-sql"]);
    for n in 0..3 {
        let data = json!({ "n": n });
        book.append_one(event("unordered.Happened", data)).unwrap();
    }
    let path = book.path();
    let server = Server::of(book);
    let verified = server.ask("POST", "/verify", &[], None);
    assert_eq!(
        (verified.status, &verified.json["holds"]),
        (200, &json!(false))
    );
    let problem = verified.json["problem"].as_str().unwrap();
    assert!(
        problem.contains("(unordered.Happened) has other effects"),
        "{problem}"
    );
    let output = daybook(&["verify", "--url", &server.url]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stdout(&output).contains(problem));
    assert_eq!(
        daybook(&["verify", path.to_str().unwrap()]).status.code(),
        Some(1)
    );
}

#[test]
fn what_operators_do_takes_an_operators_token_for_that_plugin() {
    let book = bank();
    let writer = token(&book, "till", TokenRole::Writer, &[]);
    let other = token(&book, "poker", TokenRole::Operator, &["poker"]);
    let operator = token(&book, "anna", TokenRole::Operator, &["bank"]);
    let before = book.head();
    let server = Server::of(book);
    let bearer = |token: &str| format!("Bearer {token}");
    let activate = format!("/versions/{NEW}/activate");
    let body = br#"{"policy": "pinned"}"#;
    let ask = |token: &str, path: &str, body: &[u8]| {
        let kind = if path == "/versions" {
            WASM.1
        } else {
            "application/json"
        };
        let headers = [("authorization", &*bearer(token)), ("content-type", kind)];
        server.send("POST", path, &headers, Some(body)).status
    };
    for path in ["/versions", &activate, "/verify"] {
        assert_eq!(ask(&writer, path, b""), 403, "{path}");
    }
    assert_eq!(ask(&other, "/versions", plugin(NEW)), 403);
    assert_eq!(ask(&other, &activate, body), 403);
    assert_eq!(server.alone(|book| book.head()), before, "nothing was done");
    assert_eq!(ask(&operator, "/versions", plugin(NEW)), 201);
    assert_eq!(ask(&operator, &activate, body), 200);

    // The command line takes the token as an option, or out of the environment.
    let url = ["--url", &server.url];
    let run = |more: &[&str], environment: &[(&str, &str)]| {
        let deposit = ["bank.OpenAccount", r#"{"account": 1}"#];
        daybook_with(&[&["run"], &url[..], &deposit, more].concat(), environment)
    };
    let without = run(&[], &[]);
    assert_eq!(without.status.code(), Some(6));
    assert!(
        stderr(&without).contains("DAYBOOK_TOKEN"),
        "{}",
        stderr(&without)
    );
    assert_eq!(run(&["--token", &writer], &[]).status.code(), Some(0));
    // Whom the token names is the actor, and nobody else.
    let other = run(&["--actor", "somebody"], &[("DAYBOOK_TOKEN", &writer)]);
    assert!(
        stderr(&other).contains("'till', and not 'somebody'"),
        "{}",
        stderr(&other)
    );
}

#[test]
fn commands_go_on_while_a_version_is_loaded_and_while_the_book_is_verified() {
    let mut book = TestBook::with_plugins(&["deposit@2020-01-01", OLD]);
    for batch in 0..20 {
        let deposit = |n: u64| {
            event(
                "deposit.Deposited",
                json!({"account": (batch * 1_000 + n) % 500, "amount": 1}),
            )
        };
        book.append((0..1_000).map(deposit).collect()).unwrap();
    }
    let server = Server::of(book);
    let answered = AtomicU64::new(0);
    let done = AtomicBool::new(false);
    let (verified, meanwhile) = std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut account = 0;
            while !done.load(Ordering::Relaxed) {
                account += 1;
                let reply = server.post("/commands/bank.OpenAccount", &json!({"account": account}));
                assert_eq!(reply.status, 201, "{}", reply.text);
                answered.fetch_add(1, Ordering::Relaxed);
            }
        });
        while answered.load(Ordering::Relaxed) == 0 {
            std::thread::yield_now();
        }
        let loading = scope.spawn(|| server.send("POST", "/versions", &[WASM], Some(plugin(NEW))));
        let before = answered.load(Ordering::Relaxed);
        let verified = server.ask("POST", "/verify", &[], None);
        let meanwhile = answered.load(Ordering::Relaxed) - before;
        assert_eq!(loading.join().unwrap().status, 201);
        done.store(true, Ordering::Relaxed);
        (verified, meanwhile)
    });
    assert_eq!(verified.json["holds"], true, "{}", verified.text);
    // Only what was there when it was asked for is told, and the book went on behind that.
    let events = verified.json["events"].as_u64().unwrap();
    let head = server.get("/").json["head"].as_u64().unwrap();
    assert!(events > 20_000 && head > events, "{events} of {head}");
    assert!(
        meanwhile > 20,
        "{meanwhile} commands were answered meanwhile"
    );
    server.stop().assert_verified();
}
