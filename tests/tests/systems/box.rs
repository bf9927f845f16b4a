//! Two people, a box and a ball: who asks first gets it, however many ask at once, and a second ball changes who may.

use std::collections::BTreeMap;

use daybook::diff::{Cause, FinalKind};
use daybook::model::Value;
use daybook_tests::{Answer, Random, Server, TestBook, check_pair, plugin, race};
use serde_json::{Value as Json, json};

const FIRST: &str = "box@2020-01-01";
const SECOND: &str = "box@2020-02-01";

fn take(server: &Server, person: &str) -> Answer {
    server.post("/commands/box.Take", &json!({ "person": person }))
}

fn put_back(server: &Server, person: &str) -> Answer {
    server.post("/commands/box.Return", &json!({ "person": person }))
}

/// How many balls each place holds; a place without a row is left out.
fn held(server: &Server) -> BTreeMap<String, i64> {
    let rows = server.get("/state/box.held").json["rows"].clone();
    let rows = rows.as_array().expect("rows").iter();
    rows.map(|row| {
        let place = row["place"].as_str().expect("a place").to_owned();
        (place, row["balls"].as_i64().expect("a number"))
    })
    .collect()
}

fn places(held: &[(&str, i64)]) -> BTreeMap<String, i64> {
    let place = |(place, balls): &(&str, i64)| ((*place).to_owned(), *balls);
    held.iter().map(place).collect()
}

/// How many were refused with this code.
fn refused(answers: &[Answer], code: &str) -> usize {
    let refused = |answer: &&Answer| answer.status == 422 && answer.json["code"] == code;
    answers.iter().filter(refused).count()
}

fn accepted(answers: &[Answer]) -> usize {
    answers.iter().filter(|answer| answer.status == 201).count()
}

/// Tells the log as a story of one ball, and who holds it at the end. Panics at the first step that is not allowed.
fn story(book: &TestBook) -> (usize, Option<String>) {
    let (mut steps, mut holder) = (0, None);
    for stored in book.recorded() {
        let event = stored.event;
        let person = || {
            let data: Json = serde_json::from_str(&event.data).expect("JSON");
            data["person"].as_str().expect("a person").to_owned()
        };
        match event.event_type.as_str() {
            "box.Taken" => {
                assert_eq!(holder, None, "event {}: it is not in the box", event.seq);
                holder = Some(person());
            }
            "box.PutBack" => {
                let has = holder.take();
                assert_eq!(has, Some(person()), "event {}: another has it", event.seq);
            }
            other => {
                assert!(other.starts_with("daybook."), "{other}");
                continue;
            }
        }
        steps += 1;
    }
    (steps, holder)
}

#[test]
fn a_thousand_racing_requests_leave_one_holder_and_every_step_was_allowed() {
    let server = Server::of(TestBook::with_plugins(&[FIRST]));
    let mut random = Random::new(2_020);
    let people: Vec<&str> = (0..1_000).map(|_| *random.pick(&["ann", "ben"])).collect();

    let taking = race(1_000, |number| take(&server, people[number as usize]));
    assert_eq!(accepted(&taking), 1);
    let (twice, empty) = (
        refused(&taking, "holds-one-already"),
        refused(&taking, "box-empty"),
    );
    assert_eq!(twice + empty, 999, "each other one is refused");
    let now = held(&server);
    assert_eq!(now["box"], 0);
    let holders: Vec<_> = now.iter().filter(|(_, balls)| **balls == 1).collect();
    assert_eq!(holders.len(), 1, "{now:?}");

    let both = race(1_000, |number| match number % 2 {
        0 => take(&server, people[number as usize]),
        _ => put_back(&server, people[number as usize]),
    });
    for code in ["holds-one-already", "box-empty", "holds-none"] {
        assert!(refused(&both, code) > 0, "nobody was refused with {code}");
    }
    let moved = accepted(&both);
    assert!(moved > 10, "{moved} were accepted: nothing was tried");

    let now = held(&server);
    let mut book = server.stop();
    let (steps, holder) = story(&book);
    assert_eq!(steps, 1 + moved, "what is in the log is what was answered");
    let has = |place: &str| now.get(place).copied().unwrap_or(0);
    for person in ["ann", "ben"] {
        let holds = holder.as_deref() == Some(person);
        assert_eq!(has(person), i64::from(holds), "{now:?} after {holder:?}");
    }
    assert_eq!(has("box"), i64::from(holder.is_none()));
    book.assert_verified();

    // With a second ball nobody would have found the box empty, and nothing else would be answered otherwise.
    book.load(plugin(SECOND)).unwrap();
    let server = Server::of(book);
    let sides = json!({"base": "recorded", "candidate": SECOND});
    let what_if = server.post("/diff/commands", &sides);
    let wanted = empty + refused(&both, "box-empty");
    assert_eq!(
        what_if.json["summary"]["by"],
        json!([{"command": "box.Take", "turn": "newly accepted", "commands": wanted}]),
        "{}",
        what_if.json["summary"]
    );
    assert_eq!(what_if.json["summary"]["commands"], 2_000);
}

