//! The driver `fetch`: an answer from outside becomes a command once, whatever happens in between; and what does not is told.

use daybook_tests::outside::{Outside, answer};
use daybook_tests::{Server, TestBook, plugin};
use serde_json::{Value as Json, json};

use super::{act, tasks, until, with_folder};

const VERSIONS: [&str; 3] = [
    "appointment@2020-01-01",
    "appointment@2020-03-01",
    "appointment@2020-05-01",
];

fn appointments() -> TestBook {
    let mut book = TestBook::new();
    for version in VERSIONS {
        book.load_active(plugin(version));
    }
    book
}

/// Has lists fetched from a server; the options stand beside the driver.
fn fetched_from(server: &Server, outside: &Outside, options: Json) {
    let mut config = json!({
        "driver": {"fetch": {
            "url": format!("{}/list/{{year}}.json", outside.url),
            "command": "appointment.TakeYear", "member": "holidays", "asked": "asked",
        }},
        "backoff": "5ms..40ms",
    });
    for (name, value) in options.as_object().expect("options") {
        config[name] = value.clone();
    }
    let set = server.ask("PUT", "/gateway/holidays", &[], Some(&config.to_string()));
    assert_eq!(set.status, 200, "{}", set.text);
}

fn ask(server: &Server, year: u16) {
    let asked = server.post(
        "/commands/appointment.AskForHolidays",
        &json!({"year": year}),
    );
    assert_eq!(asked.status, 201, "{}", asked.text);
}

fn days(server: &Server) -> Json {
    server.get("/state/appointment.holiday").json["rows"].clone()
}

const LIST: &str = r#"[{"date": "2031-05-01", "name": "Labour Day"}]"#;

#[test]
fn the_answer_is_a_command_and_only_what_it_changes_are_events() {
    let outside = Outside::answering(|_, number| match number {
        0 => answer("503 Busy", "later"),
        _ => answer("200 OK", LIST),
    });
    let server = Server::of(appointments());
    fetched_from(&server, &outside, json!({}));
    ask(&server, 2031);
    let done = until(&server, 1, "done").remove(0);
    assert_eq!(done["tries"], 2, "it was tried again");
    let result: Json = serde_json::from_str(done["result"].as_str().unwrap()).unwrap();
    assert_eq!(
        result["command"], done["id"],
        "the command has the task's id"
    );
    assert_eq!(
        days(&server),
        json!([{"date": "2031-05-01", "name": "Labour Day"}])
    );
    let head = server.get("/").json["head"].as_u64().unwrap();
    ask(&server, 2031);
    let second = until(&server, 2, "done").remove(1);
    let result: Json = serde_json::from_str(second["result"].as_str().unwrap()).unwrap();
    assert_eq!(result["events"], json!([]), "nothing is new");
    assert_eq!(
        server.get("/").json["head"],
        head + 1,
        "but that it was asked"
    );
    let asked = outside.asked();
    assert_eq!(asked.len(), 3);
    assert!(
        asked[0].starts_with("GET /list/2031.json HTTP/1.1\r\n"),
        "{}",
        asked[0]
    );
    server.stop().assert_verified();
}

#[test]
fn a_task_whose_command_was_run_asks_nobody_again() {
    let outside = Outside::answering(|_, _| answer("200 OK", "[]"));
    let server = Server::of(appointments());
    ask(&server, 2031);
    let task = tasks(&server, "").remove(0);
    // As if the process had ended between the command's commit and the task's.
    let list: Json = serde_json::from_str(LIST).unwrap();
    let taken = json!({"asked": {"year": 2031}, "holidays": list}).to_string();
    let key = [("idempotency-key", task["id"].as_str().unwrap())];
    let ran = server.ask("POST", "/commands/appointment.TakeYear", &key, Some(&taken));
    assert_eq!(ran.status, 201, "{}", ran.text);
    fetched_from(&server, &outside, json!({}));
    let done = until(&server, 1, "done").remove(0);
    let result: Json = serde_json::from_str(done["result"].as_str().unwrap()).unwrap();
    assert_eq!(
        result["events"],
        json!([ran.json["events"][0]["event"]["seq"]])
    );
    assert_eq!(outside.asked(), Vec::<String>::new());
    assert_eq!(days(&server), list);
    server.stop().assert_verified();
}

