//! The same event on the same state gives the same effects. Each test here fails when one safeguard is taken away.

use daybook::history;
use daybook::model::Value;
use daybook_tests::{TestBook, accepted, event, event_at};
use serde_json::json;

/// Bits of the one NaN that WebAssembly code may see as a result.
const CANONICAL_NAN: i64 = 0x7ff8_0000_0000_0000;

/// Three events of a guest with ids and times of their own.
fn three_events(plugin: &str) -> Vec<daybook::book::Incoming> {
    let happened = format!("{plugin}.Happened");
    let times = [
        "2001-02-03T04:05:06.789Z",
        "2019-12-31T23:59:59Z",
        "2030-06-15T12:00:00+02:00",
    ];
    times
        .iter()
        .zip(1..)
        .map(|(time, n)| event_at(&happened, &format!("e{n}"), time, json!({"n": n})))
        .collect()
}

/// Gives the same events to two books, at different times and in other groups; rows and effects must be equal, and stay
/// so when the book is verified.
fn check_equal_in_two_books(guest: &str, plugin: &str) -> TestBook {
    let mut first = TestBook::with_guests(&[guest]);
    first.append(three_events(plugin)).unwrap();
    let mut second = TestBook::with_guests(&[guest]);
    std::thread::sleep(std::time::Duration::from_millis(2));
    for event in three_events(plugin) {
        second.append_one(event).unwrap();
        second.reopen();
    }
    let effects = |book: &TestBook| {
        book.recorded()
            .into_iter()
            .map(|event| event.effects)
            .collect::<Vec<_>>()
    };
    assert_eq!(effects(&first), effects(&second), "{guest}");
    assert_eq!(first.mark().rows, second.mark().rows, "{guest}");
    assert_eq!(first.mark().live, second.mark().live, "{guest}");
    first.assert_verified();
    first
}

#[test]
fn a_mutable_global_starts_anew_in_every_call() {
    let mut book = TestBook::with_guests(&["mutable-global"]);
    for n in 0..5 {
        book.append_one(event("counter.Happened", json!({"n": n})))
            .unwrap();
        let reply = book.command("counter.Do", json!({"n": n}), false).unwrap();
        assert_eq!(
            accepted(reply)[0].event.data,
            r#"{"n":1}"#,
            "the creator's count"
        );
    }
    assert_eq!(book.numbers("SELECT n FROM counter_thing"), [1; 10]);
    book.assert_verified();
}

#[test]
fn clocks_show_the_time_of_the_event() {
    let book = check_equal_in_two_books("clock", "clock");
    let rows = book.rows("SELECT n, text FROM clock_thing ORDER BY id");
    let times = [981_173_106_789, 1_577_836_799_000, 1_907_748_000_000_i64];
    for (row, time) in rows.iter().zip(times) {
        assert_eq!(row[0], Value::Integer(time));
    }
    let monotonic = |row: &Vec<Value>| match &row[1] {
        Value::Text(text) => text
            .split_once("monotonic")
            .expect("both clocks")
            .1
            .to_owned(),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        monotonic(&rows[0]),
        monotonic(&rows[2]),
        "time stands still within a call"
    );
}

#[test]
fn random_bytes_come_from_the_events_id() {
    let mut book = check_equal_in_two_books("random", "random");
    let texts = book.texts("SELECT text FROM random_thing");
    assert!(
        texts[0] != texts[1] && texts[1] != texts[2] && texts[0] != texts[2],
        "{texts:?}"
    );
    // Equal id, another source: an event is known by both, but its randomness follows the id it was given.
    let again = event_at(
        "random.Happened",
        "another",
        "2001-02-03T04:05:06.789Z",
        json!({"n": 1}),
    );
    book.append_one(again).unwrap();
    assert!(
        !texts.contains(&book.texts("SELECT text FROM random_thing ORDER BY id DESC LIMIT 1")[0])
    );
}

#[test]
fn a_hash_maps_order_follows_the_event() {
    let mut book = check_equal_in_two_books("hash-order", "hashorder");
    for n in 0..8 {
        book.append_one(event("hashorder.Happened", json!({"n": n})))
            .unwrap();
    }
    let mut orders = book.texts("SELECT text FROM hashorder_thing");
    orders.sort_unstable();
    orders.dedup();
    assert!(
        orders.len() > 1,
        "the seed does not depend on the event: {orders:?}"
    );
    book.assert_verified();
}