#[test]
fn what_nobody_may_do_is_refused_whoever_says_it() {
    let server = Server::of(TestBook::with_plugins(&[FIRST]));
    let stranger = take(&server, "eve");
    assert_eq!(stranger.status, 422, "{}", stranger.text);
    assert_eq!(stranger.problem(), "schema", "{}", stranger.text);
    assert_eq!(take(&server, "ann").status, 201);
    let before = held(&server);
    assert_eq!(before, places(&[("ann", 1), ("box", 0)]));
    // An event that comes without a command meets the same rule.
    let event = json!({"type": "box.Taken", "data": {"person": "ben"}});
    let refused = server.post("/events", &event);
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert!(refused.text.contains("no-ball-there"), "{}", refused.text);
    assert_eq!(held(&server), before);
    let mut book = server.stop();
    assert_eq!(story(&book), (1, Some("ann".to_owned())));
    book.assert_verified();
}

#[test]
fn a_second_ball_is_in_the_box_and_who_found_it_empty_would_have_got_one() {
    let server = Server::of(TestBook::with_plugins(&[FIRST]));
    let codes: Vec<Json> = [
        take(&server, "ann"),
        take(&server, "ben"),
        take(&server, "ann"),
        put_back(&server, "ben"),
        put_back(&server, "ann"),
        take(&server, "ben"),
        take(&server, "ann"),
        take(&server, "ben"),
    ]
    .iter()
    .map(|answer| answer.json["code"].clone())
    .collect();
    let expected = json!([
        null,
        "box-empty",
        "holds-one-already",
        "holds-none",
        null,
        null,
        "box-empty",
        "holds-one-already"
    ]);
    assert_eq!(json!(codes), expected);

    let mut book = server.stop();
    book.load(plugin(SECOND)).unwrap();
    let events: Vec<u64> = book
        .recorded()
        .iter()
        .filter(|stored| stored.event.event_type.as_str().starts_with("box."))
        .map(|stored| stored.event.seq.0)
        .collect();
    let found = check_pair(&mut book, FIRST, SECOND);
    let seqs = |cause| -> Vec<u64> { found.seqs(cause).iter().map(|seq| seq.0).collect() };
    assert_eq!(seqs(Cause::Direct), events[..1]);
    assert_eq!(seqs(Cause::Inherited), events[1..]);
    let column = ("box.held".to_owned(), "balls".to_owned());
    assert_eq!(found.columns(), [column]);
    let [row] = &found.final_rows[..] else {
        panic!("not one row: {:?}", found.final_rows);
    };
    assert_eq!(row.key, [Value::Text("box".into())]);
    let (none, one) = (Value::Integer(0), Value::Integer(1));
    let more = [("balls".to_owned(), Some(none), Some(one))];
    assert_eq!(row.kind, FinalKind::Changed(more.into()));

    let server = Server::of(book);
    let sides = json!({"base": "recorded", "candidate": SECOND});
    let what_if = server.post("/diff/commands", &sides).json;
    let turned: Vec<Json> = what_if["turned"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| {
            json!([
                it["turn"],
                it["position"],
                it["base"]["rejected"],
                it["candidate"]["events"][0]["data"]
            ])
        })
        .collect();
    assert_eq!(
        json!(turned),
        json!([
            ["newly accepted", events[0], "box-empty", {"person": "ben"}],
            ["newly accepted", events[2], "box-empty", {"person": "ann"}],
        ])
    );

    // In force over all of history: Ben holds one, and now Ann gets the other.
    let activate = format!("/versions/{SECOND}/activate");
    let activated = server.post(&activate, &json!({"policy": "pinned"}));
    assert_eq!(activated.status, 200, "{}", activated.text);
    let state = [("ann", 0), ("ben", 1), ("box", 1)];
    assert_eq!(held(&server), places(&state));
    let got = take(&server, "ann");
    assert_eq!(got.status, 201, "{}", got.text);
    assert_eq!(held(&server), places(&[("ann", 1), ("ben", 1), ("box", 0)]));
    // From here on there is no way back: with one ball this could not have happened, and the host says where.
    let dooms = server.post("/dooms", &json!({"version": FIRST, "keep_going": true}));
    let found = dooms.json["found"].as_array().expect("a list");
    let seqs: Vec<&Json> = found.iter().map(|doom| &doom["seq"]).collect();
    assert_eq!(seqs, [&got.json["events"][0]["event"]["seq"]]);
    server.stop().assert_verified();
}
