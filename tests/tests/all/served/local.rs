//! Who is answered on this machine without a token: the user who serves the book, and what pages in a browser may do there.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;

use daybook::serve::ServeOptions;
use daybook::store::{BookDir, LocalToken, NewToken, TokenFile, TokenRole};
use daybook_tests::{Server, TestBook, not_run};
use serde_json::json;

const NOBODY: libc::uid_t = 65_534;

/// The answer to a request that another user of this machine sends. None where this process may not be another user.
fn as_another(address: SocketAddr, request: String) -> Option<String> {
    let asked = std::thread::spawn(move || {
        // SAFETY: it takes a number, and changes this thread alone, which ends soon. Asked again, it tells what holds.
        let now = unsafe {
            libc::setfsuid(NOBODY);
            libc::setfsuid(NOBODY)
        };
        if now.cast_unsigned() != NOBODY {
            return None;
        }
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        Some(answer)
    });
    asked.join().unwrap()
}

fn request(path: &str, more: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{more}\r\n")
}

fn is(answer: &str, status: u16) -> bool {
    answer.starts_with(&format!("HTTP/1.1 {status}"))
}

#[test]
fn without_tokens_another_user_of_this_machine_is_not_answered() {
    let book = TestBook::with_guests(&["asks-1"]);
    let local = BookDir::open(&book.path()).unwrap();
    let server = Server::of(book);
    assert_eq!(server.get("/events").status, 200, "the user who serves it");
    let address = server.address();
    let Some(refused) = as_another(address, request("/events", "")) else {
        return not_run("another user's requests", "only root can be another user");
    };
    assert!(is(&refused, 401), "{refused}");
    assert!(refused.contains("www-authenticate: Bearer"), "{refused}");
    let ask = |path, more: &str| as_another(address, request(path, more)).unwrap();
    assert!(is(&ask("/nowhere", ""), 401));
    assert!(is(&ask("/healthz", ""), 200));
    let wrong = format!("authorization: Bearer dbk_{}\r\n", "0".repeat(64));
    assert!(is(&ask("/events", &wrong), 401));
    let local = LocalToken::read(&local).unwrap().expect("it was made");
    let right = format!("authorization: Bearer {}\r\n", local.secret());
    assert!(is(&ask("/events", &right), 200));
    let book = server.stop();
    // Once there are tokens, it is good for nothing.
    let tokens = TokenFile::of(&BookDir::open(&book.path()).unwrap());
    let server = Server::of(book);
    let anna = NewToken {
        name: "anna".to_owned(),
        role: TokenRole::Operator,
        plugins: Vec::new(),
        expires: None,
    };
    tokens.create(anna).unwrap();
    let bearer = format!("Bearer {}", local.secret());
    let refused = server.ask("GET", "/events", &[("authorization", &bearer)], None);
    assert_eq!(refused.status, 401);
}

#[test]
fn an_open_loopback_asks_nobody_and_has_to_be_asked_for() {
    let options = ServeOptions {
        open_loopback: true,
        ..Server::options()
    };
    let server = Server::with(TestBook::with_guests(&["asks-1"]), options);
    match as_another(server.address(), request("/events", "")) {
        Some(answer) => assert!(is(&answer, 200), "{answer}"),
        None => not_run("another user's requests", "only root can be another user"),
    }
}

#[test]
fn the_command_line_shows_the_token_that_lies_in_the_books_directory() {
    let mut book = TestBook::with_guests(&["asks-1"]);
    let path = book.path();
    drop(book.take());
    let dir = BookDir::open(&path).unwrap();
    let local = LocalToken::made(&dir).unwrap();
    let lock = dir.lock().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let _announced = dir.announce(&lock, &url).unwrap();
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = vec![0; 4_096];
        let count = stream.read(&mut head).unwrap();
        stream
            .write_all(b"HTTP/1.1 401 no\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            .unwrap();
        String::from_utf8_lossy(&head[..count]).to_lowercase()
    });
    let output = Command::new(env!("CARGO_BIN_EXE_daybook-under-test"))
        .env_remove("DAYBOOK_TOKEN")
        .args(["activate", path.to_str().unwrap(), "asks@2020-01-01"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(6), "{output:?}");
    let head = asked.join().unwrap();
    let expected = format!("authorization: bearer {}", local.secret());
    assert!(head.contains(&expected), "{head}");
}

