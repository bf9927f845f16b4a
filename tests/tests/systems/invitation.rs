//! Invitations: many accept at once, the lowest position in the log has the seat, all others are recorded as late, and each
//! client hears of its own outcome.

use std::collections::{BTreeMap, BTreeSet};

use daybook::diff::{Difference, FinalKind};
use daybook::model::Value;
use daybook_tests::{Answer, Heard, Server, Sse, TestBook, check_pair, plugin, race};
use serde_json::{Value as Json, json};

const FIRST: &str = "invitation@2016-05-01";
const SECOND: &str = "invitation@2017-05-01";

/// How many accept at once.
const GUESTS: u64 = 256;

fn with_invitations(invitations: &[&str]) -> Server {
    let server = Server::of(TestBook::with_plugins(&[FIRST]));
    for invitation in invitations {
        let send = json!({"invitation": invitation, "host": "Ada"});
        let sent = server.post("/commands/invitation.Send", &send);
        assert_eq!(sent.status, 201, "{}", sent.text);
    }
    server
}

fn accept(server: &Server, invitation: &str, guest: &str) -> Answer {
    let accept = json!({"invitation": invitation, "guest": guest});
    server.post("/commands/invitation.Accept", &accept)
}

/// Position, type and guest of the one event of an acceptance.
type Outcome = (u64, String, String);

fn outcome(answer: &Answer) -> Outcome {
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(answer.json["events"].as_array().map(Vec::len), Some(1));
    let event = &answer.json["events"][0]["event"];
    let text = |json: &Json| json.as_str().expect("text").to_owned();
    (
        event["seq"].as_u64().expect("a seq"),
        text(&event["type"]),
        text(&event["data"]["guest"]),
    )
}

#[test]
fn of_many_who_accept_at_once_the_lowest_position_has_the_seat_and_all_others_are_late() {
    let server = with_invitations(&["ball"]);
    let before = server.alone(|book| book.head().0);
    let answers = race(GUESTS, |number| {
        accept(&server, "ball", &format!("guest {number}"))
    });
    let outcomes: BTreeMap<u64, _> = { answers.iter().map(outcome) }
        .map(|(seq, kind, guest)| (seq, (kind, guest)))
        .collect();
    let seqs: Vec<u64> = outcomes.keys().copied().collect();
    assert_eq!(
        seqs,
        (before + 1..=before + GUESTS).collect::<Vec<_>>(),
        "each has a position of its own"
    );
    let (lowest, (_, winner)) = outcomes.first_key_value().expect("guests");
    for (seq, (kind, guest)) in &outcomes {
        let expected = if seq == lowest {
            "invitation.Seated"
        } else {
            "invitation.CameLate"
        };
        assert_eq!(kind, expected, "{guest} at {seq}");
    }

    // Whoever accepts again has had an answer already.
    let loser = &outcomes.last_key_value().expect("guests").1.1;
    for guest in [winner, loser] {
        let again = accept(&server, "ball", guest);
        assert_eq!((again.status, again.problem()), (422, "rejected"));
        assert_eq!(again.json["code"], "accepted-already");
    }
    let unknown = accept(&server, "tea", winner);
    assert_eq!(
        (unknown.status, &unknown.json["code"]),
        (422, &json!("unknown-invitation"))
    );
    let nobody = accept(&server, "ball", "");
    assert_eq!((nobody.status, nobody.problem()), (422, "schema"));

    let seats = server.get("/state/invitation.seat").json["rows"].clone();
    let seat = json!({"invitation": "ball", "guest": winner, "number": 1, "seq": lowest});
    assert_eq!(seats, json!([seat]));
    let mut book = server.stop();
    let late = book.rows("SELECT seq, guest FROM invitation_late ORDER BY seq");
    let expected = outcomes.iter().skip(1).map(|(seq, (_, guest))| {
        vec![
            Value::Integer(seq.cast_signed()),
            Value::Text(guest.clone()),
        ]
    });
    assert_eq!(late, expected.collect::<Vec<_>>());
    book.assert_verified();
}

