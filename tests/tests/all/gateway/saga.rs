//! Reactions: a process over two plugins, blocking and lazy, ending in the same rows; and how far a blocking one goes.

use daybook::book::Decision;
use daybook::model::Value;
use daybook_tests::{Server, TestBook, accepted};
use serde_json::{Value as Json, json};

use super::{ask, asked, until};

/// Everything that the two plugins know.
fn rows(book: &TestBook) -> Vec<Vec<Value>> {
    let sql = "SELECT 'event', id, name, teams FROM festival_occasion
               UNION ALL SELECT 'team', id, name, event FROM team_team ORDER BY 1, 2";
    book.rows(sql)
}

fn command(server: &Server, name: &str, data: Json) -> Json {
    let answer = server.post(&format!("/commands/{name}"), &data);
    assert!(
        matches!(answer.status, 200 | 201),
        "{name}: {}",
        answer.text
    );
    answer.json
}

/// Waits until nothing is asked for any more.
fn until_quiet(server: &Server) {
    for state in ["pending", "running", "retry", "pending"] {
        until(server, 0, state);
    }
}

/// Plays the festival; what follows from a command follows at once, or later.
fn played(lazily: bool) -> TestBook {
    let book = TestBook::with_plugins(&["team@2020-01-01", "festival@2020-01-01"]);
    let server = Server::of(book);
    for event in ["race", "swim", "climb"] {
        command(
            &server,
            "festival.Plan",
            json!({"event": event, "name": event}),
        );
    }
    for (at, event) in ["race", "race", "swim", "race", "climb"].iter().enumerate() {
        let team = format!("t{at}");
        let join = json!({"team": team, "name": team, "event": event, "lazily": lazily});
        command(&server, "team.Join", join);
    }
    until_quiet(&server);
    // Moving a team updates both events.
    command(
        &server,
        "team.Move",
        json!({"team": "t0", "to": "swim", "lazily": lazily}),
    );
    until_quiet(&server);
    // Deleting an event deletes its teams.
    let deleted = command(
        &server,
        "festival.Delete",
        json!({"event": "race", "lazily": lazily}),
    );
    let told = deleted["events"].as_array().unwrap().len();
    // At once: the event, and for each of two teams its removal; nothing is left to be counted.
    assert_eq!(told, if lazily { 1 } else { 3 });
    until_quiet(&server);
    assert_eq!(until(&server, 0, "dead"), Vec::<Json>::new());
    let mut book = server.stop();
    book.assert_verified();
    book
}

#[test]
fn a_process_over_two_plugins_ends_in_the_same_rows_at_once_and_later() {
    let (at_once, later) = (played(false), played(true));
    let text = |text: &str| Value::Text(text.into());
    let expected = vec![
        vec![
            text("event"),
            text("climb"),
            text("climb"),
            Value::Integer(1),
        ],
        vec![text("event"), text("swim"), text("swim"), Value::Integer(2)],
        vec![text("team"), text("t0"), text("t0"), text("swim")],
        vec![text("team"), text("t2"), text("t2"), text("swim")],
        vec![text("team"), text("t4"), text("t4"), text("climb")],
    ];
    assert_eq!(rows(&at_once), expected);
    assert_eq!(rows(&later), expected);
}

#[test]
fn state_made_with_reactions_is_the_same_when_it_is_built_again_from_the_log() {
    for lazily in [false, true] {
        let mut book = played(lazily);
        let before = rows(&book);
        let mark = book.mark();
        let live = book.live_path();
        book.reopen_after(|_| std::fs::remove_file(&live).unwrap());
        assert_eq!(rows(&book), before);
        assert_eq!(book.mark().head, mark.head, "a replay runs no reaction");
    }
}

/// A command that the guest `asks` runs in the transaction of its event.
fn now(n: i64, data: Json) -> Json {
    let command = json!({"type": "asks.Do", "data": data});
    json!({"n": n, "kind": "daybook.react", "data": command.to_string()})
}

