//! Foos: one for each pair however many ask for it at once, listed and filtered, with their history; and a shorter history
//! is another history and nothing else.

use daybook::diff::{Difference, FinalKind};
use daybook::model::Value;
use daybook_tests::{Answer, Server, TestBook, check_pair, plugin, race, version};
use serde_json::{Value as Json, json};

const FIRST: &str = "foo@2020-01-01";
const SECOND: &str = "foo@2020-06-01";

fn set(server: &Server, left: &str, right: &str, active: bool, label: &str) -> Answer {
    let data = json!({"left": left, "right": right, "active": active, "label": label});
    server.post("/commands/foo.SetFoo", &data)
}

/// The event of an accepted command.
fn changed(answer: &Answer) -> Json {
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json["events"][0]["event"].clone()
}

fn rows(server: &Server, query: &str) -> Vec<Json> {
    let answer = server.get(&format!("/state/{query}"));
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json["rows"].as_array().unwrap().clone()
}

fn column(rows: &[Json], name: &str) -> Vec<Json> {
    rows.iter().map(|row| row[name].clone()).collect()
}

/// Eight changes of (ann, bob), two of (ann, cid), one of (bob, ann); and the id of the first.
fn story(server: &Server) -> String {
    let mut id = String::new();
    for change in 1..=8 {
        let event = changed(&set(
            server,
            "ann",
            "bob",
            change % 2 == 0,
            &change.to_string(),
        ));
        let subject = event["subject"].as_str().unwrap();
        id = subject.strip_prefix("foo/").unwrap().to_owned();
    }
    changed(&set(server, "ann", "cid", true, ""));
    changed(&set(server, "bob", "ann", true, ""));
    changed(&set(server, "ann", "cid", false, ""));
    id
}

#[test]
fn foos_are_listed_and_filtered_and_each_has_its_history() {
    let server = Server::of(TestBook::with_plugins(&[FIRST]));
    let id = story(&server);
    assert_eq!(
        id, "565d4750-a613-569a-b9d5-9b1d2a8d0668",
        "derived from the pair"
    );
    let all = rows(&server, "foo.foo?order=updated_seq");
    assert_eq!(column(&all, "right"), ["bob", "ann", "cid"]);
    let active = rows(&server, "foo.foo?active=true&order=updated_seq");
    assert_eq!(active, all[..2]);
    let inactive = rows(&server, "foo.foo?active=false");
    assert_eq!(inactive, all[2..]);
    let of_ann = rows(
        &server,
        "foo.foo?left=ann&active=false&columns=right,changes",
    );
    assert_eq!(of_ann, [json!({"right": "cid", "changes": 2})]);

    let row = server.get(&format!("/state/foo.foo/{id}")).json["row"].clone();
    let history = rows(&server, &format!("foo.history?foo={id}"));
    assert_eq!(
        column(&history, "number"),
        (1..=8).map(Json::from).collect::<Vec<_>>()
    );
    for entry in &history {
        let event = server.get(&format!("/events/{}", entry["seq"])).json["event"].clone();
        assert_eq!(event["data"]["label"], entry["label"]);
        assert_eq!(event["data"]["active"].as_bool(), entry["active"].as_bool());
        let (at, time) = (
            entry["at"].as_str().unwrap(),
            event["time"].as_str().unwrap(),
        );
        // Rows write all nine digits of a second.
        assert!(at.starts_with(time.trim_end_matches('Z')), "{at} {time}");
    }
    let last = history.last().unwrap();
    assert_eq!(
        (&row["updated_seq"], &row["updated_at"]),
        (&last["seq"], &last["at"])
    );
    server.stop().assert_verified();
}

#[test]
fn what_says_nothing_new_or_names_no_pair_is_refused_and_leaves_nothing() {
    let server = Server::of(TestBook::with_plugins(&[FIRST]));
    changed(&set(&server, "ann", "bob", true, "friends"));
    let head = server.get("/").json["head"].clone();
    let again = set(&server, "ann", "bob", true, "friends");
    assert_eq!(
        (again.status, &again.json["code"]),
        (422, &json!("unchanged"))
    );
    for (left, right) in [("", "bob"), ("ann", ""), ("ann", &*"b".repeat(101))] {
        let refused = set(&server, left, right, true, "");
        assert_eq!(
            (refused.status, refused.problem()),
            (422, "schema"),
            "{}",
            refused.text
        );
    }
    assert_eq!(server.get("/").json["head"], head);
    assert_eq!(rows(&server, "foo.history").len(), 1);
    server.stop().assert_verified();
}

#[test]
fn of_many_who_make_the_same_foo_at_once_one_does() {
    let server = Server::of(TestBook::with_plugins(&[FIRST]));
    let answers = race(64, |_| set(&server, "ann", "bob", true, "friends"));
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    let refused = { answers.iter() }.filter(|answer| answer.json["code"] == "unchanged");
    assert_eq!((made, refused.count()), (1, 63));
    assert_eq!(rows(&server, "foo.foo").len(), 1);
    assert_eq!(rows(&server, "foo.history").len(), 1);
    server.stop().assert_verified();
}

#[test]
fn a_shorter_history_differs_in_the_entries_that_go_and_in_nothing_else() {
    let server = Server::of(TestBook::with_plugins(&[FIRST]));
    let id = story(&server);
    let foos = rows(&server, "foo.foo");
    let history = rows(&server, &format!("foo.history?foo={id}"));
    let mut book = server.stop();
    book.load(plugin(SECOND)).unwrap();

    let found = check_pair(&mut book, FIRST, SECOND);
    let entry = |number: i64| vec![Value::Text(id.clone()), Value::Integer(number)];
    // The sixth change, the seventh and the eighth each make one entry go.
    let seqs: Vec<_> = found.events.iter().map(|event| event.seq.0).collect();
    let expected = history[5..]
        .iter()
        .map(|entry| entry["seq"].as_u64().unwrap());
    assert_eq!(seqs, expected.collect::<Vec<_>>());
    for (event, number) in found.events.iter().zip(1..) {
        let gone = Difference::Row {
            table: "foo.history".into(),
            key: entry(number),
            base: None,
            candidate: Some("delete"),
        };
        assert_eq!(event.differences, [gone]);
    }
    let gone = found.final_rows.iter().map(|row| {
        assert!(matches!(row.kind, FinalKind::Removed(_)), "{row:?}");
        assert_eq!(row.table, "foo.history");
        row.key.clone()
    });
    assert_eq!(gone.collect::<Vec<_>>(), [entry(1), entry(2), entry(3)]);

    book.activate_pinned(&version(SECOND)).unwrap();
    let server = Server::of(book);
    assert_eq!(rows(&server, "foo.foo"), foos);
    assert_eq!(
        rows(&server, &format!("foo.history?foo={id}")),
        history[3..]
    );
    changed(&set(&server, "ann", "bob", true, "the ninth"));
    let kept = rows(&server, &format!("foo.history?foo={id}"));
    assert_eq!(column(&kept, "number"), [5, 6, 7, 8, 9]);
    server.stop().assert_verified();
}
