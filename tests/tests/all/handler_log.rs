//! What becomes of what a handler calls beside rows, wherever it runs: lines of its log are kept where its work was to be
//! kept, and nowhere else; its tasks are recorded with its event alone.

use daybook::book::{Reader, Request};
use daybook::history::silent;
use daybook::model::{Level, Seq};
use daybook::repair::RedactRequest;
use daybook::store::{HandlerLogFilter, NumberedLine, TaskFilter};
use daybook::study::Picked;
use daybook::versions::Policy;
use daybook_tests::{Server, TestBook, accepted, event, guest, redated_guest, version};
use serde_json::json;

fn lines(book: &TestBook, filter: &HandlerLogFilter) -> Vec<NumberedLine> {
    let reader = Reader::beside(&book.path()).unwrap();
    let told = daybook::verbs::Reads::handler_log(&reader, filter, 1_000).unwrap();
    let found = book.log().handler_log(filter, 1_000).unwrap();
    assert_eq!(told.len(), found.len());
    found
}

fn messages(book: &TestBook) -> Vec<String> {
    let all = lines(book, &HandlerLogFilter::default()).into_iter();
    all.map(|it| it.line.message).collect()
}

fn tasks(book: &TestBook) -> usize {
    let all = book.log().tasks(&TaskFilter::default(), 1_000);
    all.unwrap().len()
}

fn happened(n: i64) -> daybook::book::Incoming {
    event("logs.Happened", json!({"n": n}))
}

#[test]
fn lines_and_tasks_are_kept_where_an_event_is_and_nowhere_else() {
    let mut book = TestBook::with_guests(&["logs"]);
    // Live: an event, and a command with its event.
    book.append_one(happened(1)).unwrap();
    let reply = book.command("logs.Do", json!({"n": 2}), false).unwrap();
    let command = reply.command_id.to_string();
    let seq = accepted(reply)[0].event.seq;
    let live = ["handled 1", "asked 2", "handled 2"];
    assert_eq!(messages(&book), live);
    let all = lines(&book, &HandlerLogFilter::default());
    let asked = &all[1].line;
    assert_eq!((asked.event, asked.level), (None, Level::Warn));
    assert_eq!(asked.command.as_deref(), Some(&*command));
    assert_eq!(
        (&*asked.about, asked.by.as_deref()),
        ("logs.Do", Some("logs@2020-01-01"))
    );
    let of_event = HandlerLogFilter {
        event: Some(seq),
        ..HandlerLogFilter::default()
    };
    assert_eq!(lines(&book, &of_event), all[2..]);
    let of_command = HandlerLogFilter {
        command: Some(command),
        ..HandlerLogFilter::default()
    };
    assert_eq!(lines(&book, &of_command), all[1..]);
    let after = HandlerLogFilter {
        after: Some(all[0].number),
        ..HandlerLogFilter::default()
    };
    assert_eq!(lines(&book, &after), all[1..]);
    assert_eq!(tasks(&book), 2);

    // A preview shows its lines, and keeps none.
    let preview = book.command("logs.Do", json!({"n": 3}), true).unwrap();
    assert_eq!(preview.log[0].message, "asked 3");
    // Replays, comparisons, verification, shadows, certification, and catching up.
    book.replay(&Picked::Recorded, None, "again", &mut silent())
        .unwrap();
    book.assert_verified();
    let other = redated_guest("logs", "2020-02-01");
    book.load(&other).unwrap();
    book.certify(&version("logs@2020-02-01")).unwrap();
    let second = version("logs@2020-02-01");
    book.shadow(&second, Policy::Pinned, "", &mut silent())
        .unwrap();
    book.reopen_after(|path| {
        let live = std::fs::read_dir(path.join("projections")).unwrap();
        for file in live.map(|entry| entry.unwrap().path()) {
            std::fs::remove_file(file).unwrap();
        }
    });
    book.assert_verified();
    assert_eq!(messages(&book), live);
    assert_eq!(tasks(&book), 2);
}

#[test]
fn what_is_refused_is_heard_all_the_same_without_a_position() {
    let mut book = TestBook::with_guests(&["logs"]);
    book.append_one(happened(13)).unwrap_err();
    book.command("logs.Do", json!({"n": 12}), false).unwrap();
    book.command("logs.Do", json!({"n": 13}), false)
        .unwrap_err();
    let expected = [
        "handled 13",
        "thirteen",
        "asked 12",
        "asked 13",
        "handled 13",
        "thirteen",
    ];
    assert_eq!(messages(&book), expected);
    let all = lines(&book, &HandlerLogFilter::default());
    assert!(all.iter().all(|it| it.line.event.is_none()), "{all:?}");
    assert_eq!(tasks(&book), 0);
}

#[test]
fn lines_are_bounded_for_an_event_and_for_the_book_and_a_redaction_empties_them() {
    let mut book = TestBook::with_guests(&["logs"]);
    let bytes = |book: &TestBook| -> usize { messages(book).iter().map(String::len).sum() };
    book.append_one(happened(90_000)).unwrap();
    let of_one = bytes(&book);
    assert!((60_000..70_000).contains(&of_one), "{of_one}");
    assert!(
        messages(&book).last().unwrap().contains("the rest"),
        "it says that it was cut"
    );
    for _ in 0..80 {
        book.append_one(happened(60_000)).unwrap();
    }
    let all = book
        .log()
        .handler_log(&HandlerLogFilter::default(), 1 << 20)
        .unwrap();
    let kept: usize = all.iter().map(|it| it.line.message.len()).sum();
    assert!((3_000_000..=4 << 20).contains(&kept), "{kept}");
    assert_eq!(all.last().unwrap().line.event, Some(book.head()));
    assert!(all[0].line.event > Some(Seq(20)), "the oldest made room");
    let request = RedactRequest {
        seq: book.head(),
        reason: "asked for".to_owned(),
        replacement: None,
        actor: None,
    };
    book.redact(&request, &mut silent()).unwrap();
    assert_eq!(messages(&book), Vec::<String>::new());
    book.assert_verified();
}

#[test]
fn a_server_tells_what_was_logged_page_by_page() {
    let mut book = TestBook::with_guests(&["logs"]);
    book.load_active(guest("asks-1"));
    let server = Server::of(book);
    for n in 1..=5 {
        let sent = server.post(
            "/events",
            &json!({"type": "logs.Happened", "data": {"n": n}}),
        );
        assert_eq!(sent.status, 201, "{}", sent.text);
    }
    let newest = server.get("/log?limit=2").json;
    let texts = |page: &serde_json::Value| -> Vec<String> {
        let lines = page["lines"].as_array().unwrap().iter();
        lines
            .map(|line| line["message"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(texts(&newest), ["handled 4", "handled 5"]);
    let mut seen = Vec::new();
    let mut after = 0;
    loop {
        let page = server.get(&format!("/log?limit=2&after={after}")).json;
        if texts(&page).is_empty() {
            assert_eq!(page["next"], after);
            break;
        }
        seen.extend(texts(&page));
        after = page["next"].as_u64().unwrap();
    }
    assert_eq!(
        seen,
        [
            "handled 1",
            "handled 2",
            "handled 3",
            "handled 4",
            "handled 5"
        ]
    );
    let mut book = server.stop();
    let preview = Request {
        command_type: "logs.Do".to_owned(),
        data: r#"{"n": 1}"#.to_owned(),
        preview: true,
        ..Request::default()
    };
    book.run(preview).unwrap();
    assert_eq!(messages(&book).len(), 5);
}
