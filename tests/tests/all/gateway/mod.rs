//! The task gateway: what events ask for is carried out, retried, kept in order, and told; in a served book and nowhere
//! else.

mod bounds;
mod fetch;
mod inert;
mod life;
mod operate;
pub(crate) mod receiver;
mod saga;

use std::time::{Duration, Instant};

use daybook_tests::{Answer, Server, TestBook, event};
use serde_json::{Value as Json, json};

use receiver::Receiver;

/// An event of the guest `asks`.
fn asked(data: Json) -> daybook::book::Incoming {
    event("asks.Happened", data)
}

/// A served book of `asks`, whose notes go to the receiver under these options.
fn served(receiver: &Receiver, options: Json) -> Server {
    let server = Server::of(TestBook::with_guests(&["asks-1"]));
    set(&server, "note", receiver, options);
    server
}

/// A served book whose tasks may be written into a folder, and whose secrets may be there.
fn with_folder(book: TestBook, folder: &std::path::Path) -> Server {
    let folder = [folder.to_owned()];
    let options = daybook::serve::ServeOptions {
        folders: daybook::gateway::Folders::new(&folder, &folder).expect("a folder"),
        ..Server::options()
    };
    Server::with(book, options)
}

/// Configures a webhook; the options stand beside the driver.
fn set(server: &Server, kind: &str, receiver: &Receiver, options: Json) {
    let mut config = json!({
        "driver": {"webhook": {"url": receiver.url()}},
        "backoff": "5ms..40ms",
    });
    for (name, value) in options.as_object().expect("options") {
        config[name] = value.clone();
    }
    let answer = server.ask(
        "PUT",
        &format!("/gateway/{kind}"),
        &[],
        Some(&config.to_string()),
    );
    assert_eq!(answer.status, 200, "{}", answer.text);
}

/// Logs an event that asks for tasks.
fn ask(server: &Server, data: Json) -> u64 {
    let answer = server.post("/events", &json!({"type": "asks.Happened", "data": data}));
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json["events"][0]["seq"]
        .as_u64()
        .expect("a position")
}

/// Tasks as they are listed.
fn tasks(server: &Server, query: &str) -> Vec<Json> {
    let answer = server.get(&format!("/tasks?{query}"));
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json["tasks"].as_array().expect("a list").clone()
}

/// Waits until so many tasks are in a state, and gives them.
fn until(server: &Server, count: usize, state: &str) -> Vec<Json> {
    let begun = Instant::now();
    loop {
        let found = tasks(server, &format!("state={state}"));
        if found.len() == count {
            return found;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "{} of {count} are {state}: {:#?}",
            found.len(),
            tasks(server, "")
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Does something to a task, for a reason.
fn act(server: &Server, task: &Json, what: &str, data: Option<Json>) -> Answer {
    let mut body = json!({"reason": "a test"});
    if let Some(data) = data {
        body["data"] = data;
    }
    let id = task["id"].as_str().expect("an id");
    server.post(&format!("/tasks/{id}/{what}"), &body)
}

/// What happened to a task, in order.
fn steps(server: &Server, task: &Json) -> Vec<String> {
    let id = task["id"].as_str().expect("an id");
    let told = server.get(&format!("/tasks/{id}")).json;
    let steps = told["steps"].as_array().expect("steps").iter();
    steps
        .map(|step| step["what"].as_str().expect("a word").to_owned())
        .collect()
}
