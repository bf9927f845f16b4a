//! Appointments: what was answered is seen by the next read, events say only what is otherwise, and a later rule names the past
//! requests that it would have refused.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use daybook_tests::outside::{Outside, answer};
use daybook_tests::{Answer, Server, TestBook, check_pair, plugin, race};
use serde_json::{Value as Json, json};

const FIRST: &str = "appointment@2020-01-01";
const SECOND: &str = "appointment@2020-03-01";
const THIRD: &str = "appointment@2020-05-01";

fn ask(server: &Server, command: &str, data: Json) -> Answer {
    server.post(&format!("/commands/appointment.{command}"), &data)
}

/// Panics unless it is accepted.
fn told(server: &Server, command: &str, data: Json) -> Json {
    let answer = ask(server, command, data);
    assert!([200, 201].contains(&answer.status), "{}", answer.text);
    answer.json["events"].clone()
}

fn code(server: &Server, command: &str, data: Json) -> Json {
    let answer = ask(server, command, data);
    assert_eq!(answer.status, 422, "{}", answer.text);
    answer.json["code"].clone()
}

/// Type and payload of what happened.
fn happened(events: &Json) -> Json {
    let events = events.as_array().expect("a list").iter();
    let words = events.map(|it| json!([it["event"]["type"], it["event"]["data"]]));
    words.collect()
}

fn make(room: &str, begins: &str, minutes: u16) -> Json {
    json!({"room": room, "visitor": "Ms Gray", "begins": format!("2031-03-03T{begins}:00Z"), "minutes": minutes})
}

/// A book with two rooms, served.
fn practice() -> Server {
    let server = Server::of(TestBook::with_plugins(&[FIRST]));
    for (room, floor) in [("blue", 1), ("red", 2)] {
        let room = json!({"room": room, "floor": floor, "seats": 4});
        told(&server, "AddRoom", room);
    }
    server
}

/// Makes an appointment that must be accepted, and gives its id.
fn made(server: &Server, room: &str, begins: &str, minutes: u16) -> String {
    let events = told(server, "Make", make(room, begins, minutes));
    let id = &events[0]["event"]["data"]["appointment"];
    id.as_str().expect("an id").to_owned()
}

#[test]
fn whoever_was_answered_reads_what_was_answered_however_many_write_beside() {
    let server = practice();
    let answers = race(400, |number| {
        let begins = format!("{:02}:{:02}", 8 + number % 9, number % 60);
        let answer = ask(&server, "Make", make("blue", &begins, 15));
        assert_eq!(answer.status, 201, "{}", answer.text);
        let event = &answer.json["events"][0]["event"];
        let position = event["seq"].as_u64().expect("a position");
        let id = event["data"]["appointment"].as_str().expect("an id");

        let read = server.get(&format!("/state/appointment.appointment/{id}"));
        assert_eq!(read.status, 200, "event {position} is not seen yet");
        let begins = format!("2031-03-03T{begins}:00.000000000Z");
        assert_eq!(read.json["row"]["begins"], begins);
        let at = |answer: &Answer| -> u64 {
            let position = answer.header("daybook-position").expect("a position");
            position.parse().expect("a number")
        };
        assert!(at(&read) >= position, "{} before {position}", at(&read));

        // A change of what was read, guarded by what was read: nobody else had a hand in it.
        let about = format!("/events?subject=appointment/{id}");
        let history = server.get(&about);
        let tag = history.header("etag").expect("a tag").to_owned();
        assert_eq!(tag, format!("\"{position}\""));
        let cancel = || {
            let path = format!("/commands/appointment.Cancel?subject=appointment/{id}");
            let body = json!({ "appointment": id }).to_string();
            server.ask("POST", &path, &[("if-match", &tag)], Some(&body))
        };
        let cancelled = cancel();
        assert_eq!(cancelled.status, 201, "{}", cancelled.text);
        let after = server.get(&format!("/state/appointment.appointment/{id}"));
        assert_eq!(after.json["row"]["cancelled"], true);
        let event = &cancelled.json["events"][0]["event"];
        assert!(Some(at(&after)) >= event["seq"].as_u64());
        assert_eq!(cancel().status, 412, "what was read is not so any more");
        answer
    });
    assert_eq!(answers.len(), 400);
    let mut book = server.stop();
    let open = "SELECT count(*), sum(cancelled) FROM appointment_appointment";
    let counts = format!("{:?}", book.rows(open));
    assert_eq!(counts, "[[Integer(400), Integer(400)]]");
    book.assert_verified();
}