#[test]
fn what_a_form_can_send_changes_nothing_and_what_is_no_browsers_comes_as_curl_sends_it() {
    let mut book = TestBook::with_guests(&["mutable-global"]);
    let before = book.mark();
    let server = Server::of(book);
    let origin = server.url.clone();
    let form = "application/x-www-form-urlencoded";
    let curl = ("user-agent", "curl/8.5.0");
    let firefox = ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0)");
    let site = |site| ("sec-fetch-site", site);
    let json = ("content-type", "application/json; charset=utf-8");
    let post = |path: &str, headers: &[(&str, &str)], body: Option<&str>| {
        let body = body.map(str::as_bytes);
        server.send("POST", path, headers, body).status
    };
    let command = "/commands/counter.Do?preview=true";
    let body = Some(r#"{"n": 1}"#);
    for (headers, status) in [
        (vec![curl, ("content-type", form)], 200),
        (vec![curl], 200),
        (vec![json, ("origin", &*origin), site("same-origin")], 200),
        (vec![("content-type", "text/plain")], 415),
        (
            vec![("content-type", "Text/Plain; x=application/json")],
            415,
        ),
        (
            vec![("content-type", "multipart/form-data; boundary=x")],
            415,
        ),
        (vec![firefox, ("content-type", form)], 415),
        (vec![("content-type", form), ("origin", &*origin)], 415),
        (vec![("content-type", form), site("none")], 415),
        (
            vec![("referer", "http://localhost/"), ("content-type", form)],
            415,
        ),
        (vec![firefox], 415),
        (vec![json, site("cross-site")], 403),
        (vec![json, ("origin", "https://evil.example")], 403),
        (vec![json, ("origin", "null")], 403),
    ] {
        assert_eq!(post(command, &headers, body), status, "{headers:?}");
    }
    // A request without a body is a form's too.
    assert_eq!(post("/verify", &[firefox], None), 415);
    assert_eq!(
        post("/verify", &[firefox, ("content-type", form)], None),
        415
    );
    assert_eq!(post("/verify", &[firefox, json], None), 200);
    assert_eq!(post("/verify", &[curl], None), 200);
    for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"] {
        for headers in [
            [("origin", "https://evil.example")],
            [("host", "evil.example")],
        ] {
            let status = server.ask(method, "/gateway/note", &headers, None).status;
            assert_eq!(status, 403, "{method} {headers:?}");
        }
    }
    let links = server.ask("GET", "/events", &[site("cross-site")], None);
    assert_eq!(links.status, 200, "a link is followed");
    assert_eq!(server.stop().mark(), before);
}

#[test]
fn with_tokens_a_page_is_answered_where_it_came_from_alone() {
    let book = TestBook::with_guests(&["mutable-global"]);
    let tokens = TokenFile::of(&BookDir::open(&book.path()).unwrap());
    let server = Server::of(book);
    let secret = tokens.create(NewToken {
        name: "anna".to_owned(),
        role: TokenRole::Operator,
        plugins: Vec::new(),
        expires: None,
    });
    let bearer = format!("Bearer {}", secret.unwrap());
    let get = |more: &[(&str, &str)]| {
        let headers = [&[("authorization", &*bearer)], more].concat();
        server.ask("GET", "/events", &headers, None).status
    };
    let host = ("host", "book.example");
    assert_eq!(get(&[host]), 200);
    assert_eq!(get(&[host, ("origin", "https://book.example")]), 200);
    assert_eq!(get(&[host, ("origin", "https://evil.example")]), 403);
    // Behind a server that names another host: the browser itself says that the page is its own.
    let own = ("sec-fetch-site", "same-origin");
    assert_eq!(get(&[host, own, ("origin", "https://books.example")]), 200);
}

#[test]
fn every_answer_says_what_a_browser_must_not_do_with_it() {
    let server = Server::of(TestBook::with_guests(&["asks-1"]));
    let expected = [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        ("cross-origin-resource-policy", "same-origin"),
    ];
    let evil = [("origin", "https://evil.example")];
    let answers = [
        server.get("/"),
        server.get("/events"),
        server.get("/nowhere"),
        server.get("/healthz"),
        server.get("/metrics"),
        server.get("/api"),
        server.ask("DELETE", "/", &[], None),
        server.post("/verify", &json!({})),
        server.post("/commands/asks.Nope", &json!({})),
        server.ask("GET", "/", &evil, None),
    ];
    for answer in &answers {
        for (name, value) in expected {
            assert_eq!(answer.header(name), Some(value), "{} {name}", answer.text);
        }
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    }
    let tag = server.get("/events").header("etag").unwrap().to_owned();
    let known = server.ask("GET", "/events", &[("if-none-match", &tag)], None);
    assert_eq!(
        (known.status, known.header("cache-control")),
        (304, Some("no-store"))
    );
}

#[test]
fn the_page_of_the_description_is_reached_with_tokens_and_runs_its_own_script_alone() {
    let book = TestBook::with_guests(&["asks-1"]);
    let tokens = TokenFile::of(&BookDir::open(&book.path()).unwrap());
    let server = Server::of(book);
    let anna = NewToken {
        name: "anna".to_owned(),
        role: TokenRole::Reader,
        plugins: Vec::new(),
        expires: None,
    };
    let secret = tokens.create(anna).unwrap();
    let page = server.get("/api");
    assert_eq!(page.status, 200, "{}", page.text);
    assert_eq!(server.get("/openapi.json").status, 401);
    let bearer = format!("Bearer {secret}");
    let same = [
        ("authorization", &*bearer),
        ("sec-fetch-site", "same-origin"),
    ];
    assert_eq!(server.ask("GET", "/openapi.json", &same, None).status, 200);
    let policy = page.header("content-security-policy").unwrap();
    assert!(!policy.contains("unsafe-inline"), "{policy}");
    assert_eq!(policy.matches("'sha256-").count(), 2, "{policy}");
}