#[test]
fn each_client_hears_its_own_outcome_and_all_hear_the_same() {
    let server = with_invitations(&["ball", "tea"]);
    const LISTENERS: u64 = 12;
    // Other invitations' guests are not heard: of each of the two, half of those who accept.
    let heard: Vec<(String, Vec<Outcome>)> = std::thread::scope(|scope| {
        let listeners: Vec<_> = (0..LISTENERS)
            .map(|listener| {
                let mut sse = Sse::open(
                    &server.url,
                    "?subject=invitation/ball&type=invitation.Seated&type=invitation.CameLate",
                    None,
                );
                // It is there once it says where it is.
                assert!(matches!(sse.hear(), Heard::Position(_)));
                scope.spawn(move || {
                    let guest = format!("guest {}", listener * 2);
                    let mut heard = Vec::new();
                    // Each waits for its own outcome, and then for that of everybody else.
                    while heard.len() < GUESTS as usize / 2 {
                        match sse.hear() {
                            Heard::Event(seq, kind, told) => {
                                assert_eq!(told["event"]["subject"], "invitation/ball");
                                let guest =
                                    told["event"]["data"]["guest"].as_str().expect("a guest");
                                heard.push((seq, kind, guest.to_owned()));
                            }
                            Heard::Position(_) => {}
                            other => panic!("{guest} hears {other:?}"),
                        }
                    }
                    (guest, heard)
                })
            })
            .collect();
        let answers = race(GUESTS, |number| {
            let invitation = ["ball", "tea"][(number % 2) as usize];
            accept(&server, invitation, &format!("guest {number}"))
        });
        let mut told: Vec<_> = { answers.iter() }
            .filter(|answer| answer.json["events"][0]["event"]["data"]["invitation"] == "ball")
            .map(outcome)
            .collect();
        told.sort();
        { listeners.into_iter() }
            .map(|listener| listener.join().expect("a listener ends"))
            .inspect(|(guest, heard)| {
                assert_eq!(heard, &told, "{guest} hears what everybody was answered")
            })
            .collect()
    });
    let mut winners = BTreeSet::new();
    for (guest, heard) in &heard {
        let own: Vec<_> = heard
            .iter()
            .filter(|(_, _, about)| about == guest)
            .collect();
        assert_eq!(own.len(), 1, "{guest} hears one outcome of its own");
        winners.extend(
            heard
                .iter()
                .filter(|(_, kind, _)| kind == "invitation.Seated"),
        );
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(
        winners.first(),
        heard[0].1.first().as_ref(),
        "the lowest position of them all"
    );
    server.stop().assert_verified();
}

#[test]
fn the_second_version_gives_the_second_seat_to_the_first_who_came_late() {
    let server = with_invitations(&["ball", "tea", "walk", "rest"]);
    // To the ball come four, to tea two, for a walk one, and nobody to rest.
    let guests = [
        ("ball", "Bob"),
        ("tea", "Bob"),
        ("ball", "Zoe"),
        ("ball", "Cyd"),
        ("walk", "Cyd"),
        ("tea", "Dan"),
        ("ball", "Dan"),
    ];
    let seqs: BTreeMap<(&str, &str), u64> = guests
        .iter()
        .map(|(invitation, guest)| {
            (
                (*invitation, *guest),
                outcome(&accept(&server, invitation, guest)).0,
            )
        })
        .collect();
    accept(&server, "ball", "Bob");
    let mut book = server.stop();
    book.assert_verified();
    book.load(plugin(SECOND)).unwrap();

    let found = check_pair(&mut book, FIRST, SECOND);
    let second = [("ball", "Zoe"), ("tea", "Dan")];
    let differing: Vec<u64> = found.events.iter().map(|event| event.seq.0).collect();
    assert_eq!(differing, second.map(|who| seqs[&who]));
    for event in &found.events {
        let mut rows: Vec<_> = { event.differences.iter() }
            .map(|difference| match difference {
                Difference::Row {
                    table,
                    base,
                    candidate,
                    ..
                } => (table.as_str(), *base, *candidate),
                other => panic!("not a row: {other:?}"),
            })
            .collect();
        rows.sort_unstable();
        let expected = [
            ("invitation.invitation", None, Some("update")),
            ("invitation.late", Some("insert"), None),
            ("invitation.seat", None, Some("insert")),
        ];
        assert_eq!(rows, expected);
    }

    let text = |text: &str| Value::Text(text.to_owned());
    let number = |number: u64| Value::Integer(number.cast_signed());
    let row = |key: [&str; 2], rest: &[(&str, Value)]| -> Vec<(String, Value)> {
        let key = ["invitation", "guest"].into_iter().zip(key.map(text));
        key.chain(rest.iter().cloned())
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    };
    let mut rows: Vec<_> = { found.final_rows.iter() }
        .map(|row| (row.table.as_str(), row.key.clone(), row.kind.clone()))
        .collect();
    rows.sort_by_key(|(table, key, _)| format!("{table} {key:?}"));
    let mut expected = Vec::new();
    for (invitation, guest) in second {
        let taken = ("taken".to_owned(), Some(number(1)), Some(number(2)));
        expected.push((
            "invitation.invitation",
            vec![text(invitation)],
            FinalKind::Changed(vec![taken]),
        ));
        let seq = number(seqs[&(invitation, guest)]);
        let key = [invitation, guest];
        let late = row(key, &[("seq", seq.clone())]);
        expected.push((
            "invitation.late",
            key.map(text).to_vec(),
            FinalKind::Removed(late),
        ));
        let seat = row(key, &[("number", number(2)), ("seq", seq)]);
        expected.push((
            "invitation.seat",
            key.map(text).to_vec(),
            FinalKind::Added(seat),
        ));
    }
    expected.sort_by_key(|(table, key, _)| format!("{table} {key:?}"));
    assert_eq!(rows, expected);

    // Asked again, the same two would be told otherwise, and nobody else.
    let server = Server::of(book);
    let turned = server.post(
        "/diff/commands",
        &json!({"base": "recorded", "candidate": SECOND}),
    );
    let told: Vec<_> = { turned.json["turned"].as_array().expect("commands").iter() }
        .map(|command| {
            let said = |side: &str| command[side]["events"][0]["type"].clone();
            assert_eq!(
                (said("base"), said("candidate")),
                (json!("invitation.CameLate"), json!("invitation.Seated"))
            );
            (
                command["data"]["invitation"].as_str().unwrap(),
                command["data"]["guest"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(told, second, "{}", turned.text);
    assert_eq!(turned.json["summary"]["commands"], 12);
    server.stop().assert_verified();
}