#[test]
fn an_edit_is_an_event_of_what_it_changes_and_none_where_it_changes_nothing() {
    let server = practice();
    let edit = |floor: i64, seats: i64| {
        let form = json!({"room": "blue", "floor": floor, "seats": seats});
        ask(&server, "EditRoom", form)
    };
    let changed = edit(1, 6);
    assert_eq!(changed.status, 201, "{}", changed.text);
    let seats = json!([["appointment.RoomEdited", {"room": "blue", "seats": 6}]]);
    assert_eq!(happened(&changed.json["events"]), seats);
    let head = server.get("/").json["head"].clone();
    let same = edit(1, 6);
    assert_eq!((same.status, &same.json["events"]), (200, &json!([])));
    assert_eq!(server.get("/").json["head"], head, "nothing is in the log");
    let too_many = edit(1, 10_001);
    assert_eq!(too_many.status, 422, "{}", too_many.text);
    assert_eq!(too_many.problem(), "schema", "{}", too_many.text);
    let row = server.get("/state/appointment.room/blue").json["row"].clone();
    assert_eq!(row, json!({"name": "blue", "floor": 1, "seats": 6}));

    made(&server, "blue", "09:00", 30);
    let room = json!({"room": "blue"});
    assert_eq!(code(&server, "RemoveRoom", room), "room-in-use");
    told(&server, "RemoveRoom", json!({"room": "red"}));
    assert_eq!(server.get("/state/appointment.room/red").status, 404);
    let gone = make("red", "09:00", 30);
    assert_eq!(code(&server, "Make", gone), "unknown-room");
    server.stop().assert_verified();
}

#[test]
fn a_list_of_others_is_taken_over_by_its_differences() {
    let server = practice();
    let take = |days: &[(&str, &str)]| {
        let days = days
            .iter()
            .map(|(date, name)| json!({"date": date, "name": name}));
        ask(
            &server,
            "TakeHolidays",
            json!({"holidays": days.collect::<Vec<_>>()}),
        )
    };
    let first = [
        ("2031-05-01", "Labour Day"),
        ("2031-01-01", "New Year"),
        ("2031-04-14", "Easter Mon"),
    ];
    assert_eq!(take(&first).json["events"].as_array().unwrap().len(), 3);
    let second = [
        ("2031-01-01", "New Year"),
        ("2031-04-14", "Easter Monday"),
        ("2031-03-03", "Town's day"),
    ];
    let differences = json!([
        ["appointment.HolidayRenamed", {"date": "2031-04-14", "name": "Easter Monday"}],
        ["appointment.HolidayRemoved", {"date": "2031-05-01"}],
        ["appointment.HolidayAdded", {"date": "2031-03-03", "name": "Town's day"}],
    ]);
    assert_eq!(happened(&take(&second).json["events"]), differences);
    let mut turned = second;
    turned.reverse();
    let same = take(&turned);
    assert_eq!((same.status, &same.json["events"]), (200, &json!([])));

    // Refused whole: neither list nor appointment leaves anything.
    let before = server.get("/state/appointment.holiday").json["rows"].clone();
    assert_eq!(before.as_array().unwrap().len(), 3);
    let twice = take(&[("2031-01-01", "New Year"), ("2031-01-01", "Neujahr")]);
    assert_eq!(twice.json["code"], "listed-twice", "{}", twice.text);
    let empty = take(&[]);
    assert_eq!((empty.status, empty.problem()), (422, "schema"));
    let holidays = server.get("/state/appointment.holiday").json["rows"].clone();
    assert_eq!(holidays, before);
    assert_eq!(code(&server, "Make", make("blue", "09:00", 30)), "holiday");
    server.stop().assert_verified();
}