#[test]
fn a_blocking_reaction_is_kept_with_its_event_and_told_as_caused_by_it() {
    let server = Server::of(TestBook::with_guests(&["asks-1"]));
    let answer = server.post("/commands/asks.Do", &now(1, json!({"n": 2, "count": 0})));
    assert_eq!(answer.status, 201, "{}", answer.text);
    let events = answer.json["events"].as_array().unwrap();
    assert_eq!(events.len(), 2);
    let seq = |at: usize| events[at]["event"]["seq"].as_u64();
    let (first, second) = (&events[0]["event"], &events[1]["event"]);
    assert_eq!(second["data"]["n"], 2);
    assert_eq!(second["causationid"], first["id"]);
    assert_eq!(seq(1), seq(0).map(|seq| seq + 1));
    let task = &events[0]["tasks"][0]["id"];
    assert_eq!(
        second["source"],
        format!("/commands/{}", task.as_str().unwrap())
    );
    // Nobody else carries it out.
    let told = server
        .get(&format!("/tasks/{}", task.as_str().unwrap()))
        .json;
    assert_eq!(
        (&told["state"], &told["tries"]),
        (&json!("done"), &json!(0))
    );

    // The same again is answered with both.
    let key = [("idempotency-key", "k")];
    let body = now(3, json!({"n": 4, "count": 0})).to_string();
    let once = server.ask("POST", "/commands/asks.Do", &key, Some(&body));
    let again = server.ask("POST", "/commands/asks.Do", &key, Some(&body));
    assert_eq!(once.json["events"].as_array().unwrap().len(), 2);
    let ids = |answer: &Json| -> Vec<Json> {
        let events = answer["events"].as_array().unwrap().iter();
        events.map(|event| event["event"]["id"].clone()).collect()
    };
    assert_eq!(ids(&once.json), ids(&again.json));

    // A preview shows all of it, and keeps nothing.
    let head = server.get("/").json["head"].clone();
    let preview = server.post(
        "/commands/asks.Do?preview=true",
        &now(5, json!({"n": 6, "count": 0})),
    );
    assert_eq!(preview.json["events"].as_array().unwrap().len(), 2);
    assert_eq!(server.get("/").json["head"], head);
    // Of an event that is appended, too.
    let appended = json!({"type": "asks.Happened", "data": now(7, json!({"n": 8, "count": 0}))});
    let answer = server.post("/events", &appended);
    assert_eq!(
        answer.json["events"][0]["reactions"][0]["event"]["data"]["n"],
        8
    );
    server.stop().assert_verified();
}

#[test]
fn the_no_of_a_blocking_reaction_is_a_no_to_the_whole_request() {
    let mut book = TestBook::with_guests(&["asks-1"]);
    let before = book.mark();
    let reply = book
        .command("asks.Do", now(1, json!({"n": 13})), false)
        .unwrap();
    match reply.decision {
        Decision::Rejected(rejection) => assert_eq!(rejection.code, "thirteen"),
        Decision::Accepted(events) => panic!("{events:?}"),
    }
    let error = book
        .append_one(asked(now(1, json!({"n": 13}))))
        .unwrap_err();
    assert_eq!(error.kind.name(), "rejected");
    assert!(error.message.contains("thirteen"), "{error}");
    for (data, said) in [
        (json!({"type": "nobody.Does", "data": {}}), "nobody"),
        (json!({"type": "asks.Do", "data": {"m": 1}}), "asks.Do"),
        (json!({"kind": "asks.Do"}), "no command"),
    ] {
        let asked = asked(json!({"n": 1, "kind": "daybook.react", "data": data.to_string()}));
        let error = book.append_one(asked).unwrap_err();
        assert_eq!(error.kind.name(), "plugin", "{error}");
        assert!(error.message.contains(said), "{error}");
    }
    let after = book.mark();
    assert_eq!(
        (before.head, before.rows, before.counts),
        (after.head, after.rows, after.counts)
    );
    // The refused command is in the journal, and none of its reactions.
    assert_eq!(book.log().commands(0, 100).unwrap().len(), 1);
    book.assert_verified();
}

#[test]
fn blocking_reactions_go_eight_deep_and_no_further() {
    let mut book = TestBook::with_guests(&["asks-1"]);
    let chain =
        |depth: i64| (1..=depth).fold(json!({"n": 0, "count": 0}), |inner, n| now(n, inner));
    let caused = accepted(book.command("asks.Do", chain(8), false).unwrap());
    let ns: Vec<_> = { caused.iter() }
        .map(|caused| {
            let data: Json = serde_json::from_str(&caused.event.data).unwrap();
            data["n"].as_i64().unwrap()
        })
        .collect();
    assert_eq!(ns, [8, 7, 6, 5, 4, 3, 2, 1, 0]);
    let mark = book.mark();
    let error = book.command("asks.Do", chain(9), false).unwrap_err();
    assert_eq!(error.kind.name(), "plugin");
    assert!(error.message.contains("8 at most"), "{error}");
    assert_eq!(book.mark(), mark);
    // Afterwards it is as deep as before.
    accepted(book.command("asks.Do", chain(8), false).unwrap());
    book.assert_verified();
}

#[test]
fn a_lazy_chain_is_not_bounded_by_the_depth_of_blocking_ones() {
    let server = Server::of(TestBook::with_guests(&["asks-1"]));
    let chain = (1..=11).fold(json!({"n": 0, "count": 0}), |inner: Json, n| {
        let command = json!({"type": "asks.Do", "data": inner});
        json!({"n": n, "kind": "daybook.command", "data": command.to_string()})
    });
    let first = ask(&server, chain);
    until(&server, 11, "done");
    let story = server.get(&format!("/events/{first}")).json["event"]["id"].clone();
    let last = server
        .get("/events?type=asks.Happened&order=-seq&limit=1")
        .json;
    assert_eq!(last["events"][0]["correlationid"], story);
    server.stop().assert_verified();
}
