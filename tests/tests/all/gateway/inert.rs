//! Nothing but a live served book sends: replay, preview, shadow, diff, verify and a switch of versions leave the receiver
//! alone.

use std::time::{Duration, Instant};

use daybook::diff::Expectations;
use daybook::history;
use daybook::study::Picked;
use daybook_tests::{Server, TestBook, diff, guest, version};
use serde_json::{Value as Json, json};

use super::receiver::Receiver;
use super::{ask, set, tasks, until};

const FIRST: &str = "asks@2020-01-01";
const SECOND: &str = "asks@2020-02-01";

/// Waits until the shadow has caught up.
fn until_ready(server: &Server) -> Json {
    let begun = Instant::now();
    loop {
        let shadows = server.get("/shadows").json;
        if shadows["shadows"][0]["ready"] == true && shadows["shadows"][0]["lag"] == 0 {
            return shadows;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{shadows}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn replay_preview_shadow_diff_and_verify_send_nothing_and_a_switch_sends_nothing_twice() {
    let receiver = Receiver::willing();
    let mut book = TestBook::with_guests(&["asks-1"]);
    book.load(guest("asks-2")).unwrap();
    let server = Server::of(book);
    set(&server, "note", &receiver, json!({}));
    for n in 1..=10 {
        ask(&server, json!({"n": n, "count": 2}));
    }
    ask(&server, json!({"n": 11, "kind": "letter", "count": 2}));
    until(&server, 20, "done");
    let sent = || {
        // What would be sent would be on its way by now.
        std::thread::sleep(Duration::from_millis(50));
        receiver.count()
    };
    assert_eq!(sent(), 20);

    // Previews, with the ids that the tasks would have.
    let payload = json!({"n": 12, "count": 2});
    let event = json!({"type": "asks.Happened", "id": "p", "source": "/tests", "data": payload});
    let preview = server.post("/events?preview=true", &event);
    assert_eq!(preview.status, 200, "{}", preview.text);
    let foretold = preview.json["events"][0]["tasks"][0]["data"].clone();
    assert_eq!(foretold, json!({"n": 12, "at": 0}));
    let command = server.post("/commands/asks.Do?preview=true", &payload);
    assert_eq!(command.status, 200, "{}", command.text);
    assert_eq!(
        command.json["events"][0]["tasks"].as_array().unwrap().len(),
        2
    );
    assert_eq!(sent(), 20);

    assert_eq!(
        server.post("/shadows", &json!({"version": SECOND})).status,
        202
    );
    let shadows = until_ready(&server);
    let found = &shadows["shadows"][0]["differences"];
    assert_eq!(found["differing"], 11, "{shadows}");
    let verified = server.ask("POST", "/verify", &[], None);
    assert_eq!(verified.json["problem"], Json::Null, "{}", verified.text);
    assert_eq!(sent(), 20);

    let mut book = server.stop();
    book.assert_verified();
    book.replay(&Picked::Recorded, None, "again", &mut history::silent())
        .unwrap();
    let (_, found) = diff(&mut book, FIRST, SECOND, &mut Expectations::default());
    assert_eq!(
        found.events.len(),
        11,
        "the diff tells of tasks that change"
    );
    assert_eq!(sent(), 20);

    let server = Server::of(book);
    until_ready(&server);
    assert_eq!(
        sent(),
        20,
        "the next process does not send again what is done"
    );
    let promoted = server.post(
        &format!("/versions/{SECOND}/promote"),
        &json!({"force": "tasks may differ"}),
    );
    assert_eq!(promoted.status, 200, "{}", promoted.text);
    assert_eq!(
        sent(),
        20,
        "what was asked for before the switch stays as it is"
    );
    ask(&server, json!({"n": 12}));
    until(&server, 21, "done");
    let last = receiver.taken().pop().unwrap();
    assert_eq!(last.json["data"], json!({"n": 12, "at": 0, "version": 2}));
    // None lost: what waited is delivered as it was asked for, by the version that asked.
    set(&server, "letter", &receiver, json!({}));
    until(&server, 23, "done");
    let letter = receiver.taken().pop().unwrap();
    assert_eq!(letter.json["data"]["version"], Json::Null);
    let back = server.post("/rollback", &json!({"reason": "a test"}));
    assert_eq!(back.status, 200, "{}", back.text);
    assert_eq!(sent(), 23);
    let mut ids: Vec<_> = receiver.taken().into_iter().map(|got| got.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((ids.len(), tasks(&server, "").len()), (23, 23));
    let mut book = server.stop();
    assert_eq!(book.lineup().version("asks"), Some(version(FIRST).date));
    book.assert_verified();
    assert_eq!(sent(), 23);
}
