//! The life of a task: delivered, tried again, dead, put in order, expired, taken up again.

use std::sync::Arc;
use std::time::Duration;

use daybook::gateway::{Folders, Moves, Printer};
use daybook::model::clock;
use daybook::model::{Move, Place, Seq};
use daybook_tests::{Server, TestBook};
use serde_json::{Value as Json, json};

use super::receiver::{Receiver, Reply};
use super::{act, ask, asked, served, set, steps, tasks, until, with_folder};

#[test]
fn a_task_is_delivered_once_with_its_id_and_told_beside_its_event() {
    let receiver = Receiver::willing();
    let server = served(&receiver, json!({}));
    let seq = ask(&server, json!({"n": 7, "key": "a"}));
    let got = receiver.wait_for(1).remove(0);
    let task = until(&server, 1, "done").remove(0);
    assert_eq!(task["id"], got.id.as_str());
    assert_eq!(got.header("idempotency-key"), got.id);
    assert_eq!(got.header("content-type"), "application/json");
    assert_eq!(got.header("webhook-signature"), "", "there is no secret");
    let shown = server.get(&format!("/events/{seq}")).json;
    assert_eq!(
        got.json,
        json!({
            "id": got.id, "type": "note", "key": "a", "timestamp": shown["event"]["time"],
            "event": {
                "seq": seq, "type": "asks.Happened", "id": shown["event"]["id"], "source": shown["event"]["source"],
                "subject": null,
            },
            "data": {"n": 7, "at": 0},
        })
    );
    let told = &shown["tasks"][0];
    assert_eq!(told["id"], got.id.as_str());
    assert_eq!(
        (&told["state"], &told["tries"], &told["result"]),
        (&json!("done"), &json!(1), &json!("200 taken"))
    );
    assert_eq!(told["steps"][0]["what"], "done");
    assert_eq!(receiver.count(), 1);
    // The id is what a preview of the same event would have said: it is derived, and no chance.
    let uuid: uuid::Uuid = got.id.parse().unwrap();
    assert_eq!(uuid.get_version_num(), 8);
    server.stop().assert_verified();
}

#[test]
fn deliveries_are_signed_where_there_is_a_secret_and_the_secret_is_never_shown() {
    let receiver = Receiver::willing();
    let folder = tempfile::tempdir().unwrap();
    let server = with_folder(TestBook::with_guests(&["asks-1"]), folder.path());
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").unwrap();
    let config =
        json!({"driver": {"webhook": {"url": receiver.url(), "secret": {"file": secret}}}});
    let set = server.ask("PUT", "/gateway/note", &[], Some(&config.to_string()));
    assert_eq!(set.status, 200, "{}", set.text);
    assert!(!set.text.contains("MfKQ9r"));
    ask(&server, json!({"n": 1}));
    let got = receiver.wait_for(1).remove(0);
    let signature = got.header("webhook-signature");
    assert!(
        signature.starts_with("v1,") && signature.len() == 47,
        "{signature}"
    );
    let now = clock::unix_milliseconds_now() / 1_000;
    let then: i64 = got.header("webhook-timestamp").parse().unwrap();
    assert!((now - 60..=now).contains(&then));
    assert!(!got.body.contains("MfKQ9r"));
}

#[test]
fn what_fails_is_tried_again_and_a_receiver_that_asks_for_time_gets_it() {
    let receiver = Receiver::start(|got, before| match (got.n(), before) {
        (1, 0..=2) => Reply::Refuse(500, vec![], "no"),
        (2, 0) => Reply::Refuse(429, vec![("retry-after", "1".into())], "slow down"),
        (3, 0) => Reply::Drop,
        (4, 0) => Reply::Stall(Duration::from_secs(5)),
        _ => Reply::Take,
    });
    let server = served(&receiver, json!({"timeout": "200ms"}));
    for n in 1..=4 {
        ask(&server, json!({"n": n}));
    }
    until(&server, 4, "done");
    let all = tasks(&server, "");
    let tries: Vec<_> = all
        .iter()
        .map(|task| task["tries"].as_u64().unwrap())
        .collect();
    assert_eq!(tries, [4, 2, 2, 2]);
    assert_eq!(steps(&server, &all[0]), ["retry", "retry", "retry", "done"]);
    let got = receiver.got().into_iter();
    let seconds: Vec<_> = got.filter(|got| got.n() == 2).map(|got| got.at).collect();
    assert!(seconds[1] - seconds[0] >= Duration::from_millis(990));
    let told = server
        .get(&format!("/tasks/{}", all[3]["id"].as_str().unwrap()))
        .json;
    assert_eq!(told["steps"][0]["said"], "no answer within 200ms");
    let told = server
        .get(&format!("/tasks/{}", all[1]["id"].as_str().unwrap()))
        .json;
    assert_eq!(told["steps"][0]["said"], "429 slow down");
}

