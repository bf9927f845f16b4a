//! What a book keeps from others: the modes of its files, tokens that got lost, and the keys of each caller.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use daybook::store::{BookDir, NewToken, TokenFile, TokenRole};
use daybook_tests::{Http, Server, TestBook, components, started};
use serde_json::json;

fn token(tokens: &TokenFile, name: &str) -> String {
    let made = tokens.create(NewToken {
        name: name.to_owned(),
        role: TokenRole::Operator,
        plugins: Vec::new(),
        expires: None,
    });
    format!("Bearer {}", made.unwrap())
}

/// Everything below a folder that somebody else could read or enter.
fn open_to_others(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let mode = fs::metadata(&folder).unwrap().permissions().mode() & 0o777;
        if mode != 0o700 {
            found.push(format!("{} {mode:o}", folder.display()));
        }
        for entry in fs::read_dir(&folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            if mode != 0o600 {
                found.push(format!("{} {mode:o}", path.display()));
            }
        }
    }
    found
}

#[test]
fn a_books_files_are_its_owners_alone_whatever_the_umask() {
    for umask in ["000", "022", "277"] {
        let folder = tempfile::tempdir().unwrap();
        let component = folder.path().join("deposit.wasm");
        fs::write(&component, components::plugin("deposit@2020-01-01")).unwrap();
        let book = folder.path().join("book");
        let script = format!(
            "set -e; umask {umask}; d={daybook}; b={book}
            $d init $b; $d load $b {component}; $d activate $b deposit@2020-01-01
            $d run $b deposit.Deposit '{{\"account\": 1, \"amount\": 1}}'
            $d snapshot $b; $d replay $b --as again; $d query $b --as-of 3 'SELECT 1'
            $d token create $b --role operator --name anna
            exec 3>&1; $d serve $b --listen 127.0.0.1:0 2>&3 & p=$!
            for i in $(seq 100); do test -f $b/server.json && break; sleep 0.05; done
            ls $b >&2; find $b -perm /077 >&2; kill $p; wait $p || true",
            daybook = env!("CARGO_BIN_EXE_daybook-under-test"),
            book = book.display(),
            component = component.display(),
        );
        let output = Command::new("bash").args(["-c", &script]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        for name in ["local-token", "server.json", "tokens.json"] {
            assert!(said.contains(name), "{said}");
        }
        assert!(
            !said.contains(&format!("{}/", book.display())),
            "while it is served: {said}"
        );
        assert_eq!(open_to_others(&book), Vec::<String>::new(), "umask {umask}");
    }
}

#[test]
fn a_book_that_was_left_open_to_others_is_closed_by_its_next_writer() {
    let mut book = TestBook::new();
    book.reopen_after(|path| {
        let folders = ["", "projections", "snapshots", "cache"].map(|name| path.join(name));
        for folder in &folders {
            for entry in fs::read_dir(folder).unwrap().flatten() {
                if entry.path().is_file() {
                    fs::set_permissions(entry.path(), Permissions::from_mode(0o644)).unwrap();
                }
            }
            fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
        }
        assert!(open_to_others(path).len() > folders.len());
    });
    assert_eq!(open_to_others(&book.path()), Vec::<String>::new());
}

#[test]
fn tokens_that_others_can_read_let_nobody_in() {
    let book = TestBook::with_guests(&["asks-1"]);
    let tokens = TokenFile::of(&BookDir::open(&book.path()).unwrap());
    let bearer = token(&tokens, "anna");
    let file = book.path().join("tokens.json");
    let server = Server::of(book);
    let ask = || server.ask("GET", "/events", &[("authorization", &*bearer)], None);
    assert_eq!(ask().status, 200);
    fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    let refused = ask();
    assert_eq!(refused.status, 500);
    assert!(
        refused.text.contains("is open to others (mode 644)"),
        "{}",
        refused.text
    );
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    assert_eq!(ask().status, 200);
}

#[test]
fn a_book_whose_tokens_got_lost_lets_nobody_in() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book");
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_daybook-under-test"))
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    let text = path.to_str().unwrap();
    run(&["init", text]);
    run(&[
        "token", "create", text, "--role", "reader", "--name", "anna",
    ]);
    fs::remove_file(path.join("tokens.json")).unwrap();
    let dummy = env!("CARGO_BIN_EXE_crash-dummy");
    let http = Http::default();
    let status = |address: &str| {
        let url = format!("http://{address}/events");
        http.ask("GET", &url, &[], None).unwrap().status
    };
    let (mut server, address) = started(dummy, text);
    assert_eq!(status(&address), 401);
    server.kill().unwrap();
    server.wait().unwrap();

    // Given while the book is served, to a server that nobody asks anything.
    let other = folder.path().join("other");
    let text = other.to_str().unwrap();
    run(&["init", text]);
    let (mut server, address) = started(dummy, text);
    assert_eq!(status(&address), 200);
    run(&[
        "token", "create", text, "--role", "reader", "--name", "anna",
    ]);
    server.kill().unwrap();
    server.wait().unwrap();
    fs::remove_file(other.join("tokens.json")).unwrap();
    let (mut server, address) = started(dummy, text);
    assert_eq!(status(&address), 401);
    server.kill().unwrap();
    server.wait().unwrap();
}

