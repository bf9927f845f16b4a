//! A server whose ground gives way: its writer panics, its book is moved, its clock is set to another age.

use daybook::model::{clock, given};
use daybook::serve::serve;
use daybook_tests::{Server, TestBook};
use serde_json::json;

#[test]
fn a_writer_that_panicked_is_told_by_readiness_and_by_every_write() {
    let mut book = TestBook::with_guests(&["mutable-global"]);
    let serving = serve(book.take(), Server::options()).unwrap();
    let http = daybook_tests::Http::default();
    let url = format!("http://{}", serving.address());
    let ask = |method: &str, path: &str, body: Option<&[u8]>| {
        let json = [("content-type", "application/json")];
        http.ask(method, &format!("{url}{path}"), &json, body)
            .unwrap()
    };
    assert_eq!(ask("GET", "/readyz", None).status, 200);
    let (done, answer) = std::sync::mpsc::channel();
    let work = |_: &mut daybook::book::Book| -> daybook::model::Result<()> {
        panic!("the writer's own fault")
    };
    let told = Box::new(move |result| drop(done.send(result)));
    serving.hosted().writer().alone(work, told).unwrap();
    assert!(answer.recv().is_err(), "nobody is answered");
    // The writer ends a moment after what it was asked for.
    let begun = std::time::Instant::now();
    let mut ready = ask("GET", "/readyz", None);
    while ready.status == 200 && begun.elapsed().as_secs() < 10 {
        ready = ask("GET", "/readyz", None);
    }
    assert_eq!(ready.status, 503);
    assert!(
        ready.text.contains("has panicked: the writer's own fault"),
        "{}",
        ready.text
    );
    let refused = ask("POST", "/commands/counter.Do", Some(br#"{"n": 1}"#));
    assert_eq!(refused.status, 500);
    assert!(refused.text.contains("has panicked"), "{}", refused.text);
    assert_eq!(
        ask("GET", "/events", None).status,
        200,
        "what is there is still read"
    );
    let error = serving.stop().err().unwrap();
    assert!(error.message.contains("has panicked"), "{error}");
}

#[test]
fn a_served_book_that_was_moved_is_said_to_be_gone_and_found_where_it_was() {
    let book = TestBook::with_guests(&["asks-1"]);
    let (path, elsewhere) = (book.path(), book.folder().join("elsewhere"));
    let server = Server::of(book);
    std::fs::rename(&path, &elsewhere).unwrap();
    for path in ["/verify", "/diff/commands"] {
        let body = json!({"base": [], "candidate": []});
        let refused = server.post(path, &if path == "/verify" { json!({}) } else { body });
        if path == "/verify" {
            assert_eq!(
                (refused.status, refused.problem()),
                (503, "unavailable"),
                "{}",
                refused.text
            );
            assert!(
                refused.text.contains("log.db is not there"),
                "{}",
                refused.text
            );
        }
        assert_ne!(refused.status, 500, "{path}: {}", refused.text);
    }
    std::fs::rename(&elsewhere, &path).unwrap();
    assert_eq!(server.post("/verify", &json!({})).status, 200);
    server.stop().assert_verified();
}

#[test]
fn a_clock_before_1970_is_refused_in_words() {
    let mut book = TestBook::with_guests(&["mutable-global"]);
    let before = book.mark();
    given::begin(1, -1_000);
    let refused = book
        .command("counter.Do", json!({"n": 1}), false)
        .unwrap_err();
    assert!(
        refused.message.contains("clock shows 1969-12-31T23:59:59Z"),
        "{refused}"
    );
    given::end();
    assert_eq!(book.mark(), before);
    clock::check().unwrap();
}
