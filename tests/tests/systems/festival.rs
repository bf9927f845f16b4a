//! A festival: teams and events refer to each other, in two plugins that know of each other by events and commands only. What
//! follows follows at once, in one transaction, or later, by the gateway. And with events that are archived instead of deleted,
//! they stay, and nothing follows any more.

use std::time::{Duration, Instant};

use daybook::diff::{Difference, FinalKind};
use daybook::model::Value;
use daybook_tests::{Answer, Server, TestBook, check_pair, done, plugin, refused, version};
use serde_json::{Value as Json, json};

const FESTIVAL: [&str; 2] = ["festival@2020-01-01", "festival@2021-01-01"];
const TEAM: [&str; 2] = ["team@2020-01-01", "team@2021-01-01"];

fn command(server: &Server, name: &str, data: Json) -> Answer {
    server.post(&format!("/commands/{name}"), &data)
}

fn plan(server: &Server, event: &str) -> Answer {
    command(
        server,
        "festival.Plan",
        json!({"event": event, "name": event}),
    )
}

fn delete(server: &Server, event: &str, lazily: bool) -> Answer {
    command(
        server,
        "festival.Delete",
        json!({"event": event, "lazily": lazily}),
    )
}

fn join(server: &Server, team: &str, event: &str, lazily: bool) -> Answer {
    let data = json!({"team": team, "name": team, "event": event, "lazily": lazily});
    command(server, "team.Join", data)
}

fn move_to(server: &Server, team: &str, to: &str, lazily: bool) -> Answer {
    command(
        server,
        "team.Move",
        json!({"team": team, "to": to, "lazily": lazily}),
    )
}

/// Type and payload of each event that a command caused, in order.
fn caused(answer: &Answer) -> Vec<(String, Json)> {
    done(answer);
    let events = answer.json["events"].as_array().unwrap().iter();
    let events = events.map(|it| {
        let name = it["event"]["type"].as_str().unwrap().to_owned();
        (name, it["event"]["data"].clone())
    });
    events.collect()
}

fn rows(server: &Server, query: &str) -> Json {
    let answer = server.get(&format!("/state/{query}"));
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json["rows"].clone()
}

/// Events with the numbers of their teams, and teams with their events.
fn state(server: &Server) -> (Json, Json) {
    (
        rows(server, "festival.occasion?columns=id,teams"),
        rows(server, "team.team?columns=id,event"),
    )
}

fn events_and_teams(events: &[(&str, i64)], teams: &[(&str, &str)]) -> (Json, Json) {
    let events = events
        .iter()
        .map(|(id, teams)| json!({"id": id, "teams": teams}));
    let teams = teams
        .iter()
        .map(|(id, event)| json!({"id": id, "event": event}));
    (events.collect(), teams.collect())
}

/// How many tasks are in a state.
fn tasks(server: &Server, state: &str) -> usize {
    let answer = server.get(&format!("/tasks?state={state}"));
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json["tasks"].as_array().unwrap().len()
}