#[test]
fn arithmetic_gives_one_nan() {
    let mut book = TestBook::with_guests(&["nan"]);
    for n in [0, 1, 5, -3] {
        book.append_one(event("nan.Happened", json!({"n": n})))
            .unwrap();
    }
    let bits = book.numbers("SELECT n FROM nan_thing");
    assert_eq!(bits, [CANONICAL_NAN; 28]);
}

#[test]
fn a_row_cannot_hold_what_is_no_number_and_minus_zero_becomes_zero() {
    let mut book = TestBook::with_guests(&["nan-write"]);
    for (n, shown) in [(0, "NaN"), (1, "inf"), (2, "-inf")] {
        let before = book.mark();
        let error = book
            .append_one(event("nanwrite.Happened", json!({"n": n})))
            .unwrap_err();
        let wanted = format!(
            "column 'x' of table 'nanwrite_reading' is REAL NOT NULL; it cannot hold the number {shown}"
        );
        assert!(error.message.contains(&wanted), "{error}");
        assert_eq!(book.mark(), before);
    }
    book.append_one(event("nanwrite.Happened", json!({"n": 3})))
        .unwrap();
    let rows = book.rows("SELECT x FROM nanwrite_reading");
    assert!(
        matches!(rows[0][0], Value::Real(x) if x.to_bits() == 0),
        "{rows:?}"
    );
    book.assert_verified();
}

#[test]
fn verify_names_the_event_that_depends_on_unordered_sql() {
    let mut book = TestBook::with_guests(&["unordered-sql"]);
    for n in 0..2 {
        book.append_one(event("unordered.Happened", json!({"n": n})))
            .unwrap();
    }
    book.assert_verified();
    // With two rows there are two orders.
    let seq = book
        .append_one(event("unordered.Happened", json!({"n": 2})))
        .unwrap()
        .seq;
    let verified = book.verify(&mut history::silent()).unwrap();
    let problem = verified
        .problem
        .expect("the order of an unordered SELECT went unnoticed");
    assert!(
        problem.contains(&format!(
            "event {seq} (unordered.Happened) has other effects"
        )),
        "{problem}"
    );
}

#[test]
fn output_reaches_the_log_and_not_the_effects() {
    let mut book = check_equal_in_two_books("stdout", "stdout");
    let mut outcomes = accepted(book.command("stdout.Do", json!({"n": 4}), true).unwrap());
    let caused = outcomes.remove(0);
    let lines: Vec<_> = caused.log.iter().map(|line| line.message.clone()).collect();
    let printed = |to: &str| format!("printed to {to} by event {}", caused.event.seq);
    for line in [printed("stdout"), printed("stderr"), "logged".to_owned()] {
        assert!(lines.contains(&line), "{line}: {lines:?}");
    }
    assert_eq!((caused.changes.len(), caused.tasks.len()), (1, 0));
}

#[test]
fn there_are_no_files_network_variables_or_arguments() {
    let book = check_equal_in_two_books("files", "files");
    let reports = book.texts("SELECT text FROM files_thing");
    assert_eq!(
        book.numbers("SELECT n FROM files_thing"),
        [0; 3],
        "{reports:?}"
    );
}

#[test]
fn a_command_makes_the_same_ids_and_uses_the_same_fuel_whenever_it_runs() {
    let mut book = TestBook::with_guests(&["equal-ids"]);
    let id = Some(uuid::Uuid::from_u128(7));
    let request = |preview| daybook::book::Request {
        command_type: "equalids.Do".into(),
        data: json!({"n": 3}).to_string(),
        id,
        preview,
        ..Default::default()
    };
    let preview = accepted(book.run(request(true)).unwrap());
    let run = accepted(book.run(request(false)).unwrap());
    let seen = |events: &[daybook::book::EventWithEffects]| {
        events
            .iter()
            .map(|caused| {
                (
                    caused.event.seq,
                    caused.event.id.clone(),
                    caused.event.data.clone(),
                    format!("{:?} {:?}", caused.changes, caused.tasks),
                    caused.usage,
                )
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(seen(&preview), seen(&run));
}