#[test]
fn after_so_many_tries_or_a_no_that_stays_one_a_task_is_dead() {
    let receiver = Receiver::start(|got, _| match got.n() {
        1 => Reply::Refuse(503, vec![], "down"),
        2 => Reply::Refuse(400, vec![], "what is this?"),
        _ => Reply::Refuse(302, vec![("location", "http://127.0.0.1:1/".into())], ""),
    });
    let server = served(&receiver, json!({"tries": 3}));
    for n in 1..=3 {
        ask(&server, json!({"n": n}));
    }
    let dead = until(&server, 3, "dead");
    let told: Vec<_> = dead
        .iter()
        .map(|task| {
            (
                task["tries"].as_u64().unwrap(),
                task["result"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [(3, "503 down"), (1, "400 what is this?"), (1, "302")]
    );
    assert_eq!(receiver.count(), 5);
}

/// A book with five tasks of one key of which the second is dead, and one of another key.
fn stuck(receiver: &Receiver) -> (Server, Json) {
    receiver.behave(|got, _| match got.json["data"]["n"].as_i64() {
        Some(2) => Reply::Refuse(400, vec![], "not this one"),
        _ => Reply::Take,
    });
    let server = served(receiver, json!({"ordered": true}));
    for n in 1..=5 {
        ask(&server, json!({"n": n, "key": "a"}));
    }
    ask(&server, json!({"n": 6, "key": "b"}));
    let dead = until(&server, 1, "dead").remove(0);
    until(&server, 2, "done");
    until(&server, 3, "pending");
    let mut taken = receiver.taken_ns();
    taken.sort_unstable();
    assert_eq!(taken, [1, 6], "what is behind the dead one waits");
    (server, dead)
}

/// What the first key's receiver took, in order.
fn of_a(receiver: &Receiver) -> Vec<i64> {
    let taken = receiver.taken().into_iter();
    let of_a = taken.filter(|got| got.json["key"] == "a");
    of_a.map(|got| got.json["data"]["n"].as_i64().unwrap_or(0))
        .collect()
}

#[test]
fn those_behind_a_dead_task_of_their_key_go_on_once_it_was_retried() {
    let receiver = Receiver::willing();
    let (server, dead) = stuck(&receiver);
    assert_eq!(act(&server, &dead, "retry", None).status, 200);
    until(&server, 1, "dead");
    receiver.behave(|_, _| Reply::Take);
    let again = act(&server, &dead, "retry", None);
    assert_eq!(
        (again.status, &again.json["state"]),
        (200, &json!("retry")),
        "{}",
        again.text
    );
    until(&server, 6, "done");
    assert_eq!(of_a(&receiver), [1, 2, 3, 4, 5]);
    assert_eq!(
        steps(&server, &dead),
        ["dead", "retried", "dead", "retried", "done"]
    );
}

#[test]
fn those_behind_a_dead_task_of_their_key_go_on_once_it_was_edited() {
    let receiver = Receiver::willing();
    let (server, dead) = stuck(&receiver);
    let edited = act(&server, &dead, "edit", Some(json!({"n": 20})));
    assert_eq!(edited.status, 200, "{}", edited.text);
    assert_eq!(
        (&edited.json["data"], &edited.json["edited"]),
        (&json!({"n": 20}), &json!(true))
    );
    until(&server, 6, "done");
    assert_eq!(of_a(&receiver), [1, 20, 3, 4, 5]);
    let of_dead = receiver
        .got()
        .into_iter()
        .filter(|got| got.id == dead["id"])
        .count();
    assert_eq!(of_dead, 2, "the id stays");
    let shown = server.get(&format!("/events/{}", dead["event"])).json;
    assert_eq!(
        shown["tasks"][0]["data"],
        json!({"n": 2, "at": 0}),
        "what was asked for stays"
    );
    assert_eq!(shown["tasks"][0]["edited_data"], json!({"n": 20}));
    server.stop().assert_verified();
}

#[test]
fn those_behind_a_dead_task_of_their_key_go_on_once_it_was_dismissed() {
    let receiver = Receiver::willing();
    let (server, dead) = stuck(&receiver);
    let without = server.post(
        &format!("/tasks/{}/dismiss", dead["id"].as_str().unwrap()),
        &json!({"reason": " "}),
    );
    assert_eq!(without.status, 400, "{}", without.text);
    assert_eq!(act(&server, &dead, "dismiss", None).status, 200);
    until(&server, 5, "done");
    assert_eq!(of_a(&receiver), [1, 3, 4, 5]);
    let told = server
        .get(&format!("/tasks/{}", dead["id"].as_str().unwrap()))
        .json;
    assert_eq!(
        (&told["state"], &told["steps"][1]["said"]),
        (&json!("dismissed"), &json!("a test"))
    );
    let refused = act(&server, &dead, "retry", None);
    assert_eq!(
        (refused.status, refused.problem()),
        (409, "needed"),
        "{}",
        refused.text
    );
}

#[test]
fn a_task_that_waits_can_be_cancelled_and_one_that_is_done_cannot() {
    let receiver = Receiver::willing();
    let (server, _) = stuck(&receiver);
    let waiting = until(&server, 3, "pending").remove(0);
    assert_eq!(act(&server, &waiting, "cancel", None).status, 200);
    assert_eq!(act(&server, &waiting, "dismiss", None).status, 409);
    let dead = until(&server, 1, "dead").remove(0);
    assert_eq!(act(&server, &dead, "cancel", None).status, 409);
    assert_eq!(act(&server, &dead, "dismiss", None).status, 200);
    until(&server, 4, "done");
    assert_eq!(of_a(&receiver), [1, 4, 5]);
    let done = tasks(&server, "state=done").remove(0);
    for what in ["retry", "cancel", "dismiss"] {
        assert_eq!(act(&server, &done, what, None).status, 409, "{what}");
    }
    let unknown = server.post("/tasks/nobody/retry", &json!({"reason": "r"}));
    assert_eq!((unknown.status, unknown.problem()), (404, "unknown"));
}

#[test]
fn a_task_waits_for_its_time_and_one_whose_time_is_over_is_not_delivered() {
    let receiver = Receiver::willing();
    let server = Server::of(TestBook::with_guests(&["asks-1"]));
    let later = clock::text_of_milliseconds(clock::unix_milliseconds_now() + 600);
    ask(&server, json!({"n": 1, "not_before": later}));
    ask(&server, json!({"n": 2}));
    ask(
        &server,
        json!({"n": 3, "not_before": "2099-01-01T00:00:00Z"}),
    );
    std::thread::sleep(Duration::from_millis(300));
    // The second has been there for longer than this; the first has not come yet.
    set(&server, "note", &receiver, json!({"expires": "250ms"}));
    let done = until(&server, 1, "done").remove(0);
    assert_eq!(done["data"]["n"], 1);
    assert!(clock::now() >= later);
    let expired = until(&server, 1, "expired").remove(0);
    assert_eq!(
        (&expired["data"]["n"], &expired["tries"]),
        (&json!(2), &json!(0))
    );
    assert_eq!(until(&server, 1, "pending")[0]["data"]["n"], 3);
    assert_eq!(receiver.taken_ns(), [1]);
}

#[test]
fn a_kind_that_nobody_carries_out_is_pending_until_somebody_does() {
    let receiver = Receiver::willing();
    let server = Server::of(TestBook::with_guests(&["asks-1"]));
    ask(&server, json!({"n": 1, "kind": "letter", "count": 3}));
    set(&server, "note", &receiver, json!({}));
    ask(&server, json!({"n": 2}));
    receiver.wait_for(1);
    assert_eq!(tasks(&server, "kind=letter&state=pending").len(), 3);
    set(&server, "letter", &receiver, json!({}));
    until(&server, 4, "done");
    assert_eq!(
        server.ask("DELETE", "/gateway/letter", &[], None).status,
        200
    );
    ask(&server, json!({"n": 3, "kind": "letter"}));
    ask(&server, json!({"n": 4}));
    until(&server, 5, "done");
    assert_eq!(tasks(&server, "kind=letter&state=pending").len(), 1);
    let kinds = server.get("/gateway").json;
    let kinds: Vec<_> = { kinds["kinds"].as_array().unwrap().iter() }
        .map(|kind| (kind["kind"].as_str().unwrap(), kind["config"].is_null()))
        .collect();
    assert_eq!(
        kinds,
        [
            ("daybook.command", false),
            ("letter", true),
            ("note", false)
        ]
    );
    assert_eq!(
        server.ask("DELETE", "/gateway/letter", &[], None).status,
        404
    );
}

#[test]
fn a_kind_that_gets_another_driver_goes_on_where_it_was() {
    let receiver = Receiver::willing();
    let server = Server::of(TestBook::with_guests(&["asks-1"]));
    // Nobody listens there.
    let mail = json!({"driver": {"mail": {
        "url": "smtp://127.0.0.1:1", "from": "a@example.com", "to": "b@example.com", "subject": "{n}", "body": "",
    }}, "tries": 1_000, "backoff": "5ms..20ms"});
    let to_mail = server.ask("PUT", "/gateway/note", &[], Some(&mail.to_string()));
    assert_eq!(to_mail.status, 200, "{}", to_mail.text);
    ask(&server, json!({"n": 1, "count": 3}));
    until(&server, 3, "retry");
    set(&server, "note", &receiver, json!({}));
    until(&server, 3, "done");
    assert_eq!(receiver.taken_ns(), [1, 1, 1]);
    ask(&server, json!({"n": 2}));
    until(&server, 4, "done");
    server.stop().assert_verified();
}

#[test]
fn no_more_than_so_many_are_on_their_way_at_a_time() {
    let receiver = Receiver::start(|_, _| Reply::TakeAndStall(Duration::from_millis(30)));
    let server = served(&receiver, json!({"at_a_time": 3}));
    ask(&server, json!({"n": 1, "count": 12}));
    until(&server, 12, "done");
    let mut at: Vec<_> = receiver.got().iter().map(|got| got.at).collect();
    at.sort_unstable();
    for four in at.windows(4) {
        assert!(
            four[3] - four[0] >= Duration::from_millis(28),
            "four at a time"
        );
    }
}

#[test]
fn a_task_that_was_leased_when_its_process_ended_is_taken_up_again_in_its_place() {
    let receiver = Receiver::willing();
    let mut book = TestBook::with_guests(&["asks-1"]);
    for n in 1..=3 {
        book.append_one(asked(json!({"n": n, "key": "a"}))).unwrap();
    }
    let first = Place {
        seq: Seq(book.head().0 - 2),
        ordinal: 0,
    };
    let mut group = book.group().unwrap();
    let lease = Moves {
        moves: vec![("note".into(), first, Move::Lease)],
        marks: Vec::new(),
    };
    book.make_into(&mut group, lease).unwrap();
    book.commit_group(group).unwrap();
    let server = Server::of(book);
    assert_eq!(tasks(&server, "state=running").len(), 1);
    set(&server, "note", &receiver, json!({"ordered": true}));
    let done = until(&server, 3, "done");
    assert_eq!(receiver.taken_ns(), [1, 2, 3]);
    assert_eq!(steps(&server, &done[0]), ["interrupted", "done"]);
    assert_eq!(done[0]["tries"], 2);
}

#[test]
fn what_was_done_is_not_done_again_by_the_next_process_and_what_was_not_is() {
    let receiver = Receiver::start(|got, _| match got.n() {
        2 => Reply::Refuse(500, vec![], "later"),
        _ => Reply::Take,
    });
    let server = served(
        &receiver,
        json!({"ordered": true, "backoff": "300ms..300ms"}),
    );
    for n in 1..=3 {
        ask(&server, json!({"n": n, "key": "a"}));
    }
    until(&server, 1, "retry");
    let book = server.stop();
    receiver.behave(|_, _| Reply::Take);
    let server = Server::of(book);
    until(&server, 3, "done");
    assert_eq!(receiver.taken_ns(), [1, 2, 3]);
}

#[test]
fn a_book_that_is_served_without_its_gateway_delivers_nothing() {
    let receiver = Receiver::willing();
    let options = daybook::serve::ServeOptions {
        gateway: false,
        ..Server::options()
    };
    let server = Server::with(TestBook::with_guests(&["asks-1"]), options);
    set(&server, "note", &receiver, json!({}));
    ask(&server, json!({"n": 1}));
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(
        (receiver.count(), tasks(&server, "state=pending").len()),
        (0, 1)
    );
    let server = Server::of(server.stop());
    until(&server, 1, "done");
    assert_eq!(receiver.count(), 1);
}

#[test]
fn a_command_that_an_event_asks_for_runs_once_and_its_no_is_kept() {
    let server = Server::of(TestBook::with_guests(&["asks-1"]));
    let command = |n: i64| {
        let data = json!({"type": "asks.Do", "data": {"n": n, "count": 0}, "subject": "s"});
        json!({"n": 0, "kind": "daybook.command", "data": data.to_string()})
    };
    let seq = ask(&server, command(5));
    let done = until(&server, 1, "done").remove(0);
    let result: Json = serde_json::from_str(done["result"].as_str().unwrap()).unwrap();
    assert_eq!(
        result["command"], done["id"],
        "the command's id is the task's"
    );
    let caused = server.get(&format!("/events/{}", result["events"][0])).json;
    assert_eq!(caused["event"]["data"]["n"], 5);
    assert_eq!(caused["event"]["subject"], "s");
    let asked = server.get(&format!("/events/{seq}")).json;
    assert_eq!(caused["event"]["causationid"], asked["event"]["id"]);
    assert_eq!(caused["command"], done["id"]);

    ask(&server, command(13));
    ask(
        &server,
        json!({"n": 0, "kind": "daybook.command", "data": "{\"type\": \"nobody.Does\", \"data\": 1}"}),
    );
    ask(
        &server,
        json!({"n": 0, "kind": "daybook.command", "data": "{}"}),
    );
    let dead = until(&server, 3, "dead");
    assert_eq!(dead[0]["result"], "rejected: thirteen: n is \"13\"");
    assert!(
        dead[1]["result"].as_str().unwrap().contains("nobody.Does"),
        "{}",
        dead[1]
    );
    assert!(
        dead[2]["result"].as_str().unwrap().contains("no command"),
        "{}",
        dead[2]
    );
    // Put right, it is another command: the first one has its answer for ever.
    let data = json!({"type": "asks.Do", "data": {"n": 14, "count": 0}});
    assert_eq!(act(&server, &dead[0], "edit", Some(data)).status, 200);
    until(&server, 2, "done");
    server.stop().assert_verified();
}

#[test]
fn tasks_are_written_to_a_file_or_printed_for_development() {
    let printed = Arc::new(std::sync::Mutex::new(Vec::new()));
    let lines = printed.clone();
    let printer = move |line: &str| lines.lock().unwrap().push(line.to_owned());
    let book = TestBook::with_guests(&["asks-1"]);
    let options = daybook::serve::ServeOptions {
        printer: Some(Printer(Arc::new(printer))),
        folders: Folders::new(&[book.folder().to_owned()], &[]).unwrap(),
        ..Server::options()
    };
    let path = book.folder().join("tasks.jsonl");
    let server = Server::with(book, options);
    let put = |kind: &str, driver: Json| {
        let config = json!({ "driver": driver }).to_string();
        let set = server.ask("PUT", &format!("/gateway/{kind}"), &[], Some(&config));
        assert_eq!(set.status, 200, "{}", set.text);
    };
    put("note", json!({"file": {"path": path}}));
    put("letter", json!({"stdout": {}}));
    ask(&server, json!({"n": 1, "count": 3}));
    ask(&server, json!({"n": 2, "kind": "letter"}));
    let done = until(&server, 4, "done");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut ids: Vec<String> = text
        .lines()
        .map(|line| {
            serde_json::from_str::<Json>(line).unwrap()["id"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    ids.sort_unstable();
    let mut known: Vec<_> = done[..3]
        .iter()
        .map(|task| task["id"].as_str().unwrap())
        .collect();
    known.sort_unstable();
    assert_eq!(ids, known);
    let printed = printed.lock().unwrap();
    assert_eq!(printed.len(), 1);
    assert!(printed[0].contains("\"type\":\"letter\""));
}