/// Waits until all that is to follow has followed, without a fault.
#[track_caller]
fn settled(server: &Server) {
    let begun = Instant::now();
    // What one task causes is asked for before that task is done: once nothing is open, in this order, nothing comes.
    let open = || ["pending", "running", "retry", "pending"].map(|it| tasks(server, it));
    while open() != [0; 4] {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "open: {:?}",
            open()
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(tasks(server, "dead"), 0);
}

/// A served festival under the first versions: a race with teams a, b and c, a swim with d, a climb without any.
fn festival(lazily: bool) -> Server {
    let server = Server::of(TestBook::with_plugins(&[TEAM[0], FESTIVAL[0]]));
    for event in ["race", "swim", "climb"] {
        done(&plan(&server, event));
    }
    for (team, event) in [("a", "race"), ("b", "race"), ("c", "race"), ("d", "swim")] {
        done(&join(&server, team, event, lazily));
    }
    settled(&server);
    let teams = [("a", "race"), ("b", "race"), ("c", "race"), ("d", "swim")];
    let events = [("climb", 0), ("race", 3), ("swim", 1)];
    assert_eq!(state(&server), events_and_teams(&events, &teams));
    server
}

const MOVED: [(&str, &str); 4] = [("a", "race"), ("b", "race"), ("c", "swim"), ("d", "swim")];
const LEFT: [(&str, &str); 2] = [("c", "swim"), ("d", "swim")];

#[test]
fn at_once_a_move_counts_both_events_and_a_deletion_removes_the_teams_in_one_transaction() {
    let server = festival(false);
    let counted = |event: &str, teams: i64| {
        (
            "festival.Counted".to_owned(),
            json!({"event": event, "teams": teams}),
        )
    };
    let moved = json!({"team": "c", "from": "race", "to": "swim", "lazily": false});
    assert_eq!(
        caused(&move_to(&server, "c", "swim", false)),
        [
            ("team.Moved".to_owned(), moved),
            counted("race", 2),
            counted("swim", 2)
        ]
    );
    let events = [("climb", 0), ("race", 2), ("swim", 2)];
    assert_eq!(state(&server), events_and_teams(&events, &MOVED));

    let removed = |team: &str| {
        (
            "team.Removed".to_owned(),
            json!({"team": team, "event": "race", "lazily": false}),
        )
    };
    let deleted = json!({"event": "race", "lazily": false});
    assert_eq!(
        caused(&delete(&server, "race", false)),
        [
            ("festival.Deleted".to_owned(), deleted),
            removed("a"),
            removed("b")
        ]
    );
    assert_eq!(
        state(&server),
        events_and_teams(&[("climb", 0), ("swim", 2)], &LEFT)
    );
    assert_eq!(tasks(&server, "pending"), 0, "nothing is left for later");
    server.stop().assert_verified();
}

#[test]
fn later_the_gateway_brings_both_to_the_same_end_one_step_after_another() {
    let server = festival(true);
    let moved = caused(&move_to(&server, "c", "swim", true));
    assert_eq!(moved.len(), 1, "the rest follows: {moved:?}");
    settled(&server);
    let events = [("climb", 0), ("race", 2), ("swim", 2)];
    assert_eq!(state(&server), events_and_teams(&events, &MOVED));

    let deleted = delete(&server, "race", true);
    assert_eq!(caused(&deleted).len(), 1);
    let cause = deleted.json["events"][0]["event"]["id"].clone();
    settled(&server);
    assert_eq!(
        state(&server),
        events_and_teams(&[("climb", 0), ("swim", 2)], &LEFT)
    );
    // Each removal is a command of its own, and says what it comes from.
    let removed = server.get("/events?type=team.Removed").json["events"].clone();
    let removed = removed.as_array().unwrap();
    assert_eq!(removed.len(), 2);
    for event in removed {
        assert_eq!(event["causationid"], cause, "{event}");
    }
    server.stop().assert_verified();
}

#[test]
fn what_is_unknown_is_refused_and_nothing_follows_from_it() {
    let server = festival(false);
    let head = server.get("/").json["head"].clone();
    refused(&delete(&server, "gala", false), "unknown-event");
    refused(&move_to(&server, "x", "swim", false), "unknown-team");
    refused(&join(&server, "a", "swim", false), "joined-already");
    refused(&plan(&server, "race"), "planned-already");
    let gone = json!({"team": "x", "lazily": false});
    refused(&command(&server, "team.Remove", gone), "unknown-team");
    assert_eq!(server.get("/").json["head"], head);
    server.stop().assert_verified();
}

/// Kinds of the tasks that only the first version asks for at each differing event. Panics where anything else differs.
fn vanished(differences: &[Difference]) -> Vec<&str> {
    let kinds = differences.iter().map(|difference| match difference {
        Difference::Task {
            base: Some(base),
            candidate: None,
            ..
        } => base.kind.as_str(),
        other => panic!("not a task that vanishes: {other:?}"),
    });
    kinds.collect()
}

#[test]
fn archived_events_stay_with_a_mark_and_their_teams_stay_with_them() {
    let server = festival(false);
    done(&move_to(&server, "c", "swim", false));
    done(&delete(&server, "race", false));
    // One that is deleted lazily, with one team.
    done(&join(&server, "e", "climb", true));
    settled(&server);
    done(&delete(&server, "climb", true));
    settled(&server);
    // Nobody joins what is no more.
    refused(&join(&server, "f", "race", false), "unknown-event");
    refused(&join(&server, "f", "gala", false), "unknown-event");
    refused(&move_to(&server, "c", "race", false), "unknown-event");

    // Events first: their rows stay, with a mark, and teams are removed as they were.
    let mut book = server.stop();
    book.load(plugin(FESTIVAL[1])).unwrap();
    let found = check_pair(&mut book, FESTIVAL[0], FESTIVAL[1]);
    let text = |text: &str| vec![Value::Text(text.into())];
    let mut deleted = Vec::new();
    for event in &found.events {
        match (event.event_type.as_str(), &event.differences[..]) {
            (
                "festival.Deleted",
                [
                    Difference::Row {
                        table,
                        key,
                        base,
                        candidate,
                    },
                ],
            ) => {
                assert_eq!(table, "festival.occasion");
                assert_eq!((*base, *candidate), (Some("delete"), Some("update")));
                deleted.push(key.clone());
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(deleted, [text("race"), text("climb")]);
    let mut ends = Vec::new();
    for row in &found.final_rows {
        assert_eq!(row.table, "festival.occasion");
        let value = |columns: &[(String, Value)], name: &str| {
            let found = columns.iter().find(|(column, _)| column == name);
            found.map(|(_, value)| value.clone()).unwrap()
        };
        ends.push(match &row.kind {
            FinalKind::Added(columns) => {
                assert_ne!(value(columns, "archived_at"), Value::Null);
                (row.key.clone(), Some(value(columns, "teams")))
            }
            other => panic!("{other:?}"),
        });
    }
    let number = |teams| Some(Value::Integer(teams));
    assert_eq!(
        ends,
        [(text("climb"), number(1)), (text("race"), number(2))]
    );

    // Then teams, which read the mark: no row differs, and nothing is asked for where events are deleted.
    let early = book.load(plugin(TEAM[1])).unwrap_err();
    let words = "'festival.occasion' has no column 'archived_at'";
    assert!(early.message.contains(words), "{early}");
    book.activate_pinned(&version(FESTIVAL[1])).unwrap();
    book.load(plugin(TEAM[1])).unwrap();
    let found = check_pair(&mut book, TEAM[0], TEAM[1]);
    let kinds: Vec<_> = { found.events.iter() }
        .map(|event| (event.event_type.as_str(), vanished(&event.differences)))
        .collect();
    assert_eq!(
        kinds,
        [
            ("festival.Deleted", vec!["daybook.react", "daybook.react"]),
            ("festival.Deleted", vec!["daybook.command"]),
        ]
    );
    assert_eq!(found.final_rows, []);

    // Of all past commands those would be answered in other words that asked for what was deleted.
    let server = Server::of(book);
    let sides = json!({"base": "recorded", "candidate": TEAM[1]});
    let asked = server.post("/diff/commands", &sides);
    assert_eq!(asked.status, 200, "{}", asked.text);
    let by = json!([
        {"command": "team.Join", "turn": "other reason", "commands": 1},
        {"command": "team.Move", "turn": "other reason", "commands": 1},
    ]);
    assert_eq!(asked.json["summary"]["by"], by, "{}", asked.text);
    let turned = &asked.json["turned"][0];
    assert_eq!(
        (&turned["data"]["team"], &turned["candidate"]["rejected"]),
        (&json!("f"), &json!("archived-event"))
    );

    let activated = server.post(
        &format!("/versions/{}/activate", TEAM[1]),
        &json!({"policy": "pinned"}),
    );
    assert_eq!(activated.status, 200, "{}", activated.text);
    let deleted = caused(&delete(&server, "swim", false));
    assert_eq!(deleted.len(), 1, "{deleted:?}");
    let late = delete(&server, "swim", true);
    refused(&late, "archived-already");
    refused(&join(&server, "g", "swim", false), "archived-event");
    refused(&move_to(&server, "d", "race", false), "archived-event");
    refused(&join(&server, "g", "dance", false), "unknown-event");
    refused(&plan(&server, "swim"), "planned-already");
    settled(&server);
    let here = rows(&server, "festival.occasion?archived_at.null=true");
    assert_eq!(here, json!([]));
    let events = [("climb", 1), ("race", 2), ("swim", 2)];
    let teams = [("c", "swim"), ("d", "swim")];
    assert_eq!(state(&server), events_and_teams(&events, &teams));

    // A team goes elsewhere: what is archived stays as it was, and the other event is counted.
    done(&plan(&server, "gala"));
    let moved = caused(&move_to(&server, "c", "gala", false));
    assert_eq!(
        moved[1..],
        [(
            "festival.Counted".to_owned(),
            json!({"event": "gala", "teams": 1})
        )]
    );
    let events = [("climb", 1), ("gala", 1), ("race", 2), ("swim", 2)];
    let teams = [("c", "gala"), ("d", "swim")];
    assert_eq!(state(&server), events_and_teams(&events, &teams));
    server.stop().assert_verified();
}
