//! What one receiver or one kind of task can take of everybody else's time, and where on the machine tasks may reach.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use daybook::gateway::Printer;
use daybook::serve::ServeOptions;
use daybook_tests::{Server, TestBook};
use serde_json::{Value as Json, json};

use super::receiver::Receiver;
use super::{ask, served, set, tasks, until, with_folder};

/// A receiver that says this to each connection, a piece every so often, without end.
fn speaking(begin: &'static str, piece: &'static str) -> (String, Arc<Mutex<usize>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(0));
    let counted = asked.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream: TcpStream = stream.unwrap();
            *counted.lock().unwrap() += 1;
            std::thread::spawn(move || {
                let _ = stream.read(&mut [0; 65_536]);
                let mut said = stream.write_all(begin.as_bytes());
                while said.is_ok() {
                    std::thread::sleep(Duration::from_millis(50));
                    said = stream.write_all(piece.as_bytes());
                }
            });
        }
    });
    (url, asked)
}

fn set_webhook(server: &Server, url: &str, more: Json) {
    let mut config = json!({"driver": {"webhook": {"url": url}}, "backoff": "5ms..40ms"});
    for (name, value) in more.as_object().unwrap() {
        config[name] = value.clone();
    }
    let set = server.ask("PUT", "/gateway/note", &[], Some(&config.to_string()));
    assert_eq!(set.status, 200, "{}", set.text);
}

#[test]
fn a_success_counts_once_its_head_is_read_however_long_the_rest_takes() {
    let endless = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let (url, asked) = speaking(endless, "1\r\nx\r\n");
    let server = Server::of(TestBook::with_guests(&["asks-1"]));
    let begun = Instant::now();
    set_webhook(
        &server,
        &url,
        json!({"ordered": true, "timeout": "500ms", "tries": 3}),
    );
    for n in 1..=3 {
        ask(&server, json!({"n": n, "key": "a"}));
    }
    let done = until(&server, 3, "done");
    assert!(done.iter().all(|task| task["tries"] == 1), "{done:?}");
    assert_eq!(*asked.lock().unwrap(), 3, "each went out once");
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
}

#[test]
fn a_head_that_never_ends_is_given_up_in_time() {
    let (url, _) = speaking("HTTP/1.1 200 OK\r\n", "x-more: 1\r\n");
    let server = Server::of(TestBook::with_guests(&["asks-1"]));
    set_webhook(&server, &url, json!({"timeout": "300ms", "tries": 1}));
    ask(&server, json!({"n": 1}));
    let dead = until(&server, 1, "dead");
    assert_eq!(dead[0]["result"], "no answer within 300ms");
}

#[test]
fn a_kind_that_is_held_up_holds_up_no_other_and_its_time_is_over_all_the_same() {
    let receiver = Receiver::willing();
    let (release, held) = channel::<()>();
    let held = Mutex::new(held);
    let options = ServeOptions {
        printer: Some(Printer(Arc::new(move |_: &str| {
            // Until the test is done with it.
            let _ = held.lock().unwrap().recv_timeout(Duration::from_secs(20));
        }))),
        ..Server::options()
    };
    let server = Server::with(TestBook::with_guests(&["asks-1"]), options);
    let config = json!({"driver": {"stdout": {}}, "timeout": "200ms", "tries": 1});
    let put = server.ask("PUT", "/gateway/letter", &[], Some(&config.to_string()));
    assert_eq!(put.status, 200, "{}", put.text);
    set(&server, "note", &receiver, json!({}));
    for n in 1..=8 {
        ask(&server, json!({"n": n, "kind": "letter"}));
    }
    ask(&server, json!({"n": 9}));
    let begun = Instant::now();
    until(&server, 1, "done");
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
    let dead = until(&server, 8, "dead");
    assert!(
        dead.iter()
            .all(|task| task["result"] == "no answer within 200ms"),
        "{dead:?}"
    );
    drop(release);
}

#[test]
fn a_mail_to_twenty_thousand_is_refused_in_words_and_others_go_on() {
    let receiver = Receiver::willing();
    let server = served(&receiver, json!({}));
    let to = vec!["a@example.com"; 20_000];
    let config = json!({"driver": {"mail": {
        "url": "smtp://127.0.0.1:1", "from": "b@example.com", "to": "{to}", "subject": "s", "body": "b",
    }}});
    let put = server.ask("PUT", "/gateway/letter", &[], Some(&config.to_string()));
    assert_eq!(put.status, 200, "{}", put.text);
    let data = json!({ "to": to }).to_string();
    ask(&server, json!({"n": 1, "kind": "letter", "data": data}));
    ask(&server, json!({"n": 2}));
    until(&server, 1, "done");
    let dead = until(&server, 1, "dead");
    let result = dead[0]["result"].as_str().unwrap();
    assert_eq!(result, "20000 recipients; a message has 100 at most");
}