#[test]
fn a_later_rule_names_each_past_request_that_it_would_have_refused_and_no_event_differs() {
    let server = practice();
    let day = |begins: &str| format!("2031-03-03T{begins}:00Z");
    let nine = made(&server, "blue", "09:00", 60);
    let within = made(&server, "blue", "09:30", 15);
    made(&server, "blue", "10:00", 30);
    made(&server, "red", "09:00", 60);
    let unknown = make("green", "09:00", 60);
    assert_eq!(code(&server, "Make", unknown), "unknown-room");
    told(&server, "Cancel", json!({"appointment": nine}));
    // At ten past nine nothing is left: one was cancelled, the other begins later.
    made(&server, "blue", "09:10", 20);
    // By five minutes, into what is there from ten; and to where nothing is.
    told(
        &server,
        "Move",
        json!({"appointment": within, "begins": day("09:50")}),
    );
    told(
        &server,
        "Move",
        json!({"appointment": within, "begins": day("11:00")}),
    );
    // By five minutes again, over its own time: it is not in its own way.
    told(
        &server,
        "Move",
        json!({"appointment": within, "begins": day("11:05")}),
    );
    told(
        &server,
        "Move",
        json!({"appointment": within, "room": "red", "begins": day("09:59")}),
    );
    let moved_nine = json!({"appointment": nine, "begins": day("12:00")});
    assert_eq!(code(&server, "Move", moved_nine), "cancelled");

    let mut book = server.stop();
    book.load(plugin(SECOND)).unwrap();
    let found = check_pair(&mut book, FIRST, SECOND);
    assert!(found.events.is_empty(), "{:?}", found.events);
    assert!(found.final_rows.is_empty(), "{:?}", found.final_rows);

    let server = Server::of(book);
    for base in ["recorded", FIRST] {
        let sides = json!({"base": base, "candidate": SECOND});
        let what_if = server.post("/diff/commands", &sides).json;
        let turned: Vec<Json> = what_if["turned"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|it| {
                let data = &it["data"];
                let what = [&it["type"], &data["room"], &data["begins"]];
                json!([it["turn"], it["candidate"]["rejected"], what])
            })
            .collect();
        let refused = |command: &str, room: Json, begins: &str| {
            let what = json!([format!("appointment.{command}"), room, day(begins)]);
            json!(["newly refused", "overlap", what])
        };
        let expected = [
            refused("Make", json!("blue"), "09:30"),
            refused("Move", json!(null), "09:50"),
            refused("Move", json!("red"), "09:59"),
        ];
        assert_eq!(json!(turned), json!(expected), "against {base}");
        assert_eq!(what_if["summary"]["commands"], 14);
        let why = what_if["turned"][0]["candidate"]["message"].to_string();
        assert!(
            why.contains("from 2031-03-03T09:00:00Z to 2031-03-03T10:00:00Z"),
            "{why}"
        );
    }

    // In force: what overlaps from now on is refused, what overlapped stays.
    let before = server.get("/state/appointment.appointment").json["rows"].clone();
    let activate = format!("/versions/{SECOND}/activate");
    let activated = server.post(&activate, &json!({"policy": "pinned"}));
    assert_eq!(activated.status, 200, "{}", activated.text);
    let rows = || server.get("/state/appointment.appointment").json["rows"].clone();
    assert_eq!(rows(), before);
    assert_eq!(code(&server, "Make", make("red", "10:13", 5)), "overlap");
    assert_eq!(rows(), before);
    made(&server, "red", "10:14", 5);
    server.stop().assert_verified();
}

#[test]
fn a_list_outside_is_polled_by_the_clock_and_only_its_changes_become_events() {
    let list = Arc::new(Mutex::new(
        json!([{"date": "2031-05-01", "name": "Labour Day"}]),
    ));
    let told = list.clone();
    let outside = Outside::answering(move |_, _| {
        let list = told.lock().unwrap().to_string();
        answer("200 OK", &list)
    });
    let mut book = TestBook::with_plugins(&[FIRST]);
    for version in [SECOND, THIRD] {
        book.load(plugin(version)).unwrap();
    }
    let found = check_pair(&mut book, SECOND, THIRD);
    assert!(found.events.is_empty(), "{:?}", found.events);
    book.load_active(plugin(THIRD));
    let server = Server::of(book);
    let put = |path: &str, body: Json| {
        let answer = server.ask("PUT", path, &[], Some(&body.to_string()));
        assert_eq!(answer.status, 200, "{}", answer.text);
    };
    let fetch = json!({"url": format!("{}/{{year}}.json", outside.url), "command": "appointment.TakeYear",
                       "member": "holidays", "asked": "asked"});
    put(
        "/gateway/holidays",
        json!({"driver": {"fetch": fetch}, "ordered": true}),
    );
    put(
        "/schedules/holidays",
        json!({"every": "1s", "command": "appointment.AskForHolidays", "data": {"year": 2031}}),
    );
    let until = |what: &str, holds: &dyn Fn() -> bool| {
        let begun = Instant::now();
        while !holds() {
            assert!(begun.elapsed() < Duration::from_secs(30), "{what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    let days = || server.get("/state/appointment.holiday").json["rows"].clone();
    until("the list is not taken", &|| days() == *list.lock().unwrap());
    let asked = outside.asked().len();
    until("it is not polled again", &|| {
        outside.asked().len() >= asked + 2
    });
    *list.lock().unwrap() = json!([{"date": "2031-05-01", "name": "May Day"}, {"date": "2031-05-08", "name": "Victory Day"}]);
    until("the change is not taken", &|| {
        days() == *list.lock().unwrap()
    });
    server.post("/schedules/holidays/pause", &json!({}));
    until("a task is open", &|| {
        ["pending", "running", "retry"].iter().all(|state| {
            let open = server.get(&format!("/tasks?state={state}")).json;
            open["tasks"] == json!([])
        })
    });
    let mut book = server.stop();
    let types = book
        .recorded()
        .into_iter()
        .map(|it| it.event.event_type.to_string());
    let of_days: Vec<String> = types
        .filter(|it| it.starts_with("appointment.Holiday"))
        .collect();
    let changes: Vec<_> = of_days
        .iter()
        .filter(|it| !it.ends_with("HolidaysAsked"))
        .collect();
    let expected = ["Added", "Renamed", "Added"].map(|it| format!("appointment.Holiday{it}"));
    assert_eq!(changes, expected.iter().collect::<Vec<_>>());
    assert!(of_days.len() > 5, "it was asked several times: {of_days:?}");
    // A replay asks nobody.
    let asked = outside.asked().len();
    book.assert_verified();
    assert_eq!(outside.asked().len(), asked);
}