#[test]
fn an_idempotency_key_is_its_callers_own() {
    let book = TestBook::with_guests(&["mutable-global"]);
    let tokens = TokenFile::of(&BookDir::open(&book.path()).unwrap());
    let [anna, ben] = ["anna", "ben"].map(|name| token(&tokens, name));
    let server = Server::of(book);
    let uuid = "0193f0a0-0000-7000-8000-000000000001";
    for key in ["pay-1", uuid] {
        let run = |bearer: &str| {
            let headers = [("authorization", bearer), ("idempotency-key", key)];
            let answer = server.ask(
                "POST",
                "/commands/counter.Do",
                &headers,
                Some(r#"{"n": 1}"#),
            );
            assert_eq!(answer.status, 201, "{}", answer.text);
            let id = answer.json["command"].as_str().unwrap().to_owned();
            (id, answer.header("daybook-repeated").is_some())
        };
        let first = run(&anna);
        assert!(!first.1);
        assert_eq!(run(&anna), (first.0.clone(), true));
        let other = run(&ben);
        assert!(!other.1 && other.0 != first.0);
        assert_eq!(run(&ben), (other.0, true));
    }
    let mut book = server.stop();
    assert_eq!(book.log().commands(0, 10).unwrap().len(), 4);
    book.assert_verified();
}

#[test]
fn a_token_for_one_plugin_does_not_roll_back_what_another_activated() {
    let mut book = TestBook::with_guests(&["asks-1", "asks-2"]);
    book.load_active(components::guest("create-loop"));
    let before = book.lineup().to_string();
    let tokens = TokenFile::of(&BookDir::open(&book.path()).unwrap());
    let secret = tokens.create(NewToken {
        name: "loops".to_owned(),
        role: TokenRole::Operator,
        plugins: vec!["createloop".parse().unwrap()],
        expires: None,
    });
    let bearer = format!("Bearer {}", secret.unwrap());
    let server = Server::of(book);
    // What is no reason is not looked at either: the scope comes first.
    for body in [json!({"reason": "x"}).to_string(), "{".to_owned()] {
        for path in [
            "/rollback",
            "/versions/asks@2020-01-01/activate",
            "/versions/asks@2020-01-01/promote",
        ] {
            let refused = server.ask("POST", path, &[("authorization", &*bearer)], Some(&body));
            assert_eq!(
                (refused.status, refused.problem()),
                (403, "forbidden"),
                "{path}"
            );
        }
    }
    assert_eq!(server.stop().lineup().to_string(), before);
}