#[test]
fn a_secret_that_is_not_what_it_says_is_refused_when_it_is_set() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    let server = with_folder(TestBook::with_guests(&["asks-1"]), folder.path());
    let put = |text: &str| {
        std::fs::write(&secret, text).unwrap();
        let config = json!({"driver": {"webhook": {"url": "http://127.0.0.1:1/x", "secret": {"file": secret}}}});
        server.ask("PUT", "/gateway/note", &[], Some(&config.to_string()))
    };
    for bad in [
        "whsec_",
        "whsec_!!!",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAA",
        "whsec_c2hvcnQ=",
    ] {
        let refused = put(bad);
        assert_eq!(
            (refused.status, refused.problem()),
            (400, "malformed"),
            "{bad}: {}",
            refused.text
        );
        assert!(
            refused.text.contains("begins with whsec_"),
            "{}",
            refused.text
        );
    }
    assert_eq!(put("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").status, 200);
    assert_eq!(put("any text").status, 200);
}

#[test]
fn tasks_and_secrets_reach_no_file_but_below_the_folders_of_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let [inside, outside] = ["in", "out"].map(|name| folder.path().join(name));
    for path in [&inside, &outside] {
        std::fs::create_dir(path).unwrap();
        std::fs::write(path.join("secret"), "s").unwrap();
    }
    symlink(&outside, inside.join("link")).unwrap();
    let file = |path: &std::path::Path| json!({"file": {"path": path}});
    let object =
        |path: &std::path::Path| json!({"object": {"url": format!("file://{}", path.display())}});
    let signed = |path: &std::path::Path| json!({"webhook": {"url": "http://127.0.0.1:1/x", "secret": {"file": path}}});
    let elsewhere = [
        file(&outside.join("tasks")),
        file(&inside.join("link/tasks")),
        file(&inside.join("../out/tasks")),
        object(&outside),
        object(&inside.join("link")),
        signed(&outside.join("secret")),
        signed(&inside.join("link/secret")),
        signed(std::path::Path::new("/etc/passwd")),
    ];
    let put = |server: &Server, driver: &Json| {
        let config = json!({ "driver": driver }).to_string();
        server.ask("PUT", "/gateway/note", &[], Some(&config))
    };
    // A book that was given such a driver while nobody served it: nothing is written.
    let mut book = TestBook::with_guests(&["asks-1"]);
    let config = json!({"driver": file(&outside.join("tasks"))}).to_string();
    let config = daybook::gateway::KindConfig::parse(&config).unwrap();
    book.set_gateway_kind("note", &config, None).unwrap();
    let server = with_folder(book, &inside);
    ask(&server, json!({"n": 1}));
    for driver in &elsewhere {
        let refused = put(&server, driver);
        assert_eq!(
            (refused.status, refused.problem()),
            (400, "malformed"),
            "{driver}"
        );
        assert!(
            refused.text.contains("is not below a folder"),
            "{}",
            refused.text
        );
    }
    assert_eq!(tasks(&server, "state=pending").len(), 1);
    assert!(!outside.join("tasks").exists());
    for driver in [
        file(&inside.join("tasks")),
        object(&inside),
        signed(&inside.join("secret")),
    ] {
        let set = put(&server, &driver);
        assert_eq!(set.status, 200, "{driver}: {}", set.text);
    }
    assert_eq!(put(&server, &file(&inside.join("tasks"))).status, 200);
    until(&server, 1, "done");
    let book = server.stop();
    // Without any folder nothing is to be had at all.
    let server = Server::of(book);
    let refused = put(&server, &file(&inside.join("tasks")));
    assert!(refused.text.contains("--files FOLDER"), "{}", refused.text);
    let refused = put(&server, &signed(&inside.join("secret")));
    assert!(
        refused.text.contains("--secrets FOLDER"),
        "{}",
        refused.text
    );
}

#[test]
fn an_address_with_a_secret_in_it_is_refused_and_not_repeated() {
    let server = Server::of(TestBook::with_guests(&["asks-1"]));
    let webhook = |url: &str| json!({"webhook": {"url": url}});
    let mail = |url: &str| json!({"mail": {"url": url, "from": "a@b.cz", "to": "a@b.cz", "subject": "s", "body": "b"}});
    for driver in [
        webhook("http://anna:hunter2@127.0.0.1:1/"),
        webhook("https://hunter2@a.example/hook"),
        webhook("https://a.example/hook?api_key=hunter2"),
        mail("smtp://anna:hunter2@127.0.0.1:25"),
        json!({"object": {"url": "s3://key:hunter2@bucket/x"}}),
        json!({"object": {"url": "s3://bucket/x", "endpoint": "http://key:hunter2@127.0.0.1:1"}}),
    ] {
        let config = json!({ "driver": driver }).to_string();
        let refused = server.ask("PUT", "/gateway/note", &[], Some(&config));
        assert_eq!(refused.status, 400, "{driver}: {}", refused.text);
        assert!(!refused.text.contains("hunter2"), "{}", refused.text);
    }
    let shown = server.get("/gateway").text;
    assert!(!shown.contains("hunter2"), "{shown}");
}