#[test]
fn what_cannot_become_a_command_is_dead_and_says_why() {
    let large = format!("\"{}\"", "x".repeat(2 << 20));
    let redirect = "HTTP/1.1 302 Go\r\nlocation: /list/2031.json\r\ncontent-length: 0\r\n\r\n";
    let outside = Outside::answering(move |head, _| match head {
        _ if head.contains("/2031") => answer("200 OK", LIST),
        _ if head.contains("/2032") => redirect.to_owned(),
        _ if head.contains("/2033") => answer("404 Not Found", "no such list"),
        _ if head.contains("/2034") => answer("200 OK", &large),
        _ if head.contains("/2035") => answer("200 OK", "<html>"),
        // The list of another year.
        _ => answer("200 OK", LIST),
    });
    let server = Server::of(appointments());
    fetched_from(&server, &outside, json!({}));
    for (at, (year, why)) in [
        (2032, "302"),
        (2033, "404 no such list"),
        (2034, "more than the 1048576 bytes"),
        (2035, "holidays"),
        (2036, "rejected: another-year"),
    ]
    .iter()
    .enumerate()
    {
        ask(&server, *year);
        let dead = until(&server, at + 1, "dead").remove(at);
        assert_eq!(dead["tries"], 1, "{dead}");
        let said = server
            .get(&format!("/tasks/{}", dead["id"].as_str().unwrap()))
            .text;
        assert!(said.contains(why), "{year}: {said}");
    }
    assert_eq!(outside.asked().len(), 5, "a redirect is not followed");
    // Put back by an operator it is another command, and another answer is taken.
    let dead = until(&server, 5, "dead").remove(4);
    let edited = act(&server, &dead, "edit", Some(json!({"year": 2031})));
    assert_eq!(edited.status, 200, "{}", edited.text);
    act(&server, &dead, "retry", None);
    until(&server, 1, "done");
    assert_eq!(days(&server)[0]["date"], "2031-05-01");
    server.stop().assert_verified();
}

#[test]
fn a_slow_answer_is_given_up_and_a_secret_is_sent_and_never_shown() {
    let outside = Outside::answering(|_, number| {
        if number == 0 {
            std::thread::sleep(std::time::Duration::from_secs(2));
        }
        answer("200 OK", LIST)
    });
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "hunter2\n").unwrap();
    let server = with_folder(appointments(), folder.path());
    let url = format!("{}/list/{{year}}.json", outside.url);
    let fetch = json!({"url": url, "command": "appointment.TakeYear", "member": "holidays",
                       "asked": "asked", "secret": {"file": secret}});
    fetched_from(
        &server,
        &outside,
        json!({"driver": {"fetch": fetch}, "timeout": "200ms"}),
    );
    ask(&server, 2031);
    let done = until(&server, 1, "done").remove(0);
    assert_eq!(done["tries"], 2);
    let asked = outside.asked().remove(1);
    assert!(
        asked.contains("authorization: Bearer hunter2\r\n"),
        "{asked}"
    );
    let shown = server.get(&format!("/tasks/{}", done["id"].as_str().unwrap()));
    for text in [shown.text, server.get("/gateway").text] {
        assert!(!text.contains("hunter2"), "{text}");
    }
    for bad in [
        json!({"url": "ftp://a.example", "command": "a.B"}),
        json!({"url": "https://a.example", "command": "nothing"}),
        json!({"url": "https://a.example", "command": "a.B", "asked": "b"}),
        json!({"url": "https://a.example?token=hunter2", "command": "a.B"}),
    ] {
        let config = json!({"driver": {"fetch": bad}}).to_string();
        let refused = server.ask("PUT", "/gateway/other", &[], Some(&config));
        assert_eq!(refused.status, 400, "{}", refused.text);
    }
    server.stop().assert_verified();
}
